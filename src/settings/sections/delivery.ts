import { addressPattern, domainPattern, hostName, ipAddress, NAME_ENTRY } from '../entries.ts'
import { choice, duration, flag, integer, limit, list, optional, text } from '../kinds.ts'
import { record } from '../record-entry.ts'

const page = 'Delivery'

/** `none` never asks for TLS; `opportunistic` uses what there is; `required` insists on encryption; `verified` on the right certificate as well. */
const TLS_MODES = ['none', 'opportunistic', 'required', 'verified'] as const

const tlsMode = {
  of: TLS_MODES,
  about:
    'none: never. opportunistic: whenever the other side offers it, whatever its certificate. required: not without encryption. verified: not without encryption and a certificate that is right.',
  page,
  applies: 'next message',
} as const

/** A domain, in the entries of lists that go by domains. */
const pattern = text({
  default: '',
  pattern: /^[^\s@]{1,253}$/,
  wanted: 'a domain; * stands for any characters',
  about: 'A domain.',
})

/** A rule: which mail goes by which way. All the patterns it gives must match; the first rule that matches is taken. */
const route = record('a route', {
  description: text({ default: '', about: 'What it is for.' }),
  enabled: flag({ default: true, about: 'Whether it is looked at.' }),
  sender: optional({ of: addressPattern, about: 'Only mail from senders that match.' }),
  notSender: optional({ of: addressPattern, about: 'Only mail from senders that do not match.' }),
  recipient: optional({ of: addressPattern, about: 'Only mail to recipients that match.' }),
  notRecipient: optional({ of: addressPattern, about: 'Only mail to recipients that do not match.' }),
  via: choice({
    of: ['relay', 'lmtp', 'mx'],
    default: 'relay',
    about: 'relay: a relay server over SMTP. lmtp: a server that keeps mailboxes. mx: the recipient domain itself.',
  }),
  host: optional({ of: hostName, about: 'The server: a name or an address; its MX records are not asked.' }),
  port: optional({
    of: integer({ default: 25, min: 1, max: 65_535, about: 'A port.' }),
    about: 'Its port: 25 for relay (465 with implicitTls), 24 for lmtp.',
  }),
  tls: optional({ of: choice({ ...tlsMode, default: 'opportunistic' }), about: 'As delivery.tls, for this way.' }),
  implicitTls: flag({ default: false, about: 'TLS from the first byte (port 465), without STARTTLS.' }),
  credentials: optional({
    of: NAME_ENTRY,
    about: 'Log in by these (postern credentials set NAME); null is no login.',
  }),
  loginBy: choice({
    of: ['smtp', 'pop3'],
    default: 'smtp',
    about: 'smtp: the AUTH command. pop3: a POP3 login before the mail (POP3 before SMTP).',
  }),
  popHost: optional({ of: hostName, about: 'The POP3 server to log in on; null is the same host.' }),
  popPort: integer({ default: 110, min: 1, max: 65_535, about: 'Its port; 995 is POP3 over TLS.' }),
})

/** What follows when a far end's answer says "too fast" or "later": the first rule that matches an answer is taken. */
const shapingRule = record(
  'a shaping rule',
  {
    name: text({ default: '', about: 'What it is called in queue show, logs and charts.' }),
    host: optional({ of: domainPattern, about: 'Only answers of servers with such a name.' }),
    code: optional({
      of: text({
        default: '',
        pattern: /^[45][0-9x]{0,2}$/,
        wanted: 'a reply code such as 421 or 4xx',
        about: 'A code.',
      }),
      about: 'Only answers with this code; x is any digit.',
    }),
    status: optional({
      of: text({
        default: '',
        pattern: /^[45]\.(\d{1,3}|\*)\.(\d{1,3}|\*)$/,
        wanted: 'an enhanced status code such as 4.7.28 or 4.7.*',
        about: 'A status.',
      }),
      about: 'Only answers with this enhanced status code.',
    }),
    text: optional({
      of: text({ default: '', about: 'A pattern.' }),
      about: 'Only answers whose text matches: * any characters, ? one; letter case does not count.',
    }),
    wait: optional({
      of: duration({ default: 0, min: 1_000, max: 86_400_000, about: 'A span.' }),
      about: 'Send nothing to this domain for so long.',
    }),
    connections: optional({
      of: integer({ default: 1, min: 1, max: 1000, about: 'A number.' }),
      about: 'Then at most this many connections at once.',
    }),
    perMinute: optional({
      of: integer({ default: 60, min: 1, max: 1_000_000, about: 'A number.' }),
      about: 'Then at most this many messages a minute.',
    }),
    for: duration({
      default: 3_600_000,
      min: 1_000,
      max: 86_400_000,
      about: 'How long the bounds on connections and messages hold.',
    }),
  },
  { must: ['name'] },
)

export const delivery = {
  routes: list({
    of: route,
    default: [],
    most: 1000,
    about:
      'Which mail goes by which relay server (or by LMTP): the first rule that matches is taken; what none matches goes to the recipient domain by its MX records.',
    kerio: 'SMTP Delivery > Relay delivery rules',
    page,
    applies: 'next message',
  }),
  tls: choice({ ...tlsMode, default: 'opportunistic', kerio: 'Use SSL if supported by remote SMTP server' }),
  tlsDomains: list({
    of: record(
      'a domain and its TLS mode',
      {
        domain: pattern,
        mode: choice({ ...tlsMode, default: 'required' }),
      },
      { must: ['domain', 'mode'] },
    ),
    default: [],
    most: 10_000,
    about:
      'TLS by recipient domain, the first that matches: {domain, mode}. What MTA-STS or DANE ask beyond it still holds.',
    page,
    applies: 'next message',
  }),
  mtaSts: flag({
    default: true,
    about: 'Keep to the policies that domains publish by MTA-STS (RFC 8461).',
    page,
    applies: 'next message',
  }),
  dane: flag({
    default: true,
    about: 'Keep to the certificates that domains publish by DANE (RFC 7672), where the DNS server validates DNSSEC.',
    page,
    applies: 'next message',
  }),
  tlsReports: flag({
    default: true,
    about: 'Report to domains that ask for it, once a day, how TLS with their servers went (RFC 8460).',
    page,
    applies: 'at once',
  }),
  hostname: optional({
    of: hostName,
    about: 'The name given in EHLO; null is server.hostname. The address that mail leaves from should resolve to it.',
    kerio: 'Internet hostname',
    page,
    applies: 'next connection',
  }),
  sourceAddress: optional({
    of: ipAddress,
    about: "The address of this machine that mail leaves from; null is the system's choice.",
    page,
    applies: 'next connection',
  }),
  sourceAddresses: list({
    of: record(
      "a sender's domain and an address",
      {
        domain: pattern,
        address: optional({ of: ipAddress, about: 'An address of this machine.' }),
      },
      { must: ['domain', 'address'] },
    ),
    default: [],
    most: 1000,
    about: 'The address that mail leaves from by the domain of its sender, the first that matches: {domain, address}.',
    kerio: 'Domain > Advanced > Bind this domain to the following IP address',
    page,
    applies: 'next connection',
  }),
  families: choice({
    of: ['both', 'ipv4', 'ipv6'],
    default: 'both',
    about: 'Which addresses of other servers are used.',
    page,
    applies: 'next connection',
  }),
  port: integer({
    default: 25,
    min: 1,
    max: 65_535,
    about: 'The port of the servers that MX records name; anything but 25 is for closed networks only.',
    page,
    applies: 'next message',
  }),
  perDomain: limit({
    default: 20,
    min: 1,
    max: 10_000,
    about:
      'The most connections at once for one domain, and to one server; fewer are used where it answers slowly or refuses.',
    page,
    applies: 'at once',
  }),
  connectTimeout: duration({
    default: 30_000,
    min: 1_000,
    max: 300_000,
    about: 'How long a server may take to accept a connection. All later waits are those of RFC 5321 §4.5.3.2.',
    page,
    applies: 'next connection',
  }),
  srs: flag({
    default: true,
    about: "Rewrite the sender of mail that is forwarded elsewhere (SRS), so that the next server's SPF check passes.",
    page,
    applies: 'next message',
  }),
  shaping: list({
    of: shapingRule,
    default: [],
    most: 1000,
    about:
      "Rules for answers that say 'too fast' or 'later', before the ones that come with the server (docs/queue.md).",
    page,
    applies: 'at once',
  }),
} as const

const queuePage = 'Queue'

export const queue = {
  threads: integer({
    default: 32,
    min: 1,
    max: 10_000,
    about: 'Deliveries at once. Those that wait for a slow server make room for others.',
    kerio: 'Maximum number of delivery threads',
    page: queuePage,
    applies: 'at once',
  }),
  retry: list({
    of: duration({ default: 300_000, min: 1_000, max: 604_800_000, about: 'A span.' }),
    default: [300_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000],
    least: 1,
    most: 50,
    about:
      'How long to wait after the first failed try, the second, and so on; the last is repeated. A little chance is added.',
    kerio: 'Delivery retry interval',
    page: queuePage,
    applies: 'at once',
  }),
  warnAfter: optional({
    of: duration({ default: 14_400_000, min: 60_000, max: 2_592_000_000, about: 'A span.' }),
    default: 14_400_000,
    about: 'When the sender is told that a message is late and still being tried; null is never.',
    kerio: 'Send warning to sender if not delivered within',
    page: queuePage,
    applies: 'at once',
  }),
  bounceAfter: duration({
    default: 172_800_000,
    min: 60_000,
    max: 2_592_000_000,
    about: 'When a message that could not be delivered goes back to its sender.',
    kerio: 'Bounce the message to sender if not delivered in',
    page: queuePage,
    applies: 'at once',
  }),
  language: choice({
    of: ['en', 'de', 'fr', 'es', 'cs', 'sv'],
    default: 'en',
    about: 'The language of reports to senders; English stands beside it.',
    kerio: 'Report language',
    page: queuePage,
    applies: 'at once',
  }),
} as const
