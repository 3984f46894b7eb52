import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { channelBindingsOf } from '#base/channel-bindings.ts'
import type { Stage } from '#gate/subject.ts'
import { obey } from './command-table.ts'
import { askGate } from './gate.ts'
import { LineReader } from './line-reader.ts'
import { Output } from './output.ts'
import type { Peer, Pop3Listener, Pop3Ports } from './ports.ts'
import { formatChallenge, formatOk, formatReply, type Reply, type ReplyName, replyRow } from './replies.ts'
import { sendBlocks, sendMessage } from './send.ts'
import { IDLE_MS, LOGIN_IDLE_MS, type Session, startSession } from './session.ts'

/** RFC 2449 §4: the longest command line, its CRLF included. */
const MOST_LINE_BYTES = 255
/** The longest line of a SASL exchange, as RFC 4954 §4 has it for SMTP. */
const MOST_SASL_LINE_BYTES = 12_288
/** How long a connection that we have ended may take to be gone. */
const LINGER_MS = 30_000

/**
 * The loop around a session: bytes in, replies out, TLS, time. It alone catches and alone closes. One command runs at a time;
 * while it does, and while the client does not take its replies, nothing is read from the socket.
 */
export class Connection {
  readonly #ports: Pop3Ports
  readonly #session: Session
  readonly #lines = new LineReader()
  readonly #onClosed: (connection: Connection) => void
  #socket: Duplex
  #output: Output
  #deadlineMs = 0
  #busy = true
  #inputEnded = false
  #closing = false
  #closed = false
  #greeted = false
  #handshaking = false
  #stopping = false
  #why = 'the client went away'
  #wake: (() => void) | undefined

  constructor(
    socket: Duplex,
    peer: Peer,
    { service }: Pop3Listener,
    ports: Pop3Ports,
    onClosed: (connection: Connection) => void,
  ) {
    this.#ports = ports
    this.#session = startSession(service, peer)
    this.#onClosed = onClosed
    this.#socket = socket
    this.#output = new Output(socket)
    this.#touch()
    socket.on('error', this.#onError).on('close', this.#onClose)
    ports.events.sessionOpened(this.#session.tag)
  }

  /** Ask the gate whether the client may connect, and greet it. */
  async open(implicitTls: boolean): Promise<void> {
    try {
      const refusal = await this.#ask('connect')
      if (this.#closed) return
      if (refusal !== undefined) {
        // Under TLS a refusal would cost a handshake: what is refused here may be a flood.
        if (!implicitTls) this.#say(refusal.reply, refusal.ref)
        return this.#close('refused')
      }
      if (implicitTls) return this.#beginTls()
      this.#listen()
      this.#greet()
    } catch (error) {
      this.#bug(error)
    }
  }

  /** Close the connection if its time is up: nothing that was marked is deleted (RFC 1939 §3). */
  tick(nowMs: number): void {
    if (nowMs < this.#deadlineMs || this.#closed) return
    if (!this.#closing) this.#why = 'timeout'
    this.#socket.destroy()
  }

  /** End the session, when the command that runs now is done; what is marked but not committed stays. */
  stop(): void {
    this.#stopping = true
    if (!this.#busy) this.#close('the server stops')
    // The client, not a command of ours, is what it waits for.
    else if (this.#handshaking || this.#wake !== undefined) this.#socket.destroy()
  }

  #greet(): void {
    this.#greeted = true
    // No <…@…> in it: that would announce APOP (RFC 1939 §7).
    this.#output.text(formatOk(`${this.#ports.hostname()} POP3 server ready`))
    this.#free()
  }

  #listen(): void {
    this.#socket.on('data', this.#onData).on('end', this.#onEnd).on('drain', this.#onDrain)
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

  readonly #onDrain = (): void => {
    this.#touch()
    this.#wake?.()
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (this.#closing || this.#closed) return
    this.#why = `connection error: ${error.code ?? error.message}`
    this.#socket.destroy()
  }

  readonly #onClose = (): void => {
    if (this.#closed) return
    this.#closed = true
    this.#lines.clear()
    this.#wake?.()
    const { tag, user, retrieved, removed } = this.#session
    if (user !== undefined) this.#ports.events.mailboxRead({ ...tag, user, retrieved, deleted: removed })
    this.#ports.events.sessionClosed({ ...tag, why: this.#why })
    this.#onClosed(this)
  }

  #run(): void {
    try {
      const work = this.#obeyAll()
      if (work !== undefined) this.#occupy(work)
      else if (this.#stopping) this.#close('the server stops')
      else if (this.#inputEnded) this.#close('the client went away')
    } catch (error) {
      this.#bug(error)
    }
  }

  /**
   * Do every whole line that has come, in one go, and send all replies together; a promise where something has to be waited
   * for: a command, or the client, when it is slow to take its replies.
   */
  #obeyAll(): Promise<unknown> | undefined {
    while (!this.#closing && !this.#closed && !this.#stopping) {
      if (this.#output.full) return this.#drained()
      const line = this.#lines.next(this.#session.sasl === undefined ? MOST_LINE_BYTES : MOST_SASL_LINE_BYTES)
      if (line === undefined) break
      this.#touch()
      const reply = typeof line === 'string' ? obey(this.#session, line, this.#ports) : this.#refuseLine(line.trouble)
      const rest = reply instanceof Promise ? reply.then((late) => this.#answer(late)) : this.#answer(reply)
      if (rest !== undefined) return rest
    }
    return this.#closing || this.#output.flush() || this.#stopping ? undefined : this.#drained()
  }

  /** A line that cannot be read ends a SASL exchange too. */
  #refuseLine(trouble: ReplyName): Reply {
    this.#session.sasl = undefined
    return trouble
  }

  /** Read nothing more until `work` is done, then go on. */
  #occupy(work: Promise<unknown>): void {
    this.#busy = true
    this.#socket.pause()
    work.then(
      () => this.#free(),
      (error: unknown) => this.#bug(error),
    )
  }

  #free(): void {
    this.#busy = false
    this.#run()
    if (!this.#busy && !this.#closed && !this.#inputEnded) this.#socket.resume()
  }

  /** Put a reply into the output and do what follows from it; a promise when that takes time. */
  #answer(reply: Reply): Promise<void> | undefined {
    if (this.#closed || this.#closing) return undefined
    if (typeof reply === 'string') return this.#answerRow(reply)
    switch (reply.is) {
      case 'line':
        this.#output.text(formatOk(reply.text))
        return undefined
      case 'challenge':
        this.#output.text(formatChallenge(reply.data))
        return undefined
      case 'lines':
        return sendBlocks(reply, this.#output, this.#drained)
      case 'message':
        return sendMessage(reply, this.#output, this.#drained, this.#onUnreadable)
    }
  }

  #answerRow(name: ReplyName): Promise<void> | undefined {
    const row = replyRow(name)
    if (row.next === 'startTls') return this.#startTls()
    this.#say(name)
    if (row.next === 'close') {
      this.#close(name === 'bye' ? 'QUIT' : row.text)
      return undefined
    }
    if (row.counts !== true) return undefined
    this.#session.failedCommands += 1
    return this.#ask('command').then((refusal) => {
      if (refusal === undefined || this.#closed) return
      this.#say(refusal.reply, refusal.ref)
      this.#close('too many failed commands')
    })
  }

  #say(name: ReplyName, ref?: string): void {
    this.#output.text(formatReply(name, ref))
  }

  #ask(stage: Extract<Stage, 'connect' | 'command'>): ReturnType<typeof askGate> {
    return askGate(stage, this.#session, this.#ports)
  }

  /** STLS (RFC 2595 §4): what came in the clear behind the command is an injection, and ends the session. */
  #startTls(): Promise<void> | undefined {
    const { tag } = this.#session
    if (this.#lines.bufferedBytes > 0 || this.#socket.readableLength > 0) {
      this.#ports.events.protocolViolated({ ...tag, what: 'plain text behind STLS' })
      return this.#answerRow('tlsInjected')
    }
    this.#say('startTls')
    this.#output.flush()
    this.#beginTls()
    return undefined
  }

  /** Put TLS on the connection; the session goes on when the handshake is done, knowing nothing of what was said before. */
  #beginTls(): void {
    const plain = this.#socket
    plain.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain)
    this.#busy = true
    this.#handshaking = true
    this.#lines.clear()
    this.#touch()
    const secure = new TLSSocket(plain as ConstructorParameters<typeof TLSSocket>[0], {
      isServer: true,
      secureContext: this.#ports.secureContext(),
    })
    this.#socket = secure
    this.#output = new Output(secure)
    secure.on('error', this.#onError).on('_tlsError', this.#onError).on('close', this.#onClose)
    secure.once('secure', () => this.#secured(secure))
  }

  #secured(secure: TLSSocket): void {
    try {
      this.#handshaking = false
      this.#session.tls = { bindings: channelBindingsOf(secure, this.#ports.certificate()) }
      this.#session.name = undefined
      this.#session.sasl = undefined
      this.#touch()
      this.#listen()
      if (this.#greeted) this.#free()
      else this.#greet()
    } catch (error) {
      this.#bug(error)
    }
  }

  /** Wait until the client has taken what was written; also a turn for the other connections of this thread. */
  readonly #drained = (): Promise<boolean> => {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#wake = undefined
        setImmediate(() => resolve(!this.#closed))
      }
      if (this.#output.flush() || this.#closed) return go()
      this.#wake = go
      if (this.#stopping) this.#socket.destroy()
    })
  }

  /** A message could not be read to its end; once its reply has begun, only a closed connection can tell the client so. */
  readonly #onUnreadable = (error: unknown, begun: boolean): void => {
    this.#ports.events.faulted({ what: `read a message of ${this.#session.user}`, error })
    if (!begun) {
      this.#say('messageUnavailable')
      return
    }
    this.#why = 'a message broke off'
    this.#socket.destroy()
  }

  #bug(error: unknown): void {
    this.#ports.events.faulted({ what: 'serve a POP3 command', error })
    if (this.#closed || this.#closing) return
    this.#say('bug')
    this.#close('bug')
  }

  /** Send what is still to be sent and end the connection. */
  #close(why: string): void {
    if (this.#closing || this.#closed) return
    this.#closing = true
    this.#why = why
    this.#output.flush()
    this.#lines.clear()
    this.#deadlineMs = this.#ports.clock.monotonicMs() + LINGER_MS
    // What the client still sends is read and thrown away: an RST for it could overtake our last reply.
    this.#socket.off('data', this.#onData)
    this.#socket.resume()
    this.#socket.end(this.#stopping ? () => this.#socket.destroy() : undefined)
  }

  #touch(): void {
    if (this.#closing) return
    const idleMs = this.#session.maildrop === undefined ? LOGIN_IDLE_MS : IDLE_MS
    this.#deadlineMs = this.#ports.clock.monotonicMs() + idleMs
  }
}
