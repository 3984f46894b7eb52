/** The field on which the rules are fired: a running server with small limits, and clients from any address in the world. */
import { startScriptedDns } from '../../src/base/dns-testing.ts'
import { type RunningPostern, startPostern } from '../server.ts'
import { SmtpClient } from '../smtp-client.ts'

export const PASSWORD = 'a password for the proof'
export const LOCAL = 'honest@example.test'
export const FAR = 'someone@far.example'

/** Limits small enough to be passed within a second, each far enough from the next. */
const SETTINGS = {
  server: { hostname: 'mail.example.test' },
  ipGroups: { office: ['10.10.0.0/16'], exempted: ['10.20.0.0/16'] },
  relay: { ipGroup: 'office' },
  limits: {
    messagesPerHour: 4,
    concurrentConnections: 3,
    connectionsPerMinute: 20,
    unknownRecipients: 3,
    recipientProbes: 5,
    deniedRelays: 3,
    failedCommands: 8,
    failedLogins: { count: 3 },
    exemptGroup: 'exempted',
    neverBlock: [],
    account: {
      messagesPerHour: 3,
      messagesPerDay: 100,
      recipientsPerHour: 6,
      recipientsPerDay: 100,
      newRecipientsPerDay: 4,
      networksPerDay: 3,
      bounceShare: 50,
      bounceLeast: 2,
    },
  },
  session: { maxFailedCommands: 4, maxRecipients: 3, maxMessageSize: '64KB', maxHops: 5, tarpit: '0s' },
  trust: { suspension: { signs: 2, heloNames: 3, senderDomains: 3 } },
  services: {
    smtp: { proxyFrom: ['127.0.0.1'] },
    // No case needs it otherwise.
    submission: { proxyFrom: ['127.0.0.1'], ipGroup: 'office', maxConnections: 2 },
    submissions: { proxyFrom: ['127.0.0.1'] },
    pop3: { proxyFrom: ['127.0.0.1'] },
    pop3s: { proxyFrom: ['127.0.0.1'] },
  },
  logs: { console: false },
}

export type SmtpService = 'smtp' | 'submission' | 'submissions'

export interface Field {
  readonly server: RunningPostern
  /** A stranger's address that nobody used before. */
  freshIp(): string
  /** An account that nobody used before. */
  freshUser(): string
  /** Connect from an address; the greeting is still to come. */
  connect(ip: string, service?: SmtpService): Promise<SmtpClient>
  /** Connect from an address, be greeted, say EHLO. */
  from(ip: string, service?: SmtpService, name?: string): Promise<SmtpClient>
  /** A session of a user over TLS, logged in. */
  loggedIn(user: string, ip?: string): Promise<SmtpClient>
  /** Run a command of the command line that must succeed; gives what it printed, read as JSON. */
  ask<T>(...args: readonly string[]): Promise<T>
  /** What `postern explain REF` prints. */
  explain(ref: string): Promise<string>
  /** Change settings; gives what puts them back. */
  change(settings: Readonly<Record<string, unknown>>): Promise<() => Promise<void>>
  stop(): Promise<void>
}

/** Names of DNS that do not exist: every other has a mail server, every address a name, but for those of 203.0.113.0/24. */
const NOWHERE = 'nowhere.example'

const USERS = 40

/** Start the field. */
export async function startField(): Promise<Field> {
  const dns = await startScriptedDns(({ name, type }) => {
    if (name.endsWith(NOWHERE) || name.endsWith('.113.0.203.in-addr.arpa')) return { code: 'NXDOMAIN' }
    if (type === 'MX') return { answers: [{ type, data: `10 mx.${name}` }] }
    if (type === 'PTR') return { answers: [{ type, data: 'mail.far.example' }] }
    return {}
  })
  const accounts = Array.from({ length: USERS }, (_, index) => `user${index + 1}@example.test`)
  const server = await startPostern({
    provision: {
      settings: { ...SETTINGS, dns: { servers: [dns.server] } },
      domains: ['example.test', 'all.test'],
      users: [LOCAL, 'inside@example.test', ...accounts].map((address) => ({
        address,
        password: PASSWORD,
        ...(address.startsWith('inside') ? { localDomainsOnly: true } : {}),
      })),
      aliases: [{ address: '*@all.test', to: [LOCAL] }],
    },
  })
  let strangers = 0
  let users = 0
  const open = new Set<SmtpClient>()

  function freshIp(): string {
    strangers += 1
    return `198.51.${100 + Math.floor(strangers / 250)}.${1 + (strangers % 250)}`
  }

  async function connect(ip: string, service: SmtpService = 'smtp'): Promise<SmtpClient> {
    const client = await SmtpClient.connect(server.ports[service], { proxied: ip, tls: service === 'submissions' })
    open.add(client)
    return client
  }

  async function from(ip: string, service: SmtpService = 'smtp', name = 'client.far.example'): Promise<SmtpClient> {
    const client = await connect(ip, service)
    await client.expect('220')
    await client.ask(`EHLO ${name}`, '250')
    return client
  }

  async function run(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await server.postern(args, input)
    if (code !== 0) throw new Error(`postern ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`)
    return stdout
  }

  return {
    server,
    freshIp,
    freshUser() {
      const user = accounts[users++]
      if (user === undefined) throw new Error(`more than ${USERS} accounts are needed`)
      return user
    },
    connect,
    from,
    async loggedIn(user, ip = freshIp()) {
      const client = await from(ip, 'submissions')
      const reply = await client.login(user, PASSWORD)
      if (!reply.startsWith('235')) throw new Error(`${user} could not log in: ${reply}`)
      return client
    },
    ask: async <T>(...args: readonly string[]) => JSON.parse(await run([...args, '--json'])) as T,
    explain: (ref) => run(['explain', ref]),
    async change(settings) {
      const { version } = JSON.parse(await run(['settings', 'history', '--json']))[0]
      await run(['settings', 'apply', '-'], JSON.stringify(settings))
      return async () => {
        await run(['settings', 'rollback', String(version)])
      }
    },
    async stop() {
      for (const client of open) client.end()
      await server.stop()
      await dns.stop()
    },
  }
}
