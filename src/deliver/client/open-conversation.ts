import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Hop, Stage, Trouble } from '#queue/contract.ts'
import { type Capabilities, NO_CAPABILITIES, parseCapabilities } from '#smtp/capabilities.ts'
import type { Reply } from '#smtp/reply-reader.ts'
import type { Conversation, ConversationOptions, NoConversation } from '../contract.ts'
import { examineCertificate } from '../tls/certificate.ts'
import { connect } from './connect.ts'
import { SmtpConversation } from './conversation.ts'
import { isChunkingDistrusted } from './distrusted-chunking.ts'
import { logIn } from './log-in.ts'
import { startTls } from './start-tls.ts'
import { isPositive, lostAt, type Place, refusedBy, troubleAt } from './trouble.ts'
import { isLost, type Lost, Wire } from './wire.ts'

/**
 * From connected to ready. RFC 5321 §4.5.3.2 bounds each wait (five minutes for the greeting) and not their sum: a server that drips
 * its answers would hold a delivery, and with a few of them all mail, for hours.
 */
export const OPENING_MS = 300_000
/** RFC 5321 §4.5.3.2.1. */
const GREETING_MS = 300_000
/** Why a server is spoken to no further; undefined when it is. */
type Step = NoConversation | undefined

/** RFC 5321 §4.5.3.2 names no limit for these; they are no more work than MAIL. */
const COMMAND_MS = 300_000

/**
 * Connect to a server and bring the connection to where mail can be sent: greeting, EHLO, TLS as it is asked for, login. Never
 * rejects; trouble here is always of `scope: 'server'`.
 */
export async function openConversation(options: ConversationOptions): Promise<Conversation | NoConversation> {
  const opening = new Opening(options)
  const stop = await opening.run()
  if (stop !== undefined) opening.abandon()
  return stop ?? opening.conversation()
}

class Opening {
  readonly #options: ConversationOptions
  #hop: Hop
  #stage: Stage = 'connect'
  #wire: Wire | undefined
  #can: Capabilities = NO_CAPABILITIES
  #endMs = 0

  constructor(options: ConversationOptions) {
    const { host, ip, port } = options.server
    this.#options = options
    this.#hop = { host, ip, port }
  }

  async run(): Promise<Step> {
    const { implicitTls, login } = this.#options
    return (
      (await this.#connect()) ??
      (implicitTls ? await this.#secure() : undefined) ??
      (await this.#greeting()) ??
      (await this.#hello()) ??
      (implicitTls ? undefined : await this.#startTls()) ??
      (login === undefined ? undefined : await this.#logIn(login))
    )
  }

  /** Give the conversation that came about. */
  conversation(): Conversation {
    const { protocol } = this.#options
    const wire = this.#wire as Wire
    return new SmtpConversation({
      wire,
      hop: this.#hop,
      protocol,
      can: this.#can,
      isBroken: false,
      isUnfinished: false,
    })
  }

  abandon(): void {
    this.#wire?.close()
  }

  async #connect(): Promise<Step> {
    const { server, localAddress, connectTimeoutMs: timeoutMs, clock } = this.#options
    this.#at('connect')
    const { ip, port } = server
    const socket = await connect({ ip, port, timeoutMs, clock, ...(localAddress !== undefined && { localAddress }) })
    if (typeof socket === 'string') {
      // RFC 3463 §3.5: X.4.1, no answer from the host.
      return stop(troubleAt('4.4.1', `Cannot connect to ${this.#name} (${ip}, port ${port}): ${socket}`, this.#place))
    }
    this.#endMs = this.#options.untilMs ?? clock.monotonicMs() + OPENING_MS
    this.#listen(socket)
    return undefined
  }

  async #greeting(): Promise<Step> {
    this.#at('greeting')
    const answer = await this.#hear(GREETING_MS)
    if (isLost(answer)) return stop(lostAt(answer, 'before it greeted', this.#place))
    // RFC 5321 §3.1: 554 means that here is no mail service, which says nothing of the domain: another server may take it, now or later.
    return isPositive(answer) ? this.#inStep() : stop(refusedBy(answer, 'our connection', this.#place, 'deferred'))
  }

  async #hello(): Promise<Step> {
    const { protocol, hello } = this.#options
    this.#at('hello')
    const verb = protocol === 'lmtp' ? 'LHLO' : 'EHLO'
    const answer = await this.#ask(`${verb} ${hello}`)
    if (isLost(answer)) return stop(lostAt(answer, `before it answered ${verb}`, this.#place))
    if (isPositive(answer)) {
      const can = parseCapabilities(this.#lines)
      this.#can = can.chunking && isChunkingDistrusted(this.#options.server.ip) ? { ...can, chunking: false } : can
      return this.#inStep()
    }
    // RFC 5321 §4.1.4: a server that knows no EHLO is spoken to as of old. RFC 2033 §4.1: LHLO has no elder.
    if (answer.code < 500 || protocol === 'lmtp') return stop(refusedBy(answer, verb, this.#place, 'deferred'))
    this.#can = NO_CAPABILITIES
    const older = await this.#ask(`HELO ${hello}`)
    if (isLost(older)) return stop(lostAt(older, 'before it answered HELO', this.#place))
    return isPositive(older) ? this.#inStep() : stop(refusedBy(older, 'HELO', this.#place))
  }

  async #startTls(): Promise<Step> {
    const { mode, by } = this.#options.tls
    if (mode === 'none') return undefined
    this.#at('starttls')
    if (!this.#can.startTls) {
      if (mode === 'opportunistic') return undefined
      // RFC 3463 §3.8: X.7.4, security features not supported.
      const because = `${this.#name} does not offer STARTTLS, which is asked for by ${by}`
      return stop(troubleAt('4.7.4', because, this.#place), 'starttls-not-supported')
    }
    const answer = await this.#ask('STARTTLS')
    if (isLost(answer)) return stop(lostAt(answer, 'before it answered STARTTLS', this.#place), 'validation-failure')
    if (answer.code !== 220) {
      // RFC 3207 §4: it is ours to say whether to go on without.
      if (mode === 'opportunistic' && answer.code >= 400 && answer.code !== 421) return undefined
      return stop(refusedBy(answer, 'STARTTLS', this.#place, 'deferred'), 'starttls-not-supported')
    }
    // RFC 3207 §6: what came in the clear behind the answer must not be taken as said under TLS; nobody but an attacker sends it.
    return this.#inStep() ?? (await this.#secure()) ?? (await this.#hello())
  }

  /** Go over to TLS, and see to the certificate where one is asked for. */
  async #secure(): Promise<Step> {
    const { server, implicitTls, tls, clock, ca, checkCertificate } = this.#options
    this.#at('starttls')
    const socket = (this.#wire as Wire).detach()
    const leftMs = this.#leftMs
    const secured = await startTls(socket, { host: server.host, clock, leftMs, ...(ca !== undefined && { ca }) })
    if (typeof secured === 'string') {
      // RFC 3463 §3.8: X.7.5, cryptographic failure.
      const trouble = troubleAt('4.7.5', `TLS with ${this.#name} did not come about: ${secured}`, this.#place)
      // On a port that speaks TLS alone there is no "in the clear".
      return implicitTls ? stop(trouble) : stop(trouble, 'validation-failure')
    }
    this.#listen(secured)
    const fault = tls.mode === 'verified' ? checkCertificate(tls, secured) : undefined
    if (fault !== undefined) {
      const trouble = troubleAt('4.7.5', `${this.#name} is not who ${tls.by} asks for: ${fault}`, this.#place)
      return stop(trouble, examineCertificate(tls, secured)?.result ?? 'validation-failure')
    }
    this.#hop = { ...this.#hop, tls: describeTls(secured, tls.mode === 'verified' ? tls.by : undefined) }
    return undefined
  }

  async #logIn(login: NonNullable<ConversationOptions['login']>): Promise<Step> {
    this.#at('login')
    const { ip } = this.#options.server
    const secret = this.#hop.tls !== undefined || ip === '::1' || ip.startsWith('127.')
    const trouble = await logIn(this.#wire as Wire, { login, can: this.#can, hop: this.#hop, secret })
    return trouble === undefined ? this.#inStep() : stop(trouble)
  }

  #listen(socket: Socket): void {
    this.#wire = new Wire(socket, this.#options.clock)
    this.#wire.bound(OPENING_MS, this.#leftMs)
  }

  get #leftMs(): number {
    return this.#endMs - this.#options.clock.monotonicMs()
  }

  get #name(): string {
    return this.#hop.host
  }

  get #place(): Place {
    return { hop: this.#hop, stage: this.#stage, scope: 'server' }
  }

  get #lines(): readonly string[] {
    return (this.#wire as Wire).lines
  }

  #at(stage: Stage): void {
    this.#stage = stage
    this.#options.at(stage, this.#hop)
  }

  #ask(command: string): Promise<Reply | Lost> {
    this.#wire?.write(`${command}\r\n`)
    return this.#hear(COMMAND_MS)
  }

  async #hear(limitMs: number): Promise<Reply | Lost> {
    return (this.#wire as Wire).reply(limitMs)
  }

  /** Nothing was asked that is not answered: what lies there all the same would be taken for the answer to what comes next. */
  #inStep(): Step {
    const { isInStep, lost } = this.#wire as Wire
    if (isInStep) return undefined
    if (lost !== undefined) return stop(lostAt(lost, 'all of a sudden', this.#place))
    return stop(troubleAt('4.5.0', `${this.#name} sent more than it was asked for`, this.#place))
  }
}

function stop(trouble: Trouble, tlsFailed?: string): NoConversation {
  return { is: 'none', trouble, ...(tlsFailed !== undefined && { tlsFailed }) }
}

function describeTls(
  socket: TLSSocket,
  verifiedBy: ConversationOptions['tls']['by'] | undefined,
): NonNullable<Hop['tls']> {
  const { standardName, name } = socket.getCipher()
  return {
    version: socket.getProtocol() ?? 'TLS',
    cipher: standardName ?? name,
    ...(verifiedBy !== undefined && { verifiedBy }),
  }
}
