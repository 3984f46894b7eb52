import type { Duplex } from 'node:stream'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { Clock } from '#base/clock.ts'
import { type Line, LineReader } from '#smtp/line-reader.ts'
import type { Deadlines, Expiring } from './deadlines.ts'

/** The client has gone, or sent its last octet: ordinary, and the end of the session. */
export class Disconnected extends Error {}
/** The client was silent for too long, or did not read what it was sent. */
export class TimedOut extends Error {}
/** The server is stopping, and the session has come to a point where it may end. */
export class Stopped extends Error {}

/** Input read ahead while a command runs; beyond it the client has to wait. */
const INPUT_BYTES = 64 * 1024
/** Replies held back to be written together. */
const OUTPUT_CHARS = 16 * 1024
/** How long a closed session waits for the client to read the last reply and to close its end. */
const LINGER_MS = 5_000

/**
 * A connection as the dialogue sees it: lines and chunks in, replies out. Replies to commands that came together are written
 * together, when no more input is at hand (RFC 2920 §3.2). Every wait has a deadline, and what is held either way is bounded.
 */
export class Wire implements Expiring {
  expiresAtTick = Number.POSITIVE_INFINITY
  #socket: Duplex
  readonly #reader = new LineReader()
  readonly #deadlines: Deadlines
  /** How long the client may be silent. */
  readonly #silenceMs: number
  #out = ''
  #wake: (() => void) | undefined
  #isPaused = false
  /** The client sends no more. */
  #isEnded = false
  #isClosed = false
  #isExpired = false
  #isStopping = false
  /** The session is over; what still comes is thrown away. */
  #isOver = false

  constructor(socket: Duplex, deadlines: Deadlines, silenceMs: number) {
    this.#socket = socket
    this.#deadlines = deadlines
    this.#silenceMs = silenceMs
    deadlines.join(this)
    this.#attach(socket)
    socket.resume()
  }

  /** Nothing is at hand that the client sent and nobody has used. */
  get isQuiet(): boolean {
    return this.#reader.isEmpty && this.#socket.readableLength === 0
  }

  /** The client has been sent more than it reads. */
  get isUnread(): boolean {
    return this.#socket.writableNeedDrain
  }

  /** The TLS connection in use, if there is one. */
  get tls(): TLSSocket | undefined {
    return this.#socket instanceof TLSSocket ? this.#socket : undefined
  }

  /** Take the next line, waiting for it if need be. The deadline is for the whole line: one octet a minute gains nothing. */
  async line(limit: number): Promise<Line> {
    if (this.#isStopping) throw new Stopped()
    let line = this.#reader.next(limit)
    if (line === undefined) {
      this.flush()
      this.#startDeadline()
      while (line === undefined) {
        await this.#more()
        this.#check()
        line = this.#reader.next(limit)
      }
    }
    if (this.#socket.writableNeedDrain) await this.#drained()
    this.expiresAtTick = Number.POSITIVE_INFINITY
    return line
  }

  /** Take what has come as it is, `most` octets at most, waiting for it if there is nothing. */
  async chunk(most?: number): Promise<Buffer> {
    let chunk = this.#reader.take(most)
    while (chunk === undefined) {
      this.flush()
      this.#startDeadline()
      await this.#more()
      this.#check()
      chunk = this.#reader.take(most)
    }
    this.expiresAtTick = Number.POSITIVE_INFINITY
    return chunk
  }

  /** Give back the end of the last chunk. */
  putBack(rest: Buffer): void {
    this.#reader.putBack(rest)
  }

  /** Say a reply: lines, without the last CRLF. */
  say(reply: string): void {
    this.#out += reply
    this.#out += '\r\n'
    if (this.#out.length > OUTPUT_CHARS) this.flush()
  }

  /** Send what was said. */
  flush(): void {
    if (this.#out === '') return
    if (this.#socket.writable) this.#socket.write(this.#out, 'latin1')
    this.#out = ''
  }

  /** Wait for a span in which the client is not to talk; false as soon as it does. */
  async quiet(spanMs: number, clock: Clock): Promise<boolean> {
    if (spanMs > 0 && this.isQuiet) {
      const alarm = clock.after(spanMs, () => this.#wakeUp())
      try {
        await this.#more()
        this.#check()
        if (this.#isEnded) throw new Disconnected()
      } finally {
        alarm.cancel()
      }
    }
    return this.isQuiet
  }

  /**
   * Do nothing for a span, whatever the client sends meanwhile. A client that goes, or says that it has nothing more to say, is not
   * waited with: the session is over.
   */
  async pause(spanMs: number, clock: Clock): Promise<void> {
    let isOver = false
    const alarm = clock.after(spanMs, () => {
      isOver = true
      this.#wakeUp()
    })
    while (!isOver && !this.#isClosed && !this.#isEnded && !this.#isStopping) await this.#happens()
    alarm.cancel()
    if (this.#isClosed || this.#isEnded) throw new Disconnected()
  }

  /** Begin TLS, as the server: what is said before goes out in the clear, all that comes is the handshake. */
  startTls(secureContext: SecureContext): void {
    this.flush()
    const plain = this.#socket
    plain.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    // What is read already (behind a PROXY header) is the handshake's: it must not flow to nobody.
    plain.pause()
    this.#socket = new TLSSocket(plain, { isServer: true, secureContext })
    this.#attach(this.#socket)
  }

  /** Ask the session to end where it next waits for the client, or waits already. */
  stop(): void {
    this.#isStopping = true
    this.#wakeUp()
  }

  /**
   * Close, once all that was said is sent. What the client still sends is read and thrown away for a while: to close on unread
   * octets would reset the connection, and the client might never see the last reply.
   */
  end(): void {
    this.flush()
    this.#isOver = true
    this.expiresAtTick = this.#deadlines.tickAfter(LINGER_MS)
    // Without a handshake there is no way to say anything.
    if (this.tls !== undefined && this.tls.getFinished() === undefined) this.#socket.destroy()
    this.#socket.end()
    this.#socket.resume()
    if (this.#isClosed) this.#deadlines.leave(this)
  }

  /**
   * Close as soon as what was said is sent: for a client that is not served and had no time to say anything. To wait for it as `end` does would let the
   * refused take the places of those who are served.
   */
  cut(): void {
    this.flush()
    this.#isOver = true
    this.expiresAtTick = this.#deadlines.tickAfter(LINGER_MS)
    this.#socket.end(() => this.#socket.destroy())
    if (this.#isClosed) this.#deadlines.leave(this)
  }

  /** A deadline has come (see Deadlines). */
  expire(): void {
    this.expiresAtTick = Number.POSITIVE_INFINITY
    if (this.#isOver) {
      this.#socket.destroy()
      return
    }
    this.#isExpired = true
    this.#wakeUp()
  }

  #startDeadline(): void {
    this.expiresAtTick = this.#deadlines.tickAfter(this.#silenceMs)
  }

  /** Wait for more input: resolves when anything has happened, which `#check` and the caller look at. */
  #more(): Promise<void> {
    if (this.#isClosed || this.#isEnded) throw new Disconnected()
    if (this.#isPaused) {
      this.#isPaused = false
      this.#socket.resume()
    }
    return this.#happens()
  }

  /** Wait until the client has read what it was sent. */
  async #drained(): Promise<void> {
    this.#startDeadline()
    this.#socket.once('drain', () => this.#wakeUp())
    while (this.#socket.writableNeedDrain) {
      await this.#happens()
      this.#check()
    }
  }

  // No async functions: each costs an idle connection some hundred octets.
  #happens(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #check(): void {
    if (this.#isExpired) throw new TimedOut()
    if (this.#isClosed) throw new Disconnected()
    if (this.#isStopping) throw new Stopped()
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  #attach(socket: Duplex): void {
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose).on('error', ignore)
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isOver) return
    this.#reader.push(chunk)
    if (!this.#isPaused && this.#reader.bufferedBytes > INPUT_BYTES) {
      this.#isPaused = true
      this.#socket.pause()
    }
    this.#wakeUp()
  }

  readonly #onEnd = (): void => {
    this.#isEnded = true
    this.#wakeUp()
  }

  readonly #onClose = (): void => {
    this.#isClosed = true
    if (this.#isOver) this.#deadlines.leave(this)
    this.#wakeUp()
  }
}

/** EPIPE, ECONNRESET, a failed handshake: 'close' follows, and is the end. */
function ignore(): void {}
