import {
  type Facts,
  type Given,
  IN_EXEMPT_GROUP,
  IN_RELAY_GROUP,
  IN_TRUST_GROUP,
  one,
  six,
  table,
  USER,
} from '../table-testing.ts'
import { NOTHING_SENT } from '../testing.ts'

const MB = 1024 ** 2
const stranger = { sender: 'x@far.example' }
const user = { user: USER, sender: USER }
const own: Facts = { senderOwner: () => ({ is: 'local', own: true }) }
const local: Facts = { senderOwner: () => ({ is: 'local', own: false }) }
const lost: Facts = { senderOwner: () => ({ is: 'unknown', because: 'the disk is away' }) }

table('submission-login', 'sender', [
  ['port 25', { subject: stranger }, 'accept', 'silent'],
  ['a stranger', { subject: { ...stranger, service: 'submission' } }, 'refuse loginRequired', 'refuse'],
  ['a user', { subject: { ...user, service: 'submission' }, facts: own }, 'accept', 'pass'],
  ['the relay group', { subject: { ...stranger, service: 'submissions' }, facts: IN_RELAY_GROUP }, 'accept', 'pass'],
  [
    'the relay group after a failed login',
    { subject: { ...stranger, service: 'submissions', loginFailed: true }, facts: IN_RELAY_GROUP },
    'refuse loginRequired',
    'refuse',
  ],
  [
    'the relay group after a failed login, where the administrator says so',
    {
      subject: { ...stranger, service: 'submissions', loginFailed: true },
      facts: IN_RELAY_GROUP,
      settings: { relay: { groupAfterFailedLogin: true } },
    },
    'accept',
    'pass',
  ],
  [
    'a member whose trust is suspended',
    {
      subject: { ...stranger, service: 'submission' },
      facts: { relayGroup: () => ({ group: 'local-clients', member: false, suspended: '31 HELO names' }) },
    },
    'refuse loginRequired',
    'refuse',
  ],
])

table('declared-size', 'sender', [
  ['none', { subject: stranger }, 'accept', 'pass'],
  ['at the limit', { subject: { ...stranger, declaredBytes: 25 * MB } }, 'accept', 'pass'],
  ['one more', { subject: { ...stranger, declaredBytes: 25 * MB + 1 } }, 'refuse messageTooBig', 'refuse'],
  [
    'deferred',
    {
      subject: { ...stranger, declaredBytes: 25 * MB + 1 },
      settings: { rules: { messageSize: { action: 'defer' } } },
    },
    'defer messageTooBigDeferred',
    'defer',
  ],
])

table('account-frozen', 'sender', [
  ['a stranger', { subject: stranger }, 'accept', 'silent'],
  ['a user', { subject: user, facts: own }, 'accept', 'pass'],
  [
    'a frozen account',
    { subject: user, facts: { ...own, account: () => ({ localDomainsOnly: false, frozen: 'by hand' }) } },
    'defer accountFrozen',
    'defer',
  ],
])

table('messages-per-hour', 'sender', [
  ['the last', { subject: stranger, facts: { messagesInHour: () => one(499) } }, 'accept', 'pass'],
  ['one more', { subject: stranger, facts: { messagesInHour: () => one(500) } }, 'defer tooManyMessages', 'defer'],
  ['exempt', { subject: stranger, facts: { ...IN_EXEMPT_GROUP, messagesInHour: () => one(500) } }, 'accept', 'pass'],
  [
    'a user is held to it as well',
    { subject: user, facts: { ...own, messagesInHour: () => one(500) } },
    'defer tooManyMessages',
    'defer',
  ],
  [
    'IPv6: the /48 past it',
    { subject: stranger, facts: { messagesInHour: () => six(0, 0, 8000) } },
    'defer tooManyMessages',
    'defer',
  ],
  [
    'without a limit',
    {
      subject: stranger,
      facts: { messagesInHour: () => one(10 ** 6) },
      settings: { limits: { messagesPerHour: 'unlimited' } },
    },
    'accept',
    'silent',
  ],
  [
    'refused for good',
    {
      subject: stranger,
      facts: { messagesInHour: () => one(500) },
      settings: { rules: { messagesPerHour: { action: 'refuse' } } },
    },
    'refuse tooManyMessagesRefused',
    'refuse',
  ],
  [
    'observed',
    {
      subject: stranger,
      facts: { messagesInHour: () => one(500) },
      settings: { rules: { messagesPerHour: { action: 'observe' } } },
    },
    'accept',
    'observe',
  ],
  [
    'to be discarded: told nothing yet',
    {
      subject: stranger,
      facts: { messagesInHour: () => one(500) },
      settings: { rules: { messagesPerHour: { action: 'discard' } } },
    },
    'accept',
    'silent',
  ],
])

function sent(counts: Partial<typeof NOTHING_SENT>, settings: Given['settings'] = {}): Given {
  return { subject: user, facts: { ...own, accountCounts: () => ({ ...NOTHING_SENT, ...counts }) }, settings }
}

table('account-messages', 'sender', [
  ['a stranger', { subject: stranger }, 'accept', 'silent'],
  ['the last of the hour', sent({ messagesInHour: 299 }), 'accept', 'pass'],
  ['one more', sent({ messagesInHour: 300 }), 'defer accountTooMuch', 'defer'],
  ['the last of the day', sent({ messagesInDay: 1499 }), 'accept', 'pass'],
  ['one more than the day', sent({ messagesInDay: 1500 }), 'defer accountTooMuch', 'defer'],
  [
    'frozen',
    sent({ messagesInHour: 300 }, { rules: { accountMessages: { action: 'freeze' } } }),
    'defer accountFrozen',
    'defer',
    `freeze ${USER}`,
  ],
  [
    'refused for good',
    sent({ messagesInHour: 300 }, { rules: { accountMessages: { action: 'refuse' } } }),
    'refuse accountTooMuchRefused',
    'refuse',
  ],
  [
    'observed',
    sent({ messagesInHour: 300 }, { rules: { accountMessages: { action: 'observe' } } }),
    'accept',
    'observe',
  ],
  [
    'without a limit',
    sent(
      { messagesInHour: 10 ** 6 },
      { limits: { account: { messagesPerHour: 'unlimited', messagesPerDay: 'unlimited' } } },
    ),
    'accept',
    'silent',
  ],
  [
    'without a limit by the hour, past the day',
    sent({ messagesInDay: 1500 }, { limits: { account: { messagesPerHour: 'unlimited' } } }),
    'defer accountTooMuch',
    'defer',
  ],
])

table('account-bounces', 'sender', [
  ['few, however large their share', sent({ bouncesInDay: 50 }), 'accept', 'pass'],
  ['more, and all', sent({ bouncesInDay: 51 }), 'defer accountFrozen', 'defer', `freeze ${USER}`],
  ['half of them', sent({ bouncesInDay: 60, recipientsInDay: 60 }), 'accept', 'pass'],
  ['more than half', sent({ bouncesInDay: 61, recipientsInDay: 60 }), 'defer accountFrozen', 'defer', `freeze ${USER}`],
  ['half came back', sent({ returnedInDay: 60, recipientsInDay: 120 }), 'accept', 'pass'],
  [
    'more came back',
    sent({ returnedInDay: 61, recipientsInDay: 120 }),
    'defer accountFrozen',
    'defer',
    `freeze ${USER}`,
  ],
  [
    'some did not exist, and some came back',
    sent({ bouncesInDay: 40, returnedInDay: 41, recipientsInDay: 120 }),
    'defer accountFrozen',
    'defer',
    `freeze ${USER}`,
  ],
  [
    'deferred',
    sent({ bouncesInDay: 51 }, { rules: { accountBounces: { action: 'defer' } } }),
    'defer accountTooMuch',
    'defer',
  ],
  [
    'refused for good',
    sent({ bouncesInDay: 51 }, { rules: { accountBounces: { action: 'refuse' } } }),
    'refuse accountTooMuchRefused',
    'refuse',
  ],
  ['observed', sent({ bouncesInDay: 51 }, { rules: { accountBounces: { action: 'observe' } } }), 'accept', 'observe'],
  [
    'without a limit',
    sent({ bouncesInDay: 51 }, { limits: { account: { bounceShare: 'unlimited' } } }),
    'accept',
    'silent',
  ],
])

const claim = { sender: 'boss@here.example' }

table('local-sender', 'sender', [
  ['a stranger as itself', { subject: stranger }, 'accept', 'pass'],
  ['a stranger as one of ours', { subject: claim, facts: local }, 'refuse localSenderNeedsLogin', 'refuse'],
  ['the null sender', { subject: { sender: '' }, facts: local }, 'accept', 'silent'],
  ['a user', { subject: user, facts: own }, 'accept', 'silent'],
  ['the relay group', { subject: claim, facts: { ...local, ...IN_RELAY_GROUP } }, 'accept', 'pass'],
  ['the trust group', { subject: claim, facts: { ...local, ...IN_TRUST_GROUP } }, 'accept', 'pass'],
  [
    'the relay group after a failed login',
    { subject: { ...claim, loginFailed: true }, facts: { ...local, ...IN_RELAY_GROUP } },
    'refuse localSenderNeedsLogin',
    'refuse',
  ],
  [
    'the exempt group is not spared',
    { subject: claim, facts: { ...local, ...IN_EXEMPT_GROUP } },
    'refuse localSenderNeedsLogin',
    'refuse',
  ],
  [
    'after a POP3 login',
    {
      subject: claim,
      facts: { ...local, sincePopLoginMs: () => 600_000 },
      settings: { relay: { popBeforeSmtp: { enabled: true } } },
    },
    'accept',
    'pass',
  ],
  [
    'after one too long ago',
    {
      subject: claim,
      facts: { ...local, sincePopLoginMs: () => 600_001 },
      settings: { relay: { popBeforeSmtp: { enabled: true } } },
    },
    'refuse localSenderNeedsLogin',
    'refuse',
  ],
  ['on an open relay', { subject: claim, facts: local, settings: { relay: { mode: 'open' } } }, 'accept', 'pass'],
  ['the directory is away', { subject: claim, facts: lost }, 'defer senderUnavailable', 'defer'],
  [
    'the directory is away, for the relay group',
    { subject: claim, facts: { ...lost, ...IN_RELAY_GROUP } },
    'accept',
    'pass',
  ],
  ['off', { subject: claim, facts: local, settings: { sender: { localRequiresAuth: false } } }, 'accept', 'silent'],
  [
    'deferred',
    { subject: claim, facts: local, settings: { rules: { localSender: { action: 'defer' } } } },
    'defer localSenderNeedsLoginDeferred',
    'defer',
  ],
  [
    'observed',
    { subject: claim, facts: local, settings: { rules: { localSender: { action: 'observe' } } } },
    'accept',
    'observe',
  ],
])

const other = { user: USER, sender: 'boss@here.example' }

table('sender-login', 'sender', [
  ['a stranger', { subject: stranger }, 'accept', 'silent'],
  ['an own address', { subject: user, facts: own }, 'accept', 'pass'],
  ["another's address", { subject: other, facts: local }, 'refuse senderNotYours', 'refuse'],
  ['an address elsewhere', { subject: { user: USER, ...stranger } }, 'refuse senderNotYours', 'refuse'],
  ['the null sender', { subject: { user: USER, sender: '' } }, 'accept', 'silent'],
  [
    'the relay group is not spared',
    { subject: other, facts: { ...local, ...IN_RELAY_GROUP } },
    'refuse senderNotYours',
    'refuse',
  ],
  ['the directory is away', { subject: other, facts: lost }, 'defer senderUnavailable', 'defer'],
  ['off', { subject: other, facts: local, settings: { sender: { mustMatchLogin: false } } }, 'accept', 'silent'],
  [
    'deferred',
    { subject: other, facts: local, settings: { rules: { senderLogin: { action: 'defer' } } } },
    'defer senderNotYoursDeferred',
    'defer',
  ],
  [
    'observed',
    { subject: other, facts: local, settings: { rules: { senderLogin: { action: 'observe' } } } },
    'accept',
    'observe',
  ],
])

const none: Facts = { senderDomain: () => ({ is: 'none', why: 'no such name' }) }
const away: Facts = { senderDomain: () => ({ is: 'unknown', because: 'no answer' }) }

table('sender-domain', 'sender', [
  ['found', { subject: stranger }, 'accept', 'pass'],
  ['not found', { subject: stranger, facts: none }, 'refuse noSenderDomain', 'refuse'],
  ['DNS is away', { subject: stranger, facts: away }, 'defer senderDomainUnavailable', 'defer'],
  [
    'DNS is away, where the rule defers',
    { subject: stranger, facts: away, settings: { rules: { senderDomain: { action: 'defer' } } } },
    'defer senderDomainUnavailable',
    'defer',
  ],
  ['the null sender', { subject: { sender: '' }, facts: none }, 'accept', 'silent'],
  ['a user', { subject: user, facts: { ...own, ...none } }, 'accept', 'silent'],
  ['the relay group', { subject: stranger, facts: { ...none, ...IN_RELAY_GROUP } }, 'accept', 'pass'],
  ['the trust group', { subject: stranger, facts: { ...none, ...IN_TRUST_GROUP } }, 'accept', 'pass'],
  [
    'the exempt group is not spared',
    { subject: stranger, facts: { ...none, ...IN_EXEMPT_GROUP } },
    'refuse noSenderDomain',
    'refuse',
  ],
  [
    'a local domain need not be in DNS',
    {
      subject: claim,
      facts: { ...none, ...local },
      settings: { sender: { localRequiresAuth: false } },
    },
    'accept',
    'pass',
  ],
  ['off', { subject: stranger, facts: none, settings: { sender: { requireDomainInDns: false } } }, 'accept', 'silent'],
  [
    'deferred',
    { subject: stranger, facts: none, settings: { rules: { senderDomain: { action: 'defer' } } } },
    'defer noSenderDomainDeferred',
    'defer',
  ],
  [
    'observed',
    { subject: stranger, facts: none, settings: { rules: { senderDomain: { action: 'observe' } } } },
    'accept',
    'observe',
  ],
])
