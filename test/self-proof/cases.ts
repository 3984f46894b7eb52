/** How each rule and each limit is fired, one row each. docs/proof.md is written from this table. */
import type { EvidenceKind } from '../../src/gate/evidence.ts'
import type { ReplyName } from '../../src/smtp/replies.ts'
import { FAR, type Field, LOCAL, PASSWORD } from './field.ts'

export interface Case {
  /** The rules that it fires, as the record calls them; the first is the one that decides. */
  readonly rules: readonly string[]
  /** The evidence that becomes too much. */
  readonly evidence?: EvidenceKind
  /** The limit or option that is passed, as a path. */
  readonly setting: string
  /** What is done, in a sentence. */
  readonly how: string
  /** What the client is told at last. */
  readonly reply: ReplyName
  /** Settings for this case alone. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Fire it; gives the last reply. */
  readonly fire: (field: Field) => Promise<string>
  /** Who is punished beyond the answer. */
  readonly after?:
    | { readonly is: 'blocked'; readonly network: string }
    | { readonly is: 'frozen' }
    | { readonly is: 'suspended'; readonly ip: string }
  /** What the record must say beside the rule's name. */
  readonly explains?: RegExp
}

/** Clients of the cases that end in a block or a suspension; all others are fresh strangers. */
const HARVESTER = '192.0.2.1'
const PROBER = '192.0.2.2'
const RELAYER = '192.0.2.3'
const BABBLER = '192.0.2.4'
const GUESSER = '192.0.2.5'
const UNWANTED = '192.0.2.6'
const ROTATING = '2001:db8:5:1::/64'
const PROXY = '10.10.0.9'

/** A mail of this account to others of the server. */
async function send(
  field: Field,
  user: string,
  to: string | readonly string[] = LOCAL,
  ip: string = field.freshIp(),
): Promise<string> {
  using session = await field.loggedIn(user, ip)
  return await session.send({ from: user, to })
}

async function sendMany(field: Field, user: string, times: number): Promise<string> {
  using session = await field.loggedIn(user)
  let reply = ''
  for (let number = 0; number < times; number++) reply = await session.send({ from: user, to: LOCAL })
  return reply
}

/** A stranger asks for recipients, one after another; gives the last reply. */
async function askFor(field: Field, ip: string, recipients: readonly string[]): Promise<string> {
  using session = await field.from(ip)
  let reply = await session.ask('MAIL FROM:<stranger@far.example>')
  for (const recipient of recipients) reply = await session.ask(`RCPT TO:<${recipient}>`)
  return reply
}

function numbered(count: number, make: (number: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, index) => make(index + 1))
}

export const CASES: readonly Case[] = [
  // ---- who may connect
  {
    rules: ['blocked'],
    setting: 'limits.neverBlock',
    how: 'An administrator blocks an address by hand; it connects.',
    reply: 'addressRefused',
    after: { is: 'blocked', network: UNWANTED },
    async fire(field) {
      await field.ask('blocks', 'add', UNWANTED, '--for', '1h', '--why', 'a proof')
      using session = await field.connect(UNWANTED)
      return await session.reply()
    },
  },
  {
    rules: ['service-access'],
    setting: 'services.submission.ipGroup',
    how: 'A service is limited to a group of addresses; another address connects to it.',
    reply: 'serviceNotForYou',
    async fire(field) {
      using session = await field.connect(field.freshIp(), 'submission')
      return await session.reply()
    },
  },
  {
    rules: ['service-connections'],
    setting: 'services.submission.maxConnections',
    how: 'Clients of many addresses hold as many connections as the service may have; one more connects.',
    reply: 'tooManyConnections',
    async fire(field) {
      using _one = await field.from('10.10.1.1', 'submission')
      using _two = await field.from('10.10.1.2', 'submission')
      using session = await field.connect('10.10.1.3', 'submission')
      return await session.reply()
    },
  },
  {
    rules: ['client-connections'],
    setting: 'limits.concurrentConnections',
    how: 'One address holds as many connections as it may, over two services; it opens one more.',
    reply: 'tooManyFromYou',
    async fire(field) {
      const ip = field.freshIp()
      using _one = await field.from(ip)
      using _two = await field.from(ip)
      using _three = await field.from(ip, 'submissions')
      using session = await field.connect(ip)
      return await session.reply()
    },
  },
  {
    rules: ['connections-per-minute'],
    setting: 'limits.connectionsPerMinute',
    how: 'One address connects and leaves, again and again.',
    reply: 'tooManyFromYou',
    async fire(field) {
      const ip = field.freshIp()
      for (let number = 0; number < 20; number++) {
        using session = await field.from(ip)
        await session.quit()
      }
      using session = await field.connect(ip)
      return await session.reply()
    },
  },
  {
    rules: ['reverse-name'],
    setting: 'sender.requirePtr',
    how: 'With the option on, an address connects that has no name in DNS.',
    reply: 'noReverseName',
    settings: { sender: { requirePtr: true } },
    async fire(field) {
      using session = await field.connect('203.0.113.7')
      return await session.reply()
    },
  },
  {
    rules: ['early-talker'],
    setting: 'session.greetingDelay',
    how: 'With the greeting held back, a client says EHLO before it has been greeted.',
    reply: 'talkedBeforeGreeting',
    settings: { session: { greetingDelay: '2s' } },
    async fire(field) {
      using session = await field.connect(field.freshIp())
      return await session.ask('EHLO early.far.example')
    },
  },

  // ---- who may log in
  {
    rules: ['sign-in'],
    setting: 'relay.smtpAuth',
    how: 'A client logs in with a wrong password.',
    reply: 'loginFailed',
    async fire(field) {
      using session = await field.from(field.freshIp(), 'submissions')
      return await session.login(field.freshUser(), 'a wrong password')
    },
  },
  {
    rules: ['sign-in'],
    evidence: 'failedLogin',
    setting: 'limits.failedLogins.count',
    how: 'One address tries different passwords for different names, a connection each.',
    reply: 'addressBlocked',
    after: { is: 'blocked', network: GUESSER },
    async fire(field) {
      let reply = ''
      for (let number = 1; number <= 4; number++) {
        using session = await field.from(GUESSER, 'submissions')
        reply = await session.login(`user${number}@example.test`, `guess ${number}`)
      }
      return reply
    },
  },
  {
    rules: ['account-networks'],
    setting: 'limits.account.networksPerDay',
    how: 'One account logs in from more networks than it may in a day.',
    reply: 'accountTooManyNetworks',
    after: { is: 'frozen' },
    async fire(field) {
      const user = field.freshUser()
      for (let number = 1; number <= 3; number++) await send(field, user, LOCAL, `198.18.${number}.1`)
      using session = await field.from('198.18.4.1', 'submissions')
      return await session.login(user, PASSWORD)
    },
  },

  // ---- who may send, and as whom
  {
    rules: ['submission-login'],
    setting: 'relay.ipGroup',
    how: 'A stranger uses a submission service without logging in.',
    reply: 'loginRequired',
    async fire(field) {
      using session = await field.from(field.freshIp(), 'submissions')
      return await session.send({ from: 'stranger@far.example', to: LOCAL })
    },
  },
  {
    rules: ['declared-size'],
    setting: 'session.maxMessageSize',
    how: 'A client announces a message that is too large.',
    reply: 'messageTooBig',
    async fire(field) {
      using session = await field.from(field.freshIp())
      return await session.ask('MAIL FROM:<stranger@far.example> SIZE=100000')
    },
  },
  {
    rules: ['message-size'],
    setting: 'session.maxMessageSize',
    how: 'A client sends a message that is too large, unannounced.',
    reply: 'messageTooBig',
    async fire(field) {
      using session = await field.from(field.freshIp())
      const message = `Subject: large\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(1000)}`
      return await session.send({ from: 'stranger@far.example', to: LOCAL, message })
    },
  },
  {
    rules: ['hops'],
    setting: 'session.maxHops',
    how: 'A client sends a message with more Received lines than a message may have.',
    reply: 'tooManyHops',
    async fire(field) {
      using session = await field.from(field.freshIp())
      const message = `${'Received: from a.example by b.example\r\n'.repeat(6)}Subject: round and round\r\n\r\nHello.\r\n`
      return await session.send({ from: 'stranger@far.example', to: LOCAL, message })
    },
  },
  {
    rules: ['messages-per-hour'],
    setting: 'limits.messagesPerHour',
    how: 'One address sends one message more than it may in an hour, a connection each.',
    reply: 'tooManyMessages',
    async fire(field) {
      const ip = field.freshIp()
      let reply = ''
      for (let number = 1; number <= 5; number++) {
        using session = await field.from(ip)
        reply = await session.send({ from: 'stranger@far.example', to: LOCAL })
      }
      return reply
    },
  },
  {
    rules: ['messages-per-hour'],
    setting: 'limits.messagesPerHour',
    how: 'One address begins more messages at the same time than it may send, each of which alone would be within the limit.',
    reply: 'tooManyMessages',
    async fire(field) {
      const ip = field.freshIp()
      using first = await field.from(ip)
      for (let number = 1; number <= 3; number++) await first.send({ from: 'stranger@far.example', to: LOCAL })
      using second = await field.from(ip)
      await second.ask('MAIL FROM:<stranger@far.example>', '250')
      await second.ask(`RCPT TO:<${LOCAL}>`, '250')
      await second.ask('DATA', '354')
      await first.send({ from: 'stranger@far.example', to: LOCAL })
      return await second.ask('Subject: too much\r\n\r\nHello.\r\n.')
    },
  },
  {
    rules: ['local-sender'],
    setting: 'sender.localRequiresAuth',
    how: 'A stranger sends as an address of a local domain.',
    reply: 'localSenderNeedsLogin',
    async fire(field) {
      using session = await field.from(field.freshIp())
      return await session.send({ from: LOCAL, to: LOCAL })
    },
  },
  {
    rules: ['sender-domain'],
    setting: 'sender.requireDomainInDns',
    how: 'A stranger sends from a domain that is not in DNS.',
    reply: 'noSenderDomain',
    async fire(field) {
      using session = await field.from(field.freshIp())
      return await session.send({ from: 'promo@shop.nowhere.example', to: LOCAL })
    },
  },
  {
    rules: ['sender-login'],
    setting: 'sender.mustMatchLogin',
    how: "A user who logged in sends from another's address.",
    reply: 'senderNotYours',
    async fire(field) {
      using session = await field.loggedIn(field.freshUser())
      return await session.send({ from: LOCAL, to: FAR })
    },
  },
  {
    rules: ['relay', 'broken-trust'],
    setting: 'trust.suspension.signs',
    how: 'Behind one trusted address, clients of many HELO names send from many domains: from then on it relays no more.',
    reply: 'relayDenied',
    explains: /suspended/,
    after: { is: 'suspended', ip: PROXY },
    async fire(field) {
      for (let number = 1; number <= 4; number++) {
        using session = await field.from(PROXY, 'smtp', `client${number}.far.example`)
        await session.ask(`MAIL FROM:<someone@domain${number}.example>`, '250')
      }
      using session = await field.from(PROXY)
      return await session.send({ from: 'spam@far.example', to: FAR })
    },
  },

  // ---- what an account may send
  {
    rules: ['account-messages'],
    setting: 'limits.account.messagesPerHour',
    how: 'An account sends one message more than it may in an hour.',
    reply: 'accountTooMuch',
    fire: (field) => sendMany(field, field.freshUser(), 4),
  },
  {
    rules: ['account-messages'],
    setting: 'limits.account.messagesPerDay',
    how: 'An account sends one message more than it may in a day.',
    reply: 'accountTooMuch',
    settings: { limits: { account: { messagesPerHour: 'unlimited', messagesPerDay: 2 } } },
    fire: (field) => sendMany(field, field.freshUser(), 3),
  },
  {
    rules: ['account-recipients'],
    setting: 'limits.account.recipientsPerHour',
    how: 'An account writes to one recipient more than it may in an hour.',
    reply: 'accountTooMuch',
    async fire(field) {
      const user = field.freshUser()
      using session = await field.loggedIn(user)
      for (const message of [1, 2]) {
        await session.send({ from: user, to: numbered(3, (number) => `r${message}${number}@all.test`) })
      }
      return await session.send({ from: user, to: 'one-more@all.test' })
    },
  },
  {
    rules: ['account-recipients'],
    setting: 'limits.account.recipientsPerDay',
    how: 'An account writes to one recipient more than it may in a day.',
    reply: 'accountTooMuch',
    settings: { limits: { account: { recipientsPerHour: 'unlimited', recipientsPerDay: 2 } } },
    fire: (field) => send(field, field.freshUser(), ['a@all.test', 'b@all.test', 'c@all.test']),
  },
  {
    rules: ['account-new-recipients'],
    setting: 'limits.account.newRecipientsPerDay',
    how: 'An account writes to more addresses in other domains, none of which it wrote to before, than it may in a day.',
    reply: 'accountFrozen',
    after: { is: 'frozen' },
    async fire(field) {
      const user = field.freshUser()
      using session = await field.loggedIn(user)
      await session.send({ from: user, to: numbered(3, (number) => `new${number}@far.example`) })
      return await session.send({ from: user, to: numbered(2, (number) => `newer${number}@far.example`) })
    },
  },
  {
    rules: ['account-bounces'],
    setting: 'limits.account.bounceShare',
    how: 'Most recipients that an account names turn out not to exist.',
    reply: 'accountFrozen',
    after: { is: 'frozen' },
    async fire(field) {
      const user = field.freshUser()
      using session = await field.loggedIn(user)
      await session.ask(`MAIL FROM:<${user}>`, '250')
      for (const recipient of numbered(3, (number) => `list${number}@example.test`)) {
        await session.ask(`RCPT TO:<${recipient}>`, '550')
      }
      await session.ask('RSET', '250')
      return await session.ask(`MAIL FROM:<${user}>`)
    },
  },
  {
    rules: ['account-frozen'],
    setting: 'limits.account.newRecipientsPerDay',
    how: 'An administrator stops an account; it logs in and sends.',
    reply: 'accountFrozen',
    after: { is: 'frozen' },
    async fire(field) {
      const user = field.freshUser()
      await field.ask('user', 'freeze', user, '--why', 'a proof')
      return send(field, user)
    },
  },

  // ---- recipients
  {
    rules: ['recipient-count'],
    setting: 'session.maxRecipients',
    how: 'A client names one recipient more than a message may have.',
    reply: 'tooManyRecipients',
    fire: (field) =>
      askFor(
        field,
        field.freshIp(),
        numbered(4, (number) => `r${number}@all.test`),
      ),
  },
  {
    rules: ['relay'],
    setting: 'relay.mode',
    how: 'A stranger asks to send to another domain.',
    reply: 'relayDenied',
    fire: (field) => askFor(field, field.freshIp(), [FAR]),
  },
  {
    rules: ['relay'],
    setting: 'relay.groupAfterFailedLogin',
    how: 'A member of the relay group fails to log in, and asks to send to another domain.',
    reply: 'relayNeedsLogin',
    async fire(field) {
      // On a submission service it could not even name a sender.
      using session = await field.from('10.10.2.1')
      await session.startTls()
      await session.login(LOCAL, 'a wrong password')
      return await session.send({ from: 'printer@far.example', to: FAR })
    },
  },
  {
    rules: ['relay'],
    evidence: 'deniedRelay',
    setting: 'limits.deniedRelays',
    how: 'One address asks to send to one address in another domain after the other.',
    reply: 'addressBlocked',
    after: { is: 'blocked', network: RELAYER },
    fire: (field) =>
      askFor(
        field,
        RELAYER,
        numbered(4, (number) => `victim${number}@far.example`),
      ),
  },
  {
    rules: ['user-scope'],
    setting: 'relay.smtpAuth',
    how: 'A user who may write to local domains only writes to another.',
    reply: 'recipientLocalOnly',
    fire: (field) => send(field, 'inside@example.test', FAR),
  },
  {
    rules: ['mailbox'],
    setting: 'limits.unknownRecipients',
    how: 'A stranger writes to an address that does not exist.',
    reply: 'unknownRecipient',
    fire: (field) => askFor(field, field.freshIp(), ['no-such-person@example.test']),
  },
  {
    rules: ['mailbox'],
    evidence: 'unknownRecipient',
    setting: 'limits.unknownRecipients',
    how: 'One address guesses one recipient more than it may in an hour, over several connections.',
    reply: 'addressBlocked',
    after: { is: 'blocked', network: HARVESTER },
    async fire(field) {
      await askFor(
        field,
        HARVESTER,
        numbered(2, (number) => `guess${number}@example.test`),
      )
      return askFor(
        field,
        HARVESTER,
        numbered(2, (number) => `more${number}@example.test`),
      )
    },
  },
  {
    rules: ['mailbox'],
    evidence: 'unknownRecipient',
    setting: 'limits.unknownRecipients',
    how: 'The same from a new IPv6 address of one /64 each time.',
    reply: 'addressBlocked',
    after: { is: 'blocked', network: ROTATING },
    async fire(field) {
      let reply = ''
      for (let number = 1; number <= 4; number++) {
        reply = await askFor(field, `2001:db8:5:1::${number}`, [`six${number}@example.test`])
      }
      return reply
    },
  },
  {
    rules: ['recipient-probes'],
    evidence: 'recipientProbe',
    setting: 'limits.recipientProbes',
    how: 'One address asks for one recipient after the other, all of which exist, and sends them nothing.',
    reply: 'addressBlocked',
    after: { is: 'blocked', network: PROBER },
    async fire(field) {
      using session = await field.from(PROBER)
      let reply = ''
      for (const round of [1, 2, 3]) {
        await session.ask('MAIL FROM:<stranger@far.example>', '250')
        for (const number of [1, 2]) await session.ask(`RCPT TO:<probe${round}${number}@all.test>`, '250')
        reply = await session.ask('RSET')
      }
      return reply
    },
  },

  // ---- how a session behaves
  {
    rules: ['failed-commands'],
    setting: 'session.maxFailedCommands',
    how: 'A client sends one command after the other that does not exist.',
    reply: 'tooManyErrors',
    async fire(field) {
      using session = await field.from(field.freshIp())
      let reply = ''
      for (let number = 1; number <= 5; number++) reply = await session.ask(`NONSENSE ${number}`)
      return reply
    },
  },
  {
    rules: ['failed-commands'],
    evidence: 'failedCommand',
    setting: 'limits.failedCommands',
    how: 'The same over several sessions, each of which ends before it is closed.',
    reply: 'addressBlocked',
    after: { is: 'blocked', network: BABBLER },
    async fire(field) {
      let reply = ''
      for (const _session of [1, 2, 3]) {
        using session = await field.from(BABBLER)
        for (const number of [1, 2, 3]) reply = await session.ask(`NONSENSE ${number}`)
      }
      return reply
    },
  },
]
