import type { StandingBlock } from '../facts.ts'
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

function block(more: Partial<StandingBlock> = {}): Given {
  const standing = {
    network: '198.51.100.7',
    reason: 'unknown-recipients',
    evidence: '11 of them',
    endsInMs: 60_000,
    ...more,
  }
  return { facts: { block: () => standing } }
}

table('blocked', 'connect', [
  ['no block', {}, 'accept', 'pass'],
  ['a block', block(), 'defer addressBlocked', 'defer'],
  ['a block of its network', block({ network: '198.51.100.0/24' }), 'defer addressBlocked', 'defer'],
  ['a block by hand', block({ reason: 'by-hand' }), 'refuse addressRefused', 'refuse'],
  ['a block with its own reference', block({ ref: '7K2M9QXA' }), 'defer addressBlocked', 'defer'],
  [
    'where the settings want such clients refused',
    { ...block(), settings: { rules: { unknownRecipients: { action: 'refuse' } } } },
    'refuse addressRefused',
    'refuse',
  ],
  [
    'a block that stands where new ones are only observed',
    { ...block(), settings: { rules: { unknownRecipients: { action: 'observe' } } } },
    'defer addressBlocked',
    'defer',
  ],
  ['on POP3', { ...block(), subject: { service: 'pop3' } }, 'defer addressBlocked', 'defer'],
  ['on the administration', { ...block(), subject: { service: 'admin' } }, 'defer addressBlocked', 'defer'],
])

table('blocked', 'login', [
  ['a guess', { ...block(), subject: { deniedLogin: { name: 'u', why: 'x' } } }, 'defer addressBlocked', 'defer'],
  ['the right password', { ...block(), subject: { user: USER } }, 'defer addressBlocked', 'defer'],
])

table('blocked', 'sender', [
  ['a stranger', { ...block(), subject: { sender: 'x@far.example' } }, 'defer addressBlocked', 'defer'],
  ['a user who logged in before', { ...block(), subject: { user: USER, sender: '' } }, 'accept', 'silent'],
])

table('service-access', 'connect', [
  ['a service for all', {}, 'accept', 'pass'],
  ['a member', { facts: { serviceGroup: () => ({ group: 'g', member: true }) } }, 'accept', 'pass'],
  ['another', { facts: { serviceGroup: () => ({ group: 'g', member: false }) } }, 'refuse serviceNotForYou', 'refuse'],
])

table('service-connections', 'connect', [
  ['the last there is room for', { facts: { serviceConnections: () => 1000 } }, 'accept', 'pass'],
  ['one more', { facts: { serviceConnections: () => 1001 } }, 'defer tooManyConnections', 'defer'],
  [
    'any number without a limit',
    {
      facts: { serviceConnections: () => 10 ** 6 },
      settings: { services: { smtp: { maxConnections: 'unlimited' } } },
    },
    'accept',
    'pass',
  ],
])

table('client-connections', 'connect', [
  ['at the limit', { facts: { clientConnections: () => one(20) } }, 'accept', 'pass'],
  ['one more', { facts: { clientConnections: () => one(21) } }, 'defer tooManyFromYou', 'defer'],
  [
    'one more, on submission',
    { subject: { service: 'submission' }, facts: { clientConnections: () => one(21) } },
    'defer tooManyFromYou',
    'defer',
  ],
  [
    'POP3 is held to it too',
    { subject: { service: 'pop3' }, facts: { clientConnections: () => one(21) } },
    'defer tooManyFromYou',
    'defer',
  ],
  ['an exempt client', { facts: { ...IN_EXEMPT_GROUP, clientConnections: () => one(21) } }, 'accept', 'pass'],
  [
    'without a limit',
    {
      facts: { clientConnections: () => one(10 ** 6) },
      settings: { limits: { concurrentConnections: 'unlimited' } },
    },
    'accept',
    'silent',
  ],
  [
    'a limit of 0 lets nobody in',
    { settings: { limits: { concurrentConnections: 0 } } },
    'defer tooManyFromYou',
    'defer',
  ],
  [
    'observed',
    {
      facts: { clientConnections: () => one(21) },
      settings: { rules: { concurrentConnections: { action: 'observe' } } },
    },
    'accept',
    'observe',
  ],
  [
    'refused for good',
    {
      facts: { clientConnections: () => one(21) },
      settings: { rules: { concurrentConnections: { action: 'refuse' } } },
    },
    'refuse tooManyFromYouRefused',
    'refuse',
  ],
  ['IPv6: each network at its limit', { facts: { clientConnections: () => six(20, 80, 320) } }, 'accept', 'pass'],
  ['IPv6: the /64 past it', { facts: { clientConnections: () => six(21, 21, 21) } }, 'defer tooManyFromYou', 'defer'],
  ['IPv6: the /56 past it', { facts: { clientConnections: () => six(1, 81, 81) } }, 'defer tooManyFromYou', 'defer'],
  ['IPv6: the /48 past it', { facts: { clientConnections: () => six(1, 1, 321) } }, 'defer tooManyFromYou', 'defer'],
])

table('connections-per-minute', 'connect', [
  ['at the limit', { facts: { connectionsInMinute: () => one(300) } }, 'accept', 'pass'],
  ['one more', { facts: { connectionsInMinute: () => one(301) } }, 'defer tooManyFromYou', 'defer'],
  ['an exempt client', { facts: { ...IN_EXEMPT_GROUP, connectionsInMinute: () => one(301) } }, 'accept', 'pass'],
  [
    'POP3 is not held to it',
    { subject: { service: 'pop3s' }, facts: { connectionsInMinute: () => one(301) } },
    'accept',
    'silent',
  ],
  [
    'without a limit',
    {
      facts: { connectionsInMinute: () => one(10 ** 6) },
      settings: { limits: { connectionsPerMinute: 'unlimited' } },
    },
    'accept',
    'pass',
  ],
  [
    'observed',
    {
      facts: { connectionsInMinute: () => one(301) },
      settings: { rules: { connectionsPerMinute: { action: 'observe' } } },
    },
    'accept',
    'observe',
  ],
  [
    'refused for good',
    {
      facts: { connectionsInMinute: () => one(301) },
      settings: { rules: { connectionsPerMinute: { action: 'refuse' } } },
    },
    'refuse tooManyFromYouRefused',
    'refuse',
  ],
  [
    'IPv6: the /56 past it',
    { facts: { connectionsInMinute: () => six(1, 1201, 1201) } },
    'defer tooManyFromYou',
    'defer',
  ],
])

const wanted = { sender: { requirePtr: true } } as const
const nameless: Facts = { reverseName: () => ({ is: 'none' }) }
const unknown: Facts = { reverseName: () => ({ is: 'unknown', because: 'no answer' }) }

table('reverse-name', 'connect', [
  ['off, as it comes', { facts: nameless }, 'accept', 'silent'],
  ['a name', { settings: wanted }, 'accept', 'pass'],
  ['no name', { facts: nameless, settings: wanted }, 'refuse noReverseName', 'refuse'],
  ['DNS is away', { facts: unknown, settings: wanted }, 'defer reverseNameUnavailable', 'defer'],
  [
    'no name, deferred',
    { facts: nameless, settings: { ...wanted, rules: { reverseName: { action: 'defer' } } } },
    'defer noReverseNameDeferred',
    'defer',
  ],
  [
    'DNS is away, deferred',
    { facts: unknown, settings: { ...wanted, rules: { reverseName: { action: 'defer' } } } },
    'defer reverseNameUnavailable',
    'defer',
  ],
  [
    'no name, observed',
    { facts: nameless, settings: { ...wanted, rules: { reverseName: { action: 'observe' } } } },
    'accept',
    'observe',
  ],
  ['submission', { subject: { service: 'submission' }, facts: nameless, settings: wanted }, 'accept', 'silent'],
  ['the relay group', { facts: { ...nameless, ...IN_RELAY_GROUP }, settings: wanted }, 'accept', 'pass'],
  ['the trust group', { facts: { ...nameless, ...IN_TRUST_GROUP }, settings: wanted }, 'accept', 'pass'],
  ['the exempt group', { facts: { ...nameless, ...IN_EXEMPT_GROUP }, settings: wanted }, 'accept', 'pass'],
])

table('early-talker', 'greeting', [
  ['waited', { subject: { talkedEarly: false } }, 'accept', 'pass'],
  ['talked', { subject: { talkedEarly: true } }, 'refuse talkedBeforeGreeting', 'refuse'],
  ['talked on submission', { subject: { service: 'submission', talkedEarly: true } }, 'accept', 'silent'],
  [
    'talked, deferred',
    { subject: { talkedEarly: true }, settings: { rules: { earlyTalker: { action: 'defer' } } } },
    'defer talkedBeforeGreetingDeferred',
    'defer',
  ],
  [
    'talked, observed',
    { subject: { talkedEarly: true }, settings: { rules: { earlyTalker: { action: 'observe' } } } },
    'accept',
    'observe',
  ],
])
