import { type Given, IN_EXEMPT_GROUP, IN_RELAY_GROUP, one, six, table, USER } from '../table-testing.ts'
import { NOTHING_SENT } from '../testing.ts'

const MB = 1024 ** 2

table('message-size', 'message', [
  ['at the limit', { subject: { messageBytes: 25 * MB } }, 'accept', 'pass'],
  ['one more', { subject: { messageBytes: 25 * MB + 1 } }, 'refuse messageTooBig', 'refuse'],
  [
    'deferred',
    { subject: { messageBytes: 25 * MB + 1 }, settings: { rules: { messageSize: { action: 'defer' } } } },
    'defer messageTooBigDeferred',
    'defer',
  ],
  [
    'without a limit',
    { subject: { messageBytes: 10 ** 10 }, settings: { session: { maxMessageSize: 'unlimited' } } },
    'accept',
    'pass',
  ],
])

table('hops', 'message', [
  ['at the limit', { subject: { hops: 100 } }, 'accept', 'pass'],
  ['one more', { subject: { hops: 101 } }, 'refuse tooManyHops', 'refuse'],
  [
    'deferred',
    { subject: { hops: 101 }, settings: { rules: { hops: { action: 'defer' } } } },
    'defer tooManyHopsDeferred',
    'defer',
  ],
  ['observed', { subject: { hops: 101 }, settings: { rules: { hops: { action: 'observe' } } } }, 'accept', 'observe'],
  [
    'without a limit',
    { subject: { hops: 10 ** 6 }, settings: { session: { maxHops: 'unlimited' } } },
    'accept',
    'pass',
  ],
])

table('messages-per-hour', 'message', [
  ['at the limit', { facts: { messageTaken: () => one(500) } }, 'accept', 'pass'],
  ['one more', { facts: { messageTaken: () => one(501) } }, 'defer tooManyMessages', 'defer'],
  ['exempt', { facts: { ...IN_EXEMPT_GROUP, messageTaken: () => one(501) } }, 'accept', 'pass'],
  [
    'without a limit',
    { facts: { messageTaken: () => one(501) }, settings: { limits: { messagesPerHour: 'unlimited' } } },
    'accept',
    'pass',
  ],
  ['IPv6: the /56 past it', { facts: { messageTaken: () => six(1, 2001, 2001) } }, 'defer tooManyMessages', 'defer'],
  [
    'refused for good',
    { facts: { messageTaken: () => one(501) }, settings: { rules: { messagesPerHour: { action: 'refuse' } } } },
    'refuse tooManyMessagesRefused',
    'refuse',
  ],
  [
    'discarded',
    { facts: { messageTaken: () => one(501) }, settings: { rules: { messagesPerHour: { action: 'discard' } } } },
    'discard',
    'refuse',
  ],
  [
    'not past it, where it would be discarded',
    { facts: { messageTaken: () => one(500) }, settings: { rules: { messagesPerHour: { action: 'discard' } } } },
    'accept',
    'pass',
  ],
  [
    'observed',
    { facts: { messageTaken: () => one(501) }, settings: { rules: { messagesPerHour: { action: 'observe' } } } },
    'accept',
    'observe',
  ],
])

function taken(counts: Partial<typeof NOTHING_SENT>, settings: Given['settings'] = {}): Given {
  return {
    subject: { user: USER },
    facts: { accountMessageTaken: () => ({ ...NOTHING_SENT, ...counts }) },
    settings,
  }
}

table('account-frozen', 'message', [
  [
    'stopped while the message came',
    { subject: { user: USER }, facts: { account: () => ({ localDomainsOnly: false, frozen: 'by hand' }) } },
    'defer accountFrozen',
    'defer',
  ],
])

table('account-messages', 'message', [
  ['a stranger', {}, 'accept', 'silent'],
  ['at the limit', taken({ messagesInHour: 300, messagesInDay: 1500 }), 'accept', 'pass'],
  ['one more in the hour', taken({ messagesInHour: 301 }), 'defer accountTooMuch', 'defer'],
  ['one more in the day', taken({ messagesInDay: 1501 }), 'defer accountTooMuch', 'defer'],
  [
    'frozen',
    taken({ messagesInHour: 301 }, { rules: { accountMessages: { action: 'freeze' } } }),
    'defer accountFrozen',
    'defer',
    `freeze ${USER}`,
  ],
  [
    'counted without a limit',
    taken(
      { messagesInHour: 10 ** 6 },
      { limits: { account: { messagesPerHour: 'unlimited', messagesPerDay: 'unlimited' } } },
    ),
    'accept',
    'pass',
  ],
])

table('account-recipients', 'message', [
  ['at the limit', taken({ recipientsInHour: 1000, recipientsInDay: 2000 }), 'accept', 'pass'],
  ['past it, by sessions at the same moment', taken({ recipientsInHour: 1001 }), 'defer accountTooMuch', 'defer'],
  [
    'each rule has its own action',
    taken({ messagesInHour: 301, recipientsInHour: 1001 }, { rules: { accountMessages: { action: 'observe' } } }),
    'defer accountTooMuch',
    'defer',
  ],
])

function takenByNew(newRecipientsInDay: number): Given {
  return { ...taken({ newRecipientsInDay }), subject: { user: USER, newRecipientCount: 1 } }
}

table('account-new-recipients', 'message', [
  ['at the limit', takenByNew(500), 'accept', 'pass'],
  ['past it, by sessions at the same moment', takenByNew(501), 'defer accountFrozen', 'defer', `freeze ${USER}`],
  ['to nobody new, past a limit that was lowered', taken({ newRecipientsInDay: 501 }), 'accept', 'silent'],
])

table('failed-commands', 'command', [
  ['at the limit', { subject: { failedCommands: 10 } }, 'accept', 'pass pass'],
  ['one more', { subject: { failedCommands: 11 } }, 'defer tooManyErrors', 'defer pass'],
  [
    'observed',
    { subject: { failedCommands: 11 }, settings: { rules: { failedCommands: { action: 'observe' } } } },
    'accept',
    'observe pass',
  ],
  [
    'over all sessions, at the limit',
    { subject: { failedCommands: 1 }, facts: { evidence: () => one(200) } },
    'accept',
    'pass pass',
  ],
  [
    'over all sessions, one more that a rule refused, which counts as what it was',
    { subject: { failedCommands: 1, refusedByRule: true }, facts: { evidence: () => one(201) } },
    'accept',
    'pass',
  ],
  [
    'over all sessions, one more',
    { subject: { failedCommands: 1 }, facts: { evidence: () => one(201) } },
    'defer addressBlocked',
    'pass defer',
    'block 198.51.100.7',
  ],
  [
    'over all sessions, exempt',
    { subject: { failedCommands: 1 }, facts: { ...IN_EXEMPT_GROUP, evidence: () => one(201) } },
    'accept',
    'pass pass',
  ],
])

const abandoned = ['a@here.example', 'b@here.example']

table('recipient-probes', 'abandon', [
  ['none', { subject: { abandoned: [] }, facts: { evidence: () => one(201) } }, 'accept', 'silent'],
  ['at the limit', { subject: { abandoned }, facts: { evidence: () => one(200) } }, 'accept', 'pass pass'],
  [
    'one more',
    { subject: { abandoned }, facts: { evidence: () => one(201) } },
    'defer addressBlocked',
    'pass defer',
    'block 198.51.100.7',
  ],
  [
    'the relay group',
    { subject: { abandoned }, facts: { ...IN_RELAY_GROUP, evidence: () => one(201) } },
    'accept',
    'pass',
  ],
  ['a user', { subject: { user: USER, abandoned }, facts: { evidence: () => one(201) } }, 'accept', 'silent'],
  [
    'observed',
    {
      subject: { abandoned },
      facts: { evidence: () => one(201) },
      settings: { rules: { recipientProbes: { action: 'observe' } } },
    },
    'accept',
    'pass observe',
  ],
])
