import { choice, duration, integer, limit, size } from '../kinds.ts'

const page = 'Security options'

export const session = {
  greetingDelay: duration({
    default: 0,
    min: 0,
    max: 120_000,
    about: 'How long the greeting on port 25 is held back; a client that talks before it is not a mail server.',
    kerio: 'Spam repellent: delay SMTP greeting',
    page,
    applies: 'next connection',
  }),
  maxFailedCommands: limit({
    default: 10,
    min: 1,
    max: 10_000,
    about: 'Failed commands in a session; past it the connection is closed.',
    kerio: 'Maximum number of failed commands in a SMTP session',
    page,
    applies: 'at once',
  }),
  maxRecipients: limit({
    default: 100,
    min: 1,
    max: 50_000,
    about: 'Recipients accepted in one message; the rest get 452 and may be sent again.',
    kerio: 'Maximum number of recipients in a message',
    page,
    applies: 'next message',
  }),
  maxMessageSize: size({
    default: 25 * 1024 ** 2,
    min: 64 * 1024,
    max: 1024 ** 3,
    about: 'The largest message that is taken, whoever sends it.',
    kerio: 'Limit maximum incoming SMTP message size to',
    page,
    applies: 'next message',
  }),
  maxHops: limit({
    default: 100,
    min: 1,
    max: 10_000,
    about: 'Received lines a message may carry; more mean that it goes round in a circle.',
    kerio: 'Maximum number of accepted Received headers (hops)',
    page,
    applies: 'next message',
  }),
  commandTimeout: duration({
    default: 300_000,
    min: 1_000,
    max: 3_600_000,
    about: 'How long a client may be silent, before a command and inside a message, before it is disconnected.',
    page,
    applies: 'next connection',
  }),
  tarpit: duration({
    default: 1_000,
    min: 0,
    max: 60_000,
    about:
      'How long the reply to each refusal in a session is held back, once there were more than session.tarpitAfter of them; 0s is not at all.',
    page,
    applies: 'next connection',
  }),
  tarpitAfter: integer({
    default: 5,
    min: 0,
    max: 10_000,
    about: 'Refusals and failed commands in a session that are answered at once, before session.tarpit begins.',
    page,
    applies: 'next connection',
  }),
} as const

type Action = 'refuse' | 'defer' | 'observe'

const MEANING = {
  refuse: 'refuse for good',
  defer: 'defer (the client may try again)',
  observe: 'only observe and record',
  freeze: "freeze the account's sending until an administrator releases it",
  discard: 'take the message, say so, and throw it away',
}

function action<const Also extends 'freeze' | 'discard' = never>(
  what: string,
  usual: Action | NoInfer<Also> = 'refuse',
  also: readonly Also[] = [],
) {
  const of: readonly (Action | Also)[] = ['refuse', 'defer', 'observe', ...also]
  return {
    action: choice<Action | Also>({
      of,
      default: usual,
      about: `${what}: ${of.map((word) => MEANING[word]).join('; ')}.`,
      page,
      applies: 'at once',
    }),
  }
}

/** What each rule does when it fires. The relay rule has no such switch: observing it would be an open relay. */
export const rules = {
  messageSize: action('A message larger than session.maxMessageSize'),
  hops: action('A message with more Received lines than session.maxHops'),
  failedCommands: action('A session with more failed commands than session.maxFailedCommands'),
  recipientCount: action('A recipient past session.maxRecipients', 'defer'),
  earlyTalker: action('A client that talks before the greeting (session.greetingDelay)'),
  reverseName: action('A stranger whose address has no name in DNS (sender.requirePtr)'),
  senderDomain: action('A sender whose domain is not found in DNS (sender.requireDomainInDns)'),
  localSender: action('A stranger that sends as a local domain (sender.localRequiresAuth)'),
  senderLogin: action("A user that sends from another's address (sender.mustMatchLogin)"),
  messagesPerHour: action('A message past limits.messagesPerHour', 'defer', ['discard']),
  concurrentConnections: action('A connection past limits.concurrentConnections', 'defer'),
  connectionsPerMinute: action('A connection past limits.connectionsPerMinute', 'defer'),
  unknownRecipients: action('A client past limits.unknownRecipients, which is then blocked', 'defer'),
  recipientProbes: action('A client past limits.recipientProbes, which is then blocked', 'defer'),
  deniedRelays: action('A client past limits.deniedRelays, which is then blocked', 'defer'),
  clientFailedCommands: action('A client past limits.failedCommands, which is then blocked', 'defer'),
  failedLogins: action('A client past limits.failedLogins.count, which is then blocked', 'defer'),
  accountMessages: action('A message past limits.account.messagesPerHour or .messagesPerDay', 'defer', ['freeze']),
  accountRecipients: action('A recipient past limits.account.recipientsPerHour or .recipientsPerDay', 'defer', [
    'freeze',
  ]),
  accountNewRecipients: action('A recipient past limits.account.newRecipientsPerDay', 'freeze', ['freeze']),
  accountNetworks: action('A login past limits.account.networksPerDay', 'freeze', ['freeze']),
  accountBounces: action('A message past limits.account.bounceShare', 'freeze', ['freeze']),
  brokenTrust: action('A trusted address that behaves like many strangers (trust.suspension)', 'refuse'),
} as const
