/** Rules and limits that are switched off, only observe, or can never fire. */
import type { NetworkSet } from '#base/network-set.ts'
import { DECLARATIONS } from '#settings/declarations.ts'
import type { Settings } from '#settings/schema.ts'
import type { AuditFinding } from '../audit.ts'
import { covers, isEverybody, overlaps } from './reach.ts'
import { finding, type SettingsView } from './settings-view.ts'

/** Find every rule that does nothing: because it is told so, or because something else keeps it from ever being asked. */
export function* idleRules(view: SettingsView): Generator<AuditFinding> {
  yield* unlimited(view.settings)
  yield* observed(view.settings)
  yield* switchedOff(view.settings)
  yield* port25(view)
  yield* exempted(view)
  yield* submission(view)
  yield* accounts(view)
  yield* neverReached(view.settings)
}

function valueAt(settings: Settings, path: string): unknown {
  return path.split('.').reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], settings)
}

function* unlimited(settings: Settings): Generator<AuditFinding> {
  for (const [path, { default: usual, kind }] of DECLARATIONS) {
    // The memory of the counts is no limit on anybody.
    if ((kind !== 'limit' && kind !== 'size') || path.startsWith('ledger.')) continue
    const value = valueAt(settings, path)
    if (value === 0) yield finding('note', path, `${path} is 0: it lets not even the first one through.`)
    if (usual === 'unlimited' || value !== 'unlimited') continue
    yield finding('note', path, `${path} is unlimited: this limit is off for everyone.`)
  }
}

function* observed(settings: Settings): Generator<AuditFinding> {
  for (const [name, { action }] of Object.entries(settings.rules)) {
    if (action !== 'observe') continue
    const path = `rules.${name}.action`
    yield finding('note', path, `${path} is observe: the rule writes down what it sees, and refuses nobody.`)
  }
}

const SWITCHES: readonly (readonly [
  path: string,
  isOn: (settings: Settings) => boolean,
  rule: keyof Settings['rules'] | undefined,
  says: string,
])[] = [
  [
    'sender.requireDomainInDns',
    ({ sender }) => sender.requireDomainInDns,
    'senderDomain',
    'mail from domains that do not exist is taken, and cannot be answered',
  ],
  [
    'sender.localRequiresAuth',
    ({ sender }) => sender.localRequiresAuth,
    'localSender',
    'a stranger may write to your users as if they wrote from one of your own addresses',
  ],
  [
    'sender.mustMatchLogin',
    ({ sender }) => sender.mustMatchLogin,
    'senderLogin',
    'each user may send as any other, and as anybody elsewhere',
  ],
  [
    'trust.suspension.enabled',
    ({ trust }) => trust.suspension.enabled,
    'brokenTrust',
    'a proxy or router that hides the addresses of its clients behind a trusted one would not be noticed',
  ],
  ['sender.requirePtr', ({ sender }) => sender.requirePtr, 'reverseName', ''],
  ['session.greetingDelay', ({ session }) => session.greetingDelay > 0, undefined, ''],
]

function* switchedOff(settings: Settings): Generator<AuditFinding> {
  for (const [path, isOn, rule, says] of SWITCHES) {
    if (isOn(settings)) continue
    if (says !== '') yield finding('note', path, `${path} is off: ${says}.`)
    if (rule === undefined || settings.rules[rule].action === DECLARATIONS.get(`rules.${rule}.action`)?.default)
      continue
    yield finding(
      'dead',
      `rules.${rule}.action`,
      `rules.${rule}.action was set, but ${path} is off: the rule is never asked.`,
    )
  }
}

/** What guards port 25 alone guards nothing where that does not listen. */
function* port25({ settings, listening }: SettingsView): Generator<AuditFinding> {
  if (listening.includes('smtp')) return
  const idle = [
    settings.session.greetingDelay > 0 ? 'session.greetingDelay' : undefined,
    settings.sender.requirePtr ? 'sender.requirePtr' : undefined,
  ].filter((path) => path !== undefined)
  for (const path of idle) {
    yield finding(
      'dead',
      path,
      `${path} is for clients of port 25, and services.smtp does not listen: it can never fire.`,
    )
  }
}

const BY_ADDRESS = [
  'messagesPerHour',
  'concurrentConnections',
  'connectionsPerMinute',
  'unknownRecipients',
  'recipientProbes',
  'deniedRelays',
  'failedCommands',
] as const

/** Limits from which everyone who can connect is exempt. */
function* exempted({ settings, listening, set, others, othersOf }: SettingsView): Generator<AuditFinding> {
  if (listening.length === 0) return
  const { exemptGroup, neverBlock } = settings.limits
  const meetsNobody = (exempt: NetworkSet) =>
    isEverybody(exempt) ||
    listening.every((name) => {
      const { ipGroup } = settings.services[name]
      return ipGroup !== undefined && covers(exempt, set(ipGroup))
    })
  if (exemptGroup !== undefined && meetsNobody(set(exemptGroup))) {
    const limits = BY_ADDRESS.filter((name) => settings.limits[name] !== 'unlimited')
    if (limits.length > 0) {
      yield finding(
        'dead',
        'limits.exemptGroup',
        `Everyone who may connect is in limits.exemptGroup (${exemptGroup}): ${limits.map((name) => `limits.${name}`).join(', ')} can never fire. Narrow the group.`,
      )
    }
  }
  if (isEverybody(othersOf(neverBlock))) {
    yield finding(
      'dead',
      'limits.neverBlock',
      'limits.neverBlock covers the whole Internet: no address is ever blocked, whatever it does. Name single addresses that you know.',
    )
  }
  // A group that may connect and that may relay, with nobody in both.
  const relayGroup = settings.relay.ipGroup
  if (relayGroup === undefined || settings.relay.mode === 'open') return
  const reached = listening.some((name) => {
    const { ipGroup } = settings.services[name]
    return ipGroup === undefined || overlaps(set(ipGroup), set(relayGroup))
  })
  if (!reached && others(relayGroup).size > 0) {
    yield finding(
      'dead',
      'relay.ipGroup',
      `No member of the relay group ${relayGroup} may connect: each SMTP service is kept for another group. Widen services.NAME.ipGroup, or set relay.ipGroup to null.`,
    )
  }
}

/** Submission is for those who log in and for the relay group: without either it serves nobody. */
function* submission({ settings, listening, set }: SettingsView): Generator<AuditFinding> {
  const { ipGroup: relayGroup, smtpAuth } = settings.relay
  for (const name of listening) {
    const { auth, ipGroup } = settings.services[name]
    if (name === 'smtp') continue
    if (!auth && relayGroup === undefined) {
      yield finding(
        'dead',
        `services.${name}.auth`,
        `services.${name}.auth is off and relay.ipGroup is null: nobody can send on this service. Turn auth on, or let the service listen nowhere (listen: []).`,
      )
    } else if (!auth && ipGroup !== undefined && !overlaps(set(ipGroup), set(relayGroup))) {
      yield finding(
        'dead',
        `services.${name}.ipGroup`,
        `services.${name} is kept for the group ${ipGroup}, none of whom is in the relay group ${relayGroup}, and users cannot log in there: nobody can send on this service. Turn services.${name}.auth on, or widen the group.`,
      )
    } else if (auth && !smtpAuth && settings.relay.mode === 'controlled') {
      yield finding(
        'note',
        'relay.smtpAuth',
        `relay.smtpAuth is off: who logs in on services.${name} may still send to local domains only.`,
      )
    }
  }
}

const BY_ACCOUNT = [
  'messagesPerHour',
  'messagesPerDay',
  'recipientsPerHour',
  'recipientsPerDay',
  'newRecipientsPerDay',
  'networksPerDay',
  'bounceShare',
] as const

function* accounts({ settings, listening, login }: SettingsView): Generator<AuditFinding> {
  if (login.length > 0 || listening.length === 0) return
  const limits = BY_ACCOUNT.filter((name) => settings.limits.account[name] !== 'unlimited')
  if (limits.length === 0) return
  yield finding(
    'dead',
    'limits.account',
    `No SMTP service lets users log in, so no limit by account can ever fire (${limits.map((name) => `limits.account.${name}`).join(', ')}).`,
  )
}

/** Numbers that nothing can reach. */
function* neverReached({ limits, relay }: Settings): Generator<AuditFinding> {
  const { bounceShare } = limits.account
  if (bounceShare !== 'unlimited' && bounceShare >= 100) {
    yield finding(
      'dead',
      'limits.account.bounceShare',
      'limits.account.bounceShare is 100 percent: no share is more, so it can never fire.',
    )
  }
  if (relay.hideClientAddress && (relay.ipGroup === undefined || relay.mode === 'open')) {
    yield finding(
      'dead',
      'relay.hideClientAddress',
      `relay.hideClientAddress is on, but ${relay.mode === 'open' ? 'relay.mode is open' : 'relay.ipGroup is null'}: no address is hidden.`,
    )
  }
}
