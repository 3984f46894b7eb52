import { choice, duration, limit, size } from '../kinds.ts'

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
} as const

function action(what: string) {
  return {
    action: choice({
      of: ['refuse', 'defer', 'observe'],
      default: 'refuse',
      about: `${what}: refuse for good, defer (the client may try again), or only observe and record.`,
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
} as const
