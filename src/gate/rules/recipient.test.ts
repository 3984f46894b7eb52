import type { Destination } from '../facts.ts'
import { type Facts, type Given, IN_EXEMPT_GROUP, IN_RELAY_GROUP, one, six, table, USER } from '../table-testing.ts'
import { NOTHING_SENT } from '../testing.ts'

const asks = { sender: 'x@far.example', recipient: 'a@here.example' }
const user = { user: USER, sender: USER, recipient: 'x@far.example' }
const MINUTE_MS = 60_000

function ends(destination: Destination, more: Given = {}): Given {
  return {
    subject: { ...asks, ...more.subject },
    facts: { destination: () => destination, ...more.facts },
    settings: more.settings ?? {},
  }
}

function away(more: Given = {}): Given {
  return ends({ is: 'external', domain: 'far.example' }, more)
}

const standing: Facts = {
  block: () => ({ network: '198.51.100.7', reason: 'recipient-probes', evidence: '201', endsInMs: 1 }),
}

table('blocked', 'recipient', [
  ['a recipient that exists', ends({ is: 'local', full: false }, { facts: standing }), 'defer addressBlocked', 'defer'],
  ['one that does not', ends({ is: 'nobody' }, { facts: standing }), 'defer addressBlocked', 'defer'],
  ['one elsewhere', away({ facts: standing }), 'defer addressBlocked', 'defer'],
  ['a user who logged in before', away({ subject: user, facts: standing }), 'accept', 'silent'],
])

table('account-frozen', 'recipient', [
  [
    'stopped between MAIL and RCPT',
    away({ subject: user, facts: { account: () => ({ localDomainsOnly: false, frozen: '301 messages' }) } }),
    'defer accountFrozen',
    'defer',
  ],
])

table('recipient-count', 'recipient', [
  ['the 100th', { subject: { ...asks, recipientCount: 99 } }, 'accept', 'pass'],
  ['the 101st', { subject: { ...asks, recipientCount: 100 } }, 'defer tooManyRecipients', 'defer'],
  [
    'any without a limit',
    { subject: { ...asks, recipientCount: 10 ** 6 }, settings: { session: { maxRecipients: 'unlimited' } } },
    'accept',
    'pass',
  ],
  [
    'refused for good',
    { subject: { ...asks, recipientCount: 100 }, settings: { rules: { recipientCount: { action: 'refuse' } } } },
    'refuse tooManyRecipientsRefused',
    'refuse',
  ],
  [
    'observed',
    { subject: { ...asks, recipientCount: 100 }, settings: { rules: { recipientCount: { action: 'observe' } } } },
    'accept',
    'observe',
  ],
])

const popOn = { relay: { popBeforeSmtp: { enabled: true } } } as const

table('relay', 'recipient', [
  ['a stranger to a local user', { subject: asks }, 'accept', 'pass'],
  ['a stranger', away(), 'refuse relayDenied', 'refuse'],
  ['the relay group', away({ facts: IN_RELAY_GROUP }), 'accept', 'permit'],
  [
    'a member whose trust is suspended',
    away({ facts: { relayGroup: () => ({ group: 'g', member: false, suspended: '31 HELO names' }) } }),
    'refuse relayDenied',
    'refuse',
  ],
  [
    'the trust group may not',
    away({ facts: { trustGroup: () => ({ group: 'g', member: true }) } }),
    'refuse relayDenied',
    'refuse',
  ],
  ['the exempt group may not', away({ facts: IN_EXEMPT_GROUP }), 'refuse relayDenied', 'refuse'],
  [
    'the relay group after a failed login',
    away({ subject: { loginFailed: true }, facts: IN_RELAY_GROUP }),
    'refuse relayNeedsLogin',
    'refuse',
  ],
  [
    'the relay group after a failed login, where the administrator says so',
    away({
      subject: { loginFailed: true },
      facts: IN_RELAY_GROUP,
      settings: { relay: { groupAfterFailedLogin: true } },
    }),
    'accept',
    'permit',
  ],
  ['a user', away({ subject: user }), 'accept', 'permit'],
  [
    'a user where logging in gives no right to',
    away({ subject: user, settings: { relay: { smtpAuth: false } } }),
    'refuse relayDenied',
    'refuse',
  ],
  ['a POP3 login', away({ facts: { sincePopLoginMs: () => 10 * MINUTE_MS }, settings: popOn }), 'accept', 'permit'],
  [
    'a POP3 login too long ago',
    away({ facts: { sincePopLoginMs: () => 10 * MINUTE_MS + 1 }, settings: popOn }),
    'refuse relayDenied',
    'refuse',
  ],
  ['a POP3 login while that is off', away({ facts: { sincePopLoginMs: () => 0 } }), 'refuse relayDenied', 'refuse'],
  [
    'a POP3 login, then a failed login',
    away({ subject: { loginFailed: true }, facts: { sincePopLoginMs: () => 0 }, settings: popOn }),
    'refuse relayDenied',
    'refuse',
  ],
  ['an open relay', away({ settings: { relay: { mode: 'open' } } }), 'accept', 'permit'],
])

table('denied-relays', 'recipient', [
  ['at the limit', away({ facts: { evidence: () => one(20) } }), 'refuse relayDenied', 'pass'],
  ['one more', away({ facts: { evidence: () => one(21) } }), 'defer addressBlocked', 'defer', 'block 198.51.100.7'],
  [
    'one more, by a member of the relay group after a failed login',
    away({ subject: { loginFailed: true }, facts: { ...IN_RELAY_GROUP, evidence: () => one(21) } }),
    'defer addressBlocked',
    'defer',
    'block 198.51.100.7',
  ],
  ['an exempt client', away({ facts: { ...IN_EXEMPT_GROUP, evidence: () => one(21) } }), 'refuse relayDenied', 'pass'],
  [
    'a user',
    away({ subject: user, facts: { evidence: () => one(21) }, settings: { relay: { smtpAuth: false } } }),
    'refuse relayDenied',
    'silent',
  ],
  [
    'observed',
    away({ facts: { evidence: () => one(21) }, settings: { rules: { deniedRelays: { action: 'observe' } } } }),
    'refuse relayDenied',
    'observe',
  ],
])

const scoped: Facts = { account: () => ({ localDomainsOnly: true }) }

table('user-scope', 'recipient', [
  ['a user for all domains', away({ subject: user }), 'accept', 'pass'],
  ['a user kept at home, going out', away({ subject: user, facts: scoped }), 'refuse recipientLocalOnly', 'refuse'],
  ['a user kept at home', { subject: { ...user, ...asks }, facts: scoped }, 'accept', 'pass'],
  ['a stranger', { subject: asks }, 'accept', 'silent'],
])

function sent(counts: Partial<typeof NOTHING_SENT>, more: Given = {}): Given {
  const facts = { accountCounts: () => ({ ...NOTHING_SENT, ...counts }), ...more.facts }
  return away({ subject: { ...user, ...more.subject }, facts, settings: more.settings ?? {} })
}

table('account-recipients', 'recipient', [
  ['the last of the hour', sent({ recipientsInHour: 999 }), 'accept', 'pass'],
  ['one more', sent({ recipientsInHour: 1000 }), 'defer accountTooMuch', 'defer'],
  [
    'with those of this message',
    sent({ recipientsInHour: 950 }, { subject: { recipientCount: 50 } }),
    'defer accountTooMuch',
    'defer',
  ],
  ['past the day', sent({ recipientsInDay: 2000 }), 'defer accountTooMuch', 'defer'],
  [
    'frozen',
    sent({ recipientsInDay: 2000 }, { settings: { rules: { accountRecipients: { action: 'freeze' } } } }),
    'defer accountFrozen',
    'defer',
    `freeze ${USER}`,
  ],
  [
    'observed',
    sent({ recipientsInDay: 2000 }, { settings: { rules: { accountRecipients: { action: 'observe' } } } }),
    'accept',
    'observe',
  ],
  [
    'refused for good',
    sent({ recipientsInDay: 2000 }, { settings: { rules: { accountRecipients: { action: 'refuse' } } } }),
    'refuse accountTooMuchRefused',
    'refuse',
  ],
  [
    'without a limit',
    sent(
      { recipientsInDay: 10 ** 6 },
      { settings: { limits: { account: { recipientsPerHour: 'unlimited', recipientsPerDay: 'unlimited' } } } },
    ),
    'accept',
    'silent',
  ],
])

const unknown: Facts = { recipientKnown: () => false }

table('account-new-recipients', 'recipient', [
  ['one written to before', sent({ newRecipientsInDay: 500 }), 'accept', 'pass'],
  ['the last new one', sent({ newRecipientsInDay: 499 }, { facts: unknown }), 'accept', 'pass'],
  ['one more', sent({ newRecipientsInDay: 500 }, { facts: unknown }), 'defer accountFrozen', 'defer', `freeze ${USER}`],
  [
    'with those of this message',
    sent({ newRecipientsInDay: 450 }, { subject: { newRecipientCount: 50 }, facts: unknown }),
    'defer accountFrozen',
    'defer',
    `freeze ${USER}`,
  ],
  [
    'a local one is no stranger',
    {
      subject: { ...user, recipient: 'a@here.example' },
      facts: { ...unknown, accountCounts: () => ({ ...NOTHING_SENT, newRecipientsInDay: 500 }) },
    },
    'accept',
    'pass',
  ],
  [
    'deferred',
    sent(
      { newRecipientsInDay: 500 },
      { facts: unknown, settings: { rules: { accountNewRecipients: { action: 'defer' } } } },
    ),
    'defer accountTooMuch',
    'defer',
  ],
  [
    'observed',
    sent(
      { newRecipientsInDay: 500 },
      { facts: unknown, settings: { rules: { accountNewRecipients: { action: 'observe' } } } },
    ),
    'accept',
    'observe',
  ],
  [
    'without a limit',
    sent(
      { newRecipientsInDay: 10 ** 6 },
      { facts: unknown, settings: { limits: { account: { newRecipientsPerDay: 'unlimited' } } } },
    ),
    'accept',
    'silent',
  ],
])

table('mailbox', 'recipient', [
  ['one that exists', { subject: asks }, 'accept', 'pass'],
  ['one in another domain', away({ subject: user }), 'accept', 'pass'],
  ['nobody', ends({ is: 'nobody' }), 'refuse unknownRecipient', 'refuse'],
  ['a disabled user', ends({ is: 'disabled' }), 'refuse recipientDisabled', 'refuse'],
  ['a circle', ends({ is: 'loop', by: 'a@b' }), 'refuse recipientLoop', 'refuse'],
  ['a full mailbox', ends({ is: 'local', full: true }), 'defer mailboxFull', 'defer'],
  ['the directory is away', ends({ is: 'unknown', because: 'x' }), 'defer recipientUnavailable', 'defer'],
])

function guesses(count: number, more: Given = {}): Given {
  return ends({ is: 'nobody' }, { ...more, facts: { evidence: () => one(count), ...more.facts } })
}

table('unknown-recipients', 'recipient', [
  ['at the limit', guesses(10), 'refuse unknownRecipient', 'pass'],
  ['one more', guesses(11), 'defer addressBlocked', 'defer', 'block 198.51.100.7'],
  ['an exempt client', guesses(11, { facts: IN_EXEMPT_GROUP }), 'refuse unknownRecipient', 'pass'],
  ['a user', guesses(11, { subject: { user: USER } }), 'refuse unknownRecipient', 'silent'],
  [
    'the relay group is not spared',
    guesses(11, { facts: IN_RELAY_GROUP }),
    'defer addressBlocked',
    'defer',
    'block 198.51.100.7',
  ],
  [
    'without a limit',
    guesses(10 ** 6, { settings: { limits: { unknownRecipients: 'unlimited' } } }),
    'refuse unknownRecipient',
    'silent',
  ],
  [
    'a limit of 0 blocks the first',
    guesses(1, { settings: { limits: { unknownRecipients: 0 } } }),
    'defer addressBlocked',
    'defer',
    'block 198.51.100.7',
  ],
  [
    'observed',
    guesses(11, { settings: { rules: { unknownRecipients: { action: 'observe' } } } }),
    'refuse unknownRecipient',
    'observe',
  ],
  [
    'refused for good',
    guesses(11, { settings: { rules: { unknownRecipients: { action: 'refuse' } } } }),
    'refuse addressRefused',
    'refuse',
    'block 198.51.100.7',
  ],
  [
    'IPv6: rotating inside a /48',
    guesses(0, { facts: { evidence: () => six(1, 4, 161) } }),
    'defer addressBlocked',
    'defer',
    'block 2001:db8::/48',
  ],
  [
    'IPv6: each network at its limit',
    guesses(0, { facts: { evidence: () => six(10, 40, 160) } }),
    'refuse unknownRecipient',
    'pass',
  ],
])
