import { clientEntry, groupName } from '../entries.ts'
import { duration, integer, limit, list, optional, size } from '../kinds.ts'

const page = 'Security options'

/** A count that one address (IPv4), or one /64 (IPv6), may reach; wider IPv6 networks may reach a multiple of it. */
function byAddress(most: number, about: string, kerio?: string) {
  return limit({
    default: most,
    min: 0,
    max: 10_000_000,
    about,
    page,
    applies: 'at once',
    ...(kerio === undefined ? {} : { kerio }),
  })
}

function byAccount(most: number, about: string) {
  return limit({ default: most, min: 0, max: 10_000_000, about, page: 'Account limits', applies: 'at once' })
}

/** What one client and one account may do. */
export const limits = {
  messagesPerHour: byAddress(
    500,
    'Messages taken from one address in any 60 minutes.',
    'Max. number of messages per hour from one IP address',
  ),
  concurrentConnections: byAddress(
    20,
    'Connections that one address may hold open at once to the SMTP services, and as many to POP3.',
    'Max. number of concurrent SMTP connections from one IP address',
  ),
  connectionsPerMinute: byAddress(300, 'Connections that one address may begin in any minute.'),
  unknownRecipients: byAddress(
    10,
    'Different recipients that do not exist that one address may ask for in any 60 minutes; past it the address is blocked.',
    'Max. number of unknown recipients (directory harvest attack)',
  ),
  recipientProbes: byAddress(
    200,
    'Different recipients that one address may ask for in any 60 minutes without sending them a message; past it the address is blocked.',
  ),
  deniedRelays: byAddress(
    20,
    'Different recipients in other domains that one address may be refused in any 60 minutes; past it the address is blocked.',
  ),
  failedCommands: byAddress(
    200,
    'Failed commands of one address in any 60 minutes, over all its sessions; past it the address is blocked.',
  ),
  blockFor: duration({
    default: 3_600_000,
    min: 60_000,
    max: 30 * 86_400_000,
    about: 'How long a block by these limits lasts the first time; each repeat within a week doubles it.',
    kerio: 'the one hour of a directory harvest attack',
    page,
    applies: 'at once',
  }),
  longestBlock: duration({
    default: 86_400_000,
    min: 60_000,
    max: 365 * 86_400_000,
    about: 'How long a block may last at most, however often it is repeated.',
    page,
    applies: 'at once',
  }),
  exemptGroup: optional({
    of: groupName,
    default: 'local-clients',
    about:
      'Clients in this IP address group are held to none of the limits by address (but to those on failed logins); null is nobody.',
    kerio: 'Do not apply these limits to IP address group',
    page,
    applies: 'at once',
  }),
  neverBlock: list({
    of: clientEntry,
    default: ['this-machine'],
    most: 10_000,
    about:
      'Addresses, networks, this-machine or group:NAME that are never blocked, whatever they do; what stands against them is lifted. The last address of the administrator is never blocked either.',
    kerio: 'anti-hammering exception group',
    page,
    applies: 'at once',
  }),
  failedLogins: {
    count: byAddress(
      10,
      'Different failed logins, over all services, that one address may make within the time below; past it the address is blocked. One wrong password counts once, however often it is sent.',
      'FailedLogins (anti-hammering)',
    ),
    within: duration({
      default: 60_000,
      min: 1_000,
      max: 86_400_000,
      about: 'The time within which failed logins count.',
      kerio: 'CheckTime (anti-hammering)',
      page,
      applies: 'at once',
    }),
    blockFor: duration({
      default: 300_000,
      min: 10_000,
      max: 30 * 86_400_000,
      about: 'How long a block for failed logins lasts the first time; each repeat within a week doubles it.',
      kerio: 'BlockTime (anti-hammering)',
      page,
      applies: 'at once',
    }),
  },
  account: {
    messagesPerHour: byAccount(300, 'Messages that one account may send in any 60 minutes.'),
    messagesPerDay: byAccount(1500, 'Messages that one account may send in any 24 hours.'),
    recipientsPerHour: byAccount(1000, 'Recipients that one account may write to in any 60 minutes.'),
    recipientsPerDay: byAccount(2000, 'Recipients that one account may write to in any 24 hours.'),
    newRecipientsPerDay: byAccount(
      500,
      'Recipients in other domains never written to before that one account may write to in any 24 hours.',
    ),
    networksPerDay: byAccount(50, 'Networks (IPv4 /24, IPv6 /48) from which one account may send in any 24 hours.'),
    bounceShare: limit({
      default: 50,
      min: 1,
      max: 100,
      about:
        'Percent of the recipients of one account in 24 hours that may not exist or refuse its mail for good, once there are more than limits.account.bounceLeast of them.',
      page: 'Account limits',
      applies: 'at once',
    }),
    bounceLeast: integer({
      default: 50,
      min: 1,
      max: 1_000_000,
      about:
        'Recipients that did not exist or refused the mail, below which limits.account.bounceShare is not looked at.',
      page: 'Account limits',
      applies: 'at once',
    }),
  },
} as const

/** The memory of what clients did lately. */
export const ledger = {
  memory: size({
    default: 64 * 1024 ** 2,
    min: 1024 ** 2,
    max: 16 * 1024 ** 3,
    about:
      'Memory for the counts behind the limits. When it is full, the counts that are over soonest are let go first, and the metrics say so.',
    page: 'Security options',
    applies: 'next start',
  }),
} as const
