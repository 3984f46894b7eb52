import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Hop, Trouble } from '#queue/contract.ts'
import type { Reply } from '#smtp/reply-reader.ts'
import type { ConversationOptions, Login } from '../contract.ts'
import { connect } from './connect.ts'
import { PopReplyReader } from './pop-reply-reader.ts'
import { startTls } from './start-tls.ts'
import { isPositive, troubleAt } from './trouble.ts'
import { isLost, type Lost, Wire } from './wire.ts'

/** A login by POP3 opens the way for SMTP from our address: what it takes. */
export type PopLoginOptions = Pick<
  ConversationOptions,
  'server' | 'localAddress' | 'connectTimeoutMs' | 'tls' | 'implicitTls' | 'checkCertificate' | 'ca' | 'clock'
> & { readonly login: Login }

/** RFC 1939 §3: ten minutes is when a server may give up; a login takes no such time. */
const ANSWER_MS = 120_000
/** All of it: a server that drips its answers holds nothing for hours. */
const ALL_MS = 300_000
const QUIT_MS = 3_000

/** RFC 1939 §7: the time stamp of the greeting, as a message-id; anything less strict helps to guess the password (CVE-2007-1558). */
const TIMESTAMP = /<[!#-;=?A-~]{1,256}@[!#-;=?A-~]{1,256}>/

/**
 * Log in by POP3, look into the mailbox (some servers open the way only then), and leave. Gives the trouble, of `scope: 'server'` and
 * always for now: a changed password sends no mail back. Never rejects.
 */
export async function popLogin(options: PopLoginOptions): Promise<Trouble | undefined> {
  const session = new PopSession(options)
  const because = await session.run()
  session.close()
  if (because === undefined) return undefined
  return troubleAt('4.7.0', `POP3 before SMTP: ${because}`, { hop: session.hop, stage: 'login', scope: 'server' })
}

/** One session; each step gives what went wrong, in words. */
class PopSession {
  readonly hop: Hop
  readonly #options: PopLoginOptions
  #wire: Wire | undefined
  #isSecret = false
  readonly #endMs: number

  constructor(options: PopLoginOptions) {
    const { host, ip, port } = options.server
    this.hop = { host, ip, port }
    this.#options = options
    this.#endMs = options.clock.monotonicMs() + options.connectTimeoutMs + ALL_MS
    this.#isSecret = ip === '::1' || ip.startsWith('127.')
  }

  async run(): Promise<string | undefined> {
    const { server, localAddress, connectTimeoutMs: timeoutMs, clock, implicitTls, tls } = this.#options
    const { ip, port } = server
    const socket = await connect({ ip, port, timeoutMs, clock, ...(localAddress !== undefined && { localAddress }) })
    if (typeof socket === 'string') return `cannot connect to ${server.host} (${ip}, port ${port}): ${socket}`
    const insecure = implicitTls ? await this.#secure(socket) : this.#listen(socket)
    if (insecure !== undefined) return insecure
    const greeting = await this.#hear()
    if (isLost(greeting) || !isPositive(greeting)) return this.#say(greeting, 'our connection')
    const unsafe = implicitTls || tls.mode === 'none' ? undefined : await this.#startTls()
    return unsafe ?? (await this.#logIn(greeting.text)) ?? (await this.#ask('STAT'))
  }

  close(): void {
    if (this.#wire?.isInStep) this.#wire.write('QUIT\r\n')
    this.#wire?.close(QUIT_MS)
  }

  /** RFC 2595 §4: STLS, where the server has it. */
  async #startTls(): Promise<string | undefined> {
    const { host } = this.#options.server
    this.#wire?.write('STLS\r\n')
    const answer = await this.#hear()
    if (isLost(answer)) return this.#say(answer, 'STLS')
    if (!isPositive(answer)) return this.#options.tls.mode === 'opportunistic' ? undefined : this.#say(answer, 'STLS')
    const wire = this.#wire as Wire
    if (!wire.isInStep) return `${host} sent more than its answer to STLS`
    return this.#secure(wire.detach())
  }

  async #secure(socket: Socket): Promise<string | undefined> {
    const { server, clock, ca, tls, checkCertificate } = this.#options
    const leftMs = this.#endMs - clock.monotonicMs()
    const secured = await startTls(socket, { host: server.host, clock, leftMs, ...(ca !== undefined && { ca }) })
    if (typeof secured === 'string') return `TLS with ${server.host} did not come about: ${secured}`
    this.#listen(secured)
    const fault = tls.mode === 'verified' ? checkCertificate(tls, secured) : undefined
    if (fault !== undefined) return `${server.host} is not who ${tls.by} asks for: ${fault}`
    this.#isSecret = true
    return undefined
  }

  async #logIn(greeting: string): Promise<string | undefined> {
    const { login, tls, server } = this.#options
    const { user, password } = login
    if (!isWord(user) || !isWord(password))
      return 'the name or the password holds a line break or a NUL, which POP3 cannot say'
    const timestamp = TIMESTAMP.exec(greeting)?.[0]
    if (timestamp !== undefined && !user.includes(' ')) {
      const digest = createHash('md5').update(timestamp).update(password).digest('hex')
      return this.#ask(`APOP ${user} ${digest}`, 'APOP')
    }
    // As with SMTP: a password is told where nobody listens, or where the route says outright that there is no TLS.
    if (!this.#isSecret && tls.mode !== 'none')
      return `${server.host} offers neither TLS nor APOP, and no password goes in the clear`
    return (await this.#ask(`USER ${user}`, 'USER')) ?? (await this.#ask(`PASS ${password}`, 'PASS'))
  }

  /** Give a command; `name` is what may be told of it. */
  async #ask(command: string, name = command): Promise<string | undefined> {
    this.#wire?.write(`${command}\r\n`)
    const answer = await this.#hear()
    return isLost(answer) || !isPositive(answer) ? this.#say(answer, name) : undefined
  }

  #say(answer: Reply | Lost, command: string): string {
    const { host } = this.#options.server
    if (isLost(answer)) return `${host} ${answer.lost} before it answered ${command}`
    const { password } = this.#options.login
    const text = password !== '' && answer.text.includes(password) ? 'what we sent' : answer.text
    return `${host} answered -ERR "${text}" to ${command}`
  }

  async #hear(): Promise<Reply | Lost> {
    return (this.#wire as Wire).reply(ANSWER_MS)
  }

  #listen(socket: Socket): undefined {
    const { clock } = this.#options
    this.#wire = new Wire(socket, clock, new PopReplyReader())
    this.#wire.bound(ALL_MS, this.#endMs - clock.monotonicMs())
  }
}

function isWord(text: string): boolean {
  return !/[\r\n\0]/.test(text)
}
