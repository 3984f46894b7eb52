import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsOf } from '#settings/testing.ts'
import type { AliasRow, GroupRow, Page, UserRow } from '#store/contract.ts'
import type { DirectoryView } from './audit/outward-addresses.ts'
import { type AuditFinding, auditSettings, findInSettings } from './audit.ts'

const MACHINE = ['127.0.0.0/8', '::1', '203.0.113.25']

type Row = readonly [name: string, yaml: string, is: AuditFinding['is'], where: string, says: RegExp]

const ROWS: readonly Row[] = [
  // ---- the ways to relay
  ['an open relay', 'relay: { mode: open }', 'open', 'relay.mode', /services.smtp, .*anyone may send anything/],
  [
    'an open relay on port 25 alone',
    'relay: { mode: open }\nservices: { submission: { listen: [] }, submissions: { listen: ["10.0.0.1"] } }',
    'open',
    'relay.mode',
    /may reach services.smtp:/,
  ],
  [
    'an open relay at home',
    'relay: { mode: open }\nservices: { smtp: { listen: ["10.0.0.1"] }, submission: { listen: [] }, submissions: { listen: ["[::1]"] } }',
    'note',
    'relay.mode',
    /a router that forwards a port/,
  ],
  [
    'an open relay at home, behind a proxy that passes the Internet on',
    'relay: { mode: open }\nservices: { smtp: { listen: ["10.0.0.1"], proxyFrom: ["10.0.0.7"] }, submission: { listen: [] }, submissions: { listen: [] } }',
    'open',
    'relay.mode',
    /may reach services.smtp:/,
  ],
  [
    'an open relay kept for a private group',
    'relay: { mode: open }\nservices: { smtp: { ipGroup: local-clients }, submission: { listen: [] }, submissions: { listen: [] } }',
    'note',
    'relay.mode',
    /for private networks, only/,
  ],
  [
    'an open relay kept for a group of strangers',
    'relay: { mode: open }\nipGroups: { far: ["198.51.100.0/24"] }\nservices: { smtp: { ipGroup: far }, submission: { listen: [] }, submissions: { listen: [] } }',
    'open',
    'relay.mode',
    /services.smtp:/,
  ],
  [
    'a second yes left behind',
    'relay: { openConfirmedFor: a.example }',
    'note',
    'relay.openConfirmedFor',
    /second yes/,
  ],
  [
    'an office in the relay group',
    'ipGroups: { local-clients: ["10.0.0.0/8", "198.51.100.0/24", "2001:db8::/48"] }',
    'note',
    'relay.ipGroup',
    /256 public IPv4 addresses and 65,536 public IPv6 networks/,
  ],
  [
    'a provider in the relay group',
    'ipGroups: { local-clients: ["198.0.0.0/8"] }',
    'open',
    'relay.ipGroup',
    /16,777,216 public IPv4 addresses, more than any one site has/,
  ],
  [
    'a continent in the relay group, by way of another group',
    'ipGroups: { local-clients: [group:a], a: ["2a00::/12"] }',
    'open',
    'relay.ipGroup',
    /public IPv6 networks/,
  ],
  ['POP3 before SMTP', 'relay: { popBeforeSmtp: { enabled: true } }', 'note', 'relay.popBeforeSmtp.enabled', /NAT/],
  [
    'POP3 before SMTP without POP3',
    'relay: { popBeforeSmtp: { enabled: true } }\nservices: { pop3: { listen: [] }, pop3s: { listen: [] } }',
    'dead',
    'relay.popBeforeSmtp.enabled',
    /neither/,
  ],
  [
    'a proxy outside',
    'services: { smtp: { proxyFrom: ["198.51.100.7"] } }',
    'note',
    'services.smtp.proxyFrom',
    /1 public IPv4 address:/,
  ],
  [
    'proxies everywhere',
    'services: { pop3: { proxyFrom: ["198.51.0.0/16"] } }',
    'open',
    'services.pop3.proxyFrom',
    /claim to come from any address/,
  ],
  [
    'a proxy before nothing',
    'services: { smtp: { listen: [], proxyFrom: ["10.0.0.7"] } }',
    'dead',
    'services.smtp.proxyFrom',
    /does not listen/,
  ],
  [
    'a group that survives a wrong password',
    'relay: { groupAfterFailedLogin: true }',
    'note',
    'relay.groupAfterFailedLogin',
    /wrong password/,
  ],
  [
    'a right of no group',
    'relay: { ipGroup: null, groupAfterFailedLogin: true }',
    'dead',
    'relay.groupAfterFailedLogin',
    /no group/,
  ],
  [
    'more trust than relay',
    'ipGroups: { a: ["198.51.100.7"] }\ntrust: { ipGroup: a }',
    'note',
    'trust.ipGroup',
    /wider than the relay group and covers 1 public/,
  ],
  [
    'strangers exempt',
    'ipGroups: { a: ["198.51.100.7", this-machine] }\nlimits: { exemptGroup: a }',
    'note',
    'limits.exemptGroup',
    /1 public IPv4 address:/,
  ],
  [
    'strangers never blocked',
    'limits: { neverBlock: ["198.51.100.0/25", "10.0.0.0/8"] }',
    'note',
    'limits.neverBlock',
    /128 public/,
  ],
  // ---- nobody
  ['nobody at all', 'relay: { ipGroup: null, smtpAuth: false }', 'dead', 'relay.mode', /Nobody may send/],
  [
    'login nowhere',
    'services: { smtp: { auth: false }, submission: { auth: false }, submissions: { listen: [] } }',
    'dead',
    'relay.smtpAuth',
    /no SMTP service that listens/,
  ],
  [
    'account limits without a login',
    'services: { smtp: { auth: false }, submission: { auth: false }, submissions: { auth: false } }',
    'dead',
    'limits.account',
    /no limit by account/,
  ],
  [
    'a submission for nobody',
    'relay: { ipGroup: null }\nservices: { submission: { auth: false } }',
    'dead',
    'services.submission.auth',
    /nobody can send on this service/,
  ],
  [
    'a submission for those who may not',
    'ipGroups: { a: ["192.0.2.0/24"] }\nservices: { submission: { auth: false, ipGroup: a } }',
    'dead',
    'services.submission.ipGroup',
    /none of whom/,
  ],
  [
    'a relay group that cannot connect',
    'ipGroups: { a: ["192.0.2.0/24"] }\nservices: { smtp: { ipGroup: a }, submission: { ipGroup: a }, submissions: { ipGroup: a } }',
    'dead',
    'relay.ipGroup',
    /may connect/,
  ],
  [
    'a login without a right',
    'relay: { smtpAuth: false }',
    'note',
    'relay.smtpAuth',
    /services.submission may still send to local/,
  ],
  // ---- rules that do nothing
  ['no limit', 'limits: { messagesPerHour: unlimited }', 'note', 'limits.messagesPerHour', /off for everyone/],
  ['a limit of nothing', 'limits: { messagesPerHour: 0 }', 'note', 'limits.messagesPerHour', /not even the first/],
  ['no size', 'session: { maxMessageSize: unlimited }', 'note', 'session.maxMessageSize', /off for everyone/],
  [
    'watching only',
    'rules: { unknownRecipients: { action: observe } }',
    'note',
    'rules.unknownRecipients.action',
    /refuses nobody/,
  ],
  [
    'senders from nowhere',
    'sender: { requireDomainInDns: false }',
    'note',
    'sender.requireDomainInDns',
    /cannot be answered/,
  ],
  [
    'strangers in our name',
    'sender: { localRequiresAuth: false }',
    'note',
    'sender.localRequiresAuth',
    /own addresses/,
  ],
  [
    'an action of a rule that is off',
    'rules: { reverseName: { action: defer } }',
    'dead',
    'rules.reverseName.action',
    /sender.requirePtr is off/,
  ],
  [
    'a delay for nobody',
    'session: { greetingDelay: 20s }\nservices: { smtp: { listen: [] } }',
    'dead',
    'session.greetingDelay',
    /does not listen/,
  ],
  [
    'a PTR of nobody',
    'sender: { requirePtr: true }\nservices: { smtp: { listen: [] } }',
    'dead',
    'sender.requirePtr',
    /does not listen/,
  ],
  [
    'limits that everyone is exempt from',
    'services: { smtp: { ipGroup: local-clients }, submission: { ipGroup: local-clients }, submissions: { listen: [] } }',
    'dead',
    'limits.exemptGroup',
    /limits.messagesPerHour, .*limits.failedCommands can never fire/,
  ],
  [
    'blocks that hold nobody',
    'limits: { neverBlock: ["0.0.0.0/0", "::/0"] }',
    'dead',
    'limits.neverBlock',
    /whole Internet/,
  ],
  [
    'a share past the whole',
    'limits: { account: { bounceShare: 100 } }',
    'dead',
    'limits.account.bounceShare',
    /100 percent/,
  ],
  [
    'an address hidden of nobody',
    'relay: { hideClientAddress: true, ipGroup: null }',
    'dead',
    'relay.hideClientAddress',
    /relay.ipGroup is null/,
  ],
  // ---- limits behind others
  [
    'an hour behind a day',
    'limits: { account: { messagesPerDay: 200 } }',
    'shadowed',
    'limits.account.messagesPerHour',
    /limits.account.messagesPerDay is always reached before/,
  ],
  [
    'a day behind its hours',
    'limits: { account: { messagesPerHour: 10 } }',
    'shadowed',
    'limits.account.messagesPerDay',
    /24 hours of 10/,
  ],
  [
    'messages behind recipients',
    'limits: { account: { recipientsPerDay: 1200 } }',
    'shadowed',
    'limits.account.messagesPerDay',
    /each message has a recipient/,
  ],
  [
    'new recipients behind all',
    'limits: { account: { newRecipientsPerDay: 2000 } }',
    'shadowed',
    'limits.account.newRecipientsPerDay',
    /is a recipient/,
  ],
  [
    'a message larger than an hour',
    'session: { maxRecipients: 1001 }',
    'shadowed',
    'session.maxRecipients',
    /recipientsPerHour/,
  ],
  [
    'one client fills the service',
    'services: { smtp: { maxConnections: 20 } }',
    'shadowed',
    'limits.concurrentConnections',
    /all 20 connections of services.smtp/,
  ],
  ['a block cut short', 'limits: { blockFor: 2d }', 'shadowed', 'limits.blockFor', /2d, .*1d/],
  [
    'a guesser’s block cut short',
    'limits: { longestBlock: 1m }',
    'shadowed',
    'limits.failedLogins.blockFor',
    /5m, .*1m/,
  ],
  [
    'a sign behind a block',
    'limits: { exemptGroup: null }',
    'shadowed',
    'trust.suspension.unknownRecipients',
    /blocked past limits.unknownRecipients \(10\)/,
  ],
]

for (const [name, yaml, is, where, says] of ROWS) {
  test(`${is}: ${name}`, () => {
    const findings = findInSettings(settingsOf(yaml), MACHINE)
    const found = findings.filter((finding) => finding.is === is && finding.where === where && says.test(finding.says))
    assert.equal(found.length, 1, JSON.stringify(findings, undefined, 2))
  })
}

test('the defaults have nothing to be said of them', () => {
  assert.deepEqual(findInSettings(settingsOf(''), MACHINE), [])
})

test('a rule that only observes hides no other', () => {
  const yaml = 'limits: { account: { recipientsPerDay: 1200 } }\nrules: { accountRecipients: { action: observe } }'
  assert.deepEqual(
    findInSettings(settingsOf(yaml), MACHINE).map(({ where }) => where),
    ['rules.accountRecipients.action'],
  )
})

test('the worst comes first', () => {
  const order = findInSettings(
    settingsOf(
      'relay: { mode: open }\nlimits: { blockFor: 2d, messagesPerHour: unlimited, account: { bounceShare: 100 } }',
    ),
    MACHINE,
  ).map(({ is }) => is)
  assert.deepEqual(order, ['open', 'dead', 'shadowed', 'note'])
})

function page<R extends { readonly address: string }>(rows: readonly R[]) {
  return ({ after = '', limit }: Page): readonly R[] => rows.filter(({ address }) => address > after).slice(0, limit)
}

function directoryOf(given: {
  readonly users?: readonly Partial<UserRow>[]
  readonly groups?: readonly Partial<GroupRow>[]
  readonly aliases?: readonly Partial<AliasRow>[]
}): DirectoryView {
  return {
    domains: () => [{ id: 1, name: 'here.example' }],
    users: page((given.users ?? []) as readonly UserRow[]),
    groups: page((given.groups ?? []) as readonly GroupRow[]),
    aliases: page((given.aliases ?? []) as readonly AliasRow[]),
  }
}

async function inDirectory(given: Parameters<typeof directoryOf>[0]): Promise<readonly AuditFinding[]> {
  return auditSettings(settingsOf(''), { directory: directoryOf(given), machineAddresses: MACHINE })
}

test('addresses that lead elsewhere are told with where they lead', async () => {
  const findings = await inDirectory({
    users: [
      { address: 'a@here.example', disabled: false, forwarding: { to: ['a@far.example'], keepCopy: true } },
      { address: 'b@here.example', disabled: false, forwarding: { to: ['a@HERE.example'], keepCopy: false } },
      { address: 'c@here.example', disabled: true, forwarding: { to: ['c@far.example'], keepCopy: false } },
      { address: 'd@here.example', disabled: false },
    ],
    groups: [{ address: 'team@here.example', members: ['a@here.example', 'x@sub.here.example'] }],
    aliases: [
      { address: '*@here.example', to: ['all@far.example'] },
      {
        address: 'sales@here.example',
        to: ['1@f.example', '2@f.example', '3@f.example', '4@f.example', '5@f.example', '6@f.example'],
      },
      { address: 'x*@here.example', to: ['a@here.example'] },
    ],
  })
  assert.deepEqual(
    findings.map(({ is, where }) => `${is} ${where}`),
    [
      'note alias *@here.example',
      'note alias sales@here.example',
      'note group team@here.example',
      'note user a@here.example',
    ],
  )
  assert.match(findings[0]?.says ?? '', /Whatever matches \*@here.example leads out, to all@far.example/)
  assert.match(findings[1]?.says ?? '', /5@f.example and 1 more/)
})

test('a catch-all at home blinds the limit on guesses', async () => {
  const [found] = await inDirectory({ aliases: [{ address: '*@here.example', to: ['a@here.example'] }] })
  assert.match(found?.says ?? '', /limits.unknownRecipients never counts/)
})

test('of very many, a thousand are told and the rest counted', async () => {
  const aliases = Array.from({ length: 3500 }, (_, at) => ({
    address: `a${String(at).padStart(5, '0')}@here.example`,
    to: ['x@far.example'],
  }))
  const findings = await inDirectory({ aliases })
  assert.equal(findings.length, 1001)
  assert.match(findings.at(-1)?.says ?? '', /^2,500 more aliases lead to other domains/)
})
