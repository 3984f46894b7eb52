/** Limits behind which another always comes first. */
import type { Unlimited } from '#settings/kinds.ts'
import { formatDuration } from '#settings/kinds.ts'
import type { Settings } from '#settings/schema.ts'
import type { AuditFinding } from '../audit.ts'
import { covers } from './reach.ts'
import { finding, type SettingsView } from './settings-view.ts'

/** Find every limit that no client and no account can come to. */
export function* shadowedLimits(view: SettingsView): Generator<AuditFinding> {
  yield* accountLimits(view.settings)
  yield* connections(view)
  yield* blocks(view.settings)
  yield* signs(view)
}

type Limit = number | Unlimited

/** Does a count that may reach `first` never reach `then`? */
function comesFirst(first: Limit, then: Limit): boolean {
  return first !== 'unlimited' && then !== 'unlimited' && first <= then
}

function timesADay(anHour: Limit): Limit {
  return anHour === 'unlimited' ? anHour : anHour * 24
}

function* accountLimits({ limits: { account }, rules, session }: Settings): Generator<AuditFinding> {
  const { messagesPerHour, messagesPerDay, recipientsPerHour, recipientsPerDay, newRecipientsPerDay } = account
  // A rule that only observes stops nobody, so nothing stands behind it.
  const messages = rules.accountMessages.action !== 'observe'
  const recipients = rules.accountRecipients.action !== 'observe'
  const path = (name: string) => `limits.account.${name}`
  const rows: readonly (readonly [shadow: string, over: string, is: boolean, because: string])[] = [
    [
      path('messagesPerHour'),
      path('messagesPerDay'),
      messages && comesFirst(messagesPerDay, messagesPerHour),
      'an hour lies in a day',
    ],
    [
      path('messagesPerDay'),
      path('messagesPerHour'),
      messages && comesFirst(timesADay(messagesPerHour), messagesPerDay),
      `24 hours of ${messagesPerHour} are no more than ${messagesPerDay}`,
    ],
    [
      path('recipientsPerHour'),
      path('recipientsPerDay'),
      recipients && comesFirst(recipientsPerDay, recipientsPerHour),
      'an hour lies in a day',
    ],
    [
      path('recipientsPerDay'),
      path('recipientsPerHour'),
      recipients && comesFirst(timesADay(recipientsPerHour), recipientsPerDay),
      `24 hours of ${recipientsPerHour} are no more than ${recipientsPerDay}`,
    ],
    [
      path('messagesPerHour'),
      path('recipientsPerHour'),
      recipients && comesFirst(recipientsPerHour, messagesPerHour),
      'each message has a recipient',
    ],
    [
      path('messagesPerDay'),
      path('recipientsPerDay'),
      recipients && comesFirst(recipientsPerDay, messagesPerDay),
      'each message has a recipient',
    ],
    [
      path('newRecipientsPerDay'),
      path('recipientsPerDay'),
      recipients && comesFirst(recipientsPerDay, newRecipientsPerDay),
      'each new recipient is a recipient',
    ],
    [
      'session.maxRecipients',
      path('recipientsPerHour'),
      recipients && session.maxRecipients !== recipientsPerHour && comesFirst(recipientsPerHour, session.maxRecipients),
      'one message of a user cannot have more recipients than an hour',
    ],
  ]
  for (const [shadow, over, is, because] of rows) {
    if (is) yield finding('shadowed', shadow, `${over} is always reached before ${shadow}: ${because}.`)
  }
}

function* connections({ settings, listening }: SettingsView): Generator<AuditFinding> {
  const { concurrentConnections } = settings.limits
  for (const name of listening) {
    const { maxConnections } = settings.services[name]
    if (!comesFirst(maxConnections, concurrentConnections)) continue
    yield finding(
      'shadowed',
      'limits.concurrentConnections',
      `One address alone can take all ${maxConnections} connections of services.${name} (maxConnections) before limits.concurrentConnections (${concurrentConnections}) stops it. Lower the limit.`,
    )
  }
}

function* blocks({ limits: { blockFor, longestBlock, failedLogins } }: Settings): Generator<AuditFinding> {
  for (const [path, forMs] of [
    ['limits.blockFor', blockFor],
    ['limits.failedLogins.blockFor', failedLogins.blockFor],
  ] as const) {
    if (forMs <= longestBlock) continue
    yield finding(
      'shadowed',
      path,
      `${path} is ${formatDuration(forMs)}, but no block lasts longer than limits.longestBlock, ${formatDuration(longestBlock)}.`,
    )
  }
}

/** A trusted address that is blocked first never shows the sign. */
function* signs({ settings, set }: SettingsView): Generator<AuditFinding> {
  const { limits, trust, relay, rules } = settings
  const trusted = trust.ipGroup ?? relay.ipGroup
  if (!trust.suspension.enabled || trusted === undefined || rules.unknownRecipients.action === 'observe') return
  if (covers(set(limits.exemptGroup), set(trusted))) return
  if (!comesFirst(limits.unknownRecipients, trust.suspension.unknownRecipients)) return
  yield finding(
    'shadowed',
    'trust.suspension.unknownRecipients',
    `Trusted addresses outside limits.exemptGroup are blocked past limits.unknownRecipients (${limits.unknownRecipients}) before trust.suspension.unknownRecipients (${trust.suspension.unknownRecipients}) can be a sign against them.`,
  )
}
