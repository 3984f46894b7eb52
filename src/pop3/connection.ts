import type { Duplex } from 'node:stream'
import { obey } from './command-table.ts'
import { askGate, leaveRecord } from './gate.ts'
import { LineReader } from './line-reader.ts'
import type { Peer, Pop3Listener, Pop3Ports } from './ports.ts'
import { formatChallenge, formatOk, formatReply, type Reply, type ReplyName, replyRow } from './replies.ts'
import { sendBlocks, sendMessage } from './send.ts'
import { IDLE_MS, LOGIN_IDLE_MS, type Session, startSession } from './session.ts'
import { Wire } from './wire.ts'

/** RFC 2449 §4: the longest command line, its CRLF included. */
const MOST_LINE_BYTES = 255
/** The longest line of a SASL exchange, as RFC 4954 §4 has it for SMTP. */
const MOST_SASL_LINE_BYTES = 12_288

/**
 * The loop around a session: lines in, replies out. It alone catches and alone closes. One command runs at a time; while it
 * does, and while the client does not take its replies, nothing is read from the wire.
 */
export class Connection {
  readonly #ports: Pop3Ports
  readonly #session: Session
  readonly #lines = new LineReader()
  readonly #wire: Wire
  readonly #forget: (connection: Connection) => void
  #busy = true
  #greeted = false
  #inputEnded = false
  #stopping = false
  #whyStopping: 'the server stops' | 'the account was stopped' = 'the server stops'

  constructor(
    socket: Duplex,
    peer: Peer,
    { service }: Pop3Listener,
    ports: Pop3Ports,
    forget: (connection: Connection) => void,
  ) {
    this.#ports = ports
    this.#session = startSession(service, peer)
    this.#forget = forget
    this.#wire = new Wire(socket, ports.clock, {
      onData: this.#onData,
      onEnd: this.#onEnd,
      onSecure: this.#onSecure,
      onClosed: this.#onClosed,
    })
    this.#wire.allow(LOGIN_IDLE_MS)
    ports.events.sessionOpened(this.#session.tag)
  }

  /** Ask the gate whether the client may connect, and greet it. */
  async open(implicitTls: boolean): Promise<void> {
    try {
      const refusal = await askGate('connect', this.#session, this.#ports)
      if (this.#wire.over) return
      if (refusal !== undefined) {
        // Under TLS a refusal would cost a handshake: what is refused here may be a flood.
        if (!implicitTls) this.#say(refusal.reply, refusal.ref)
        this.#end('refused')
      } else if (implicitTls) this.#wire.startTls(this.#ports.secureContext())
      else {
        this.#wire.listen()
        this.#greet()
      }
    } catch (error) {
      this.#bug(error)
    }
  }

  /** End the connection if its time is up: nothing that was marked is deleted (RFC 1939 §3). */
  tick(nowMs: number): void {
    this.#wire.tick(nowMs)
  }

  /** End the session, when the command that runs now is done; what is marked but not committed stays. */
  stop(): void {
    this.#stopping = true
    if (this.#wire.waitsForClient) this.#wire.destroy(this.#whyStopping)
    else if (!this.#busy) this.#endStopped()
  }

  /** End the session if it is this user's: the account was stopped. */
  endOf(user: string): void {
    if (this.#session.user !== user) return
    this.#whyStopping = 'the account was stopped'
    this.stop()
  }

  /** Break the connection off, whatever it does. */
  destroy(): void {
    this.#wire.destroy('the server stops')
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#lines.push(chunk)
    if (!this.#busy) this.#run()
  }

  /** The client has said its last word; what it said before is still answered where the socket lets us. */
  readonly #onEnd = (): void => {
    this.#inputEnded = true
    if (!this.#busy) this.#run()
  }

  /** Go on under TLS, knowing nothing of what was said before (RFC 2595 §4). */
  readonly #onSecure = (): void => {
    try {
      this.#session.tls = true
      this.#session.name = undefined
      this.#wire.allow(LOGIN_IDLE_MS)
      this.#wire.listen()
      if (this.#greeted) this.#free()
      else this.#greet()
    } catch (error) {
      this.#bug(error)
    }
  }

  readonly #onClosed = (why: string): void => {
    this.#lines.clear()
    const { tag, user, retrieved, removed } = this.#session
    if (user !== undefined) this.#ports.events.mailboxRead({ ...tag, user, retrieved, deleted: removed })
    leaveRecord(this.#session, why, this.#ports)
    this.#ports.events.sessionClosed({ ...tag, why })
    this.#forget(this)
  }

  #greet(): void {
    this.#greeted = true
    // No <…@…> in it: that would announce APOP (RFC 1939 §7).
    this.#wire.output.text(formatOk(`${this.#ports.hostname()} POP3 server ready`))
    this.#free()
  }

  #run(): void {
    try {
      const work = this.#obeyAll()
      if (work !== undefined) this.#occupy(work)
      else if (this.#stopping) this.#endStopped()
      else if (this.#inputEnded) this.#end('the client went away')
    } catch (error) {
      this.#bug(error)
    }
  }

  /**
   * Do every whole line that has come, in one go, and send all replies together; a promise where something has to be waited
   * for: a command, or the client, when it is slow to take its replies.
   */
  #obeyAll(): Promise<unknown> | undefined {
    while (!this.#wire.over && !this.#stopping) {
      if (this.#wire.output.full) return this.#drained()
      const line = this.#lines.next(this.#session.sasl === undefined ? MOST_LINE_BYTES : MOST_SASL_LINE_BYTES)
      if (line === undefined) break
      this.#allowTime()
      this.#session.commands += 1
      const reply = typeof line === 'string' ? obey(this.#session, line, this.#ports) : this.#refuseLine(line.trouble)
      const rest = reply instanceof Promise ? reply.then((late) => this.#answer(late)) : this.#answer(reply)
      if (rest !== undefined) return rest
    }
    return this.#wire.over || this.#wire.output.flush() || this.#stopping ? undefined : this.#drained()
  }

  /** A line that cannot be read ends a SASL exchange too. */
  #refuseLine(trouble: ReplyName): Reply {
    this.#session.sasl = undefined
    return trouble
  }

  /** Read nothing more until `work` is done, then go on. */
  #occupy(work: Promise<unknown>): void {
    this.#busy = true
    this.#wire.pause()
    work.then(
      () => this.#free(),
      (error: unknown) => this.#bug(error),
    )
  }

  #free(): void {
    this.#busy = false
    this.#run()
    if (!this.#busy && !this.#inputEnded) this.#wire.resume()
  }

  /** Put a reply into the output and do what follows from it; a promise when that takes time. */
  #answer(reply: Reply): Promise<void> | undefined {
    if (this.#wire.over) return undefined
    if (typeof reply === 'string') return this.#answerRow(reply)
    if (reply.is === 'refusal') return this.#answerRow(reply.reply, reply.ref)
    const { output } = this.#wire
    switch (reply.is) {
      case 'line':
        output.text(formatOk(reply.text))
        return undefined
      case 'challenge':
        output.text(formatChallenge(reply.data))
        return undefined
      case 'lines':
        return sendBlocks(reply, output, this.#drained)
      case 'message':
        return sendMessage(reply, output, this.#drained, this.#onUnreadable)
    }
  }

  #answerRow(name: ReplyName, ref?: string): Promise<void> | undefined {
    const row = replyRow(name)
    if (row.next === 'startTls') return this.#startTls()
    this.#say(name, ref)
    if (row.next === 'close') this.#end(name === 'bye' ? 'QUIT' : row.text)
    return row.counts === true ? this.#countFailure(ref !== undefined) : undefined
  }

  async #countFailure(refusedByRule: boolean): Promise<void> {
    this.#session.failedCommands += 1
    const refusal = await askGate('command', this.#session, this.#ports, refusedByRule ? { refusedByRule } : {})
    if (refusal === undefined || this.#wire.over) return
    this.#say(refusal.reply, refusal.ref)
    this.#end('too many failed commands')
  }

  /** Begin TLS (RFC 2595 §4). What came in the clear behind STLS is an injection, and ends the session. */
  #startTls(): Promise<void> | undefined {
    if (this.#lines.bufferedBytes > 0 || this.#wire.unreadBytes > 0) {
      this.#ports.events.protocolViolated({ ...this.#session.tag, what: 'plain text behind STLS' })
      return this.#answerRow('tlsInjected')
    }
    this.#say('startTls')
    this.#wire.output.flush()
    this.#busy = true
    this.#wire.startTls(this.#ports.secureContext())
    return undefined
  }

  /** Wait until the client has taken what was written; false when it is gone. */
  readonly #drained = async (): Promise<boolean> => {
    const drained = this.#wire.drained()
    if (this.#stopping) this.stop()
    const there = await drained
    // It has read: that is a sign of life.
    if (there) this.#allowTime()
    return there
  }

  /** A message could not be read to its end; once its reply has begun, only a closed connection can tell the client so. */
  readonly #onUnreadable = (error: unknown, begun: boolean): void => {
    this.#ports.events.faulted({ what: `read a message of ${this.#session.user}`, error })
    if (begun) this.#wire.destroy('a message broke off')
    else this.#say('messageUnavailable')
  }

  #bug(error: unknown): void {
    this.#ports.events.faulted({ what: 'serve a POP3 command', error })
    if (this.#wire.over) return
    this.#say('bug')
    this.#end('bug')
  }

  #say(name: ReplyName, ref?: string): void {
    this.#wire.output.text(formatReply(name, ref))
  }

  #endStopped(): void {
    if (this.#whyStopping === 'the account was stopped') this.#say('accountStopped')
    this.#end(this.#whyStopping)
  }

  #end(why: string): void {
    this.#lines.clear()
    this.#wire.end(why, !this.#stopping)
  }

  #allowTime(): void {
    this.#wire.allow(this.#session.maildrop === undefined ? LOGIN_IDLE_MS : IDLE_MS)
  }
}
