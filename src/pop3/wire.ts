import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { Clock } from '#base/clock.ts'
import { Output } from './output.ts'

/** How long a connection that we have ended may take to be gone. */
const LINGER_MS = 30_000

/** What the wire tells the session's loop. */
export interface WireListener {
  onData(chunk: Buffer): void
  /** The client has ended its side. */
  onEnd(): void
  /** The TLS handshake is done; nothing is read before `listen`. */
  onSecure(): void
  /** The connection is gone, whoever ended it. Told once. */
  onClosed(why: string): void
}

/** One client's connection: the socket, TLS on it, what is to be sent, and the time by which something must happen. */
export class Wire {
  readonly #clock: Clock
  readonly #listener: WireListener
  #socket: Duplex
  #output: Output
  #deadlineMs = Number.POSITIVE_INFINITY
  #state: 'open' | 'handshake' | 'ended' | 'gone' = 'open'
  #why = 'the client went away'
  #wake: (() => void) | undefined

  constructor(socket: Duplex, clock: Clock, listener: WireListener) {
    this.#socket = socket
    this.#clock = clock
    this.#listener = listener
    this.#output = new Output(socket)
    // A long reply is several writes: its end must not wait for the client's acknowledgement of the rest.
    if (socket instanceof Socket) socket.setNoDelay(true)
    socket.on('error', this.#onError).on('close', this.#onClose)
  }

  /** Where replies go. */
  get output(): Output {
    return this.#output
  }

  /** We or the client have ended it: nothing further can be said. */
  get over(): boolean {
    return this.#state === 'ended' || this.#state === 'gone'
  }

  /** It is the client that has to do something now: shake hands, take its replies, or go. */
  get waitsForClient(): boolean {
    return this.#state === 'handshake' || this.#state === 'ended' || this.#wake !== undefined
  }

  /** Bytes that have come and were not handed to the listener. */
  get unreadBytes(): number {
    return this.#socket.readableLength
  }

  /** Begin to hand over what comes. */
  listen(): void {
    const { onData, onEnd } = this.#listener
    this.#socket.on('data', onData).on('end', onEnd).on('drain', this.#onDrain)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Give the client so long for its next step. */
  allow(spanMs: number): void {
    if (!this.over) this.#deadlineMs = this.#clock.monotonicMs() + spanMs
  }

  /** Destroy the connection if its time is up. */
  tick(nowMs: number): void {
    if (nowMs >= this.#deadlineMs) this.destroy('timeout')
  }

  /** Put TLS on the connection. */
  startTls(secureContext: SecureContext): void {
    const plain = this.#socket
    const { onData, onEnd } = this.#listener
    plain.off('data', onData).off('end', onEnd).off('drain', this.#onDrain)
    // Any duplex stream will do; the types know only of sockets.
    const secure = new TLSSocket(plain as Socket, { isServer: true, secureContext })
    this.#socket = secure
    this.#output = new Output(secure)
    this.#state = 'handshake'
    // A handshake that fails is told by the second event alone.
    secure.on('error', this.#onError).on('_tlsError', this.#onError).on('close', this.#onClose)
    secure.once('secure', () => {
      if (this.#state !== 'handshake') return
      this.#state = 'open'
      this.#listener.onSecure()
    })
  }

  /** Send what there is and wait until the client has taken it; false when it is gone. Also a turn for the others of this thread. */
  drained(): Promise<boolean> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#wake = undefined
        setImmediate(() => resolve(!this.over))
      }
      if (this.#output.flush() || this.over) go()
      else this.#wake = go
    })
  }

  /** Send what is still to be sent and end the connection; `linger` lets the client read in peace before it is gone. */
  end(why: string, linger: boolean): void {
    if (this.over) return
    this.#output.flush()
    this.allow(LINGER_MS)
    this.#why = why
    this.#state = 'ended'
    // What the client still sends is read and thrown away: an RST for it could overtake our last reply.
    this.#socket.off('data', this.#listener.onData).resume()
    this.#socket.end(linger ? undefined : () => this.#socket.destroy())
  }

  /** Break the connection off. */
  destroy(why: string): void {
    if (!this.over) this.#why = why
    this.#socket.destroy()
  }

  readonly #onDrain = (): void => {
    this.#wake?.()
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    this.destroy(`connection error: ${error.code ?? error.message}`)
  }

  readonly #onClose = (): void => {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    this.#wake?.()
    this.#listener.onClosed(this.#why)
  }
}
