import type { Socket } from 'node:net'
import type { Alarm, Clock } from '#base/clock.ts'
import { type Reply, type ReplyFault, ReplyReader } from '#smtp/reply-reader.ts'
import { socketErrorText } from './socket-error.ts'

/** Why nothing more comes over a connection: a phrase that follows the server's name. */
export interface Lost {
  readonly lost: string
  /** It may still be at work on what it was sent. */
  readonly late?: true
}

/** What makes replies of octets: SMTP's reader, or another protocol's. */
export type ReplySource = Pick<ReplyReader, 'push' | 'next' | 'isEmpty' | 'unreadBytes' | 'fault' | 'lines'>

/** Octets that may lie unread; a server that sends more unasked is cut off. */
const MOST_UNREAD = 64 * 1024

const FAULTS: { readonly [F in ReplyFault]: string } = {
  notReply: 'answered with a line that is no reply',
  codesDiffer: 'answered with lines of different codes',
  tooLong: 'answered with more than 64 KiB or 100 lines',
}

/** Tell whether what was waited for did not come. */
export function isLost(answer: Reply | Lost | undefined): answer is Lost {
  return answer !== undefined && 'lost' in answer
}

/**
 * One connection to a server: octets out, replies in. Memory stays bounded whatever comes, and every wait has an end: a reply must have
 * come whole within its time, however its octets trickle.
 */
export class Wire {
  readonly socket: Socket
  readonly #clock: Clock
  readonly #reader: ReplySource
  #lost: Lost | undefined
  #waiter: ((answer: Reply | Lost) => void) | undefined
  #drained: ((lost: Lost | undefined) => void) | undefined
  /** When the wait under way ends, and when the alarm rings: it is set anew only when it would ring too late. */
  #dueMs = 0
  #limitMs = 0
  #isBounded = false
  #latestMs = Number.POSITIVE_INFINITY
  #spanMs = 0
  #alarm: Alarm | undefined
  #alarmMs = 0

  constructor(socket: Socket, clock: Clock, reader: ReplySource = new ReplyReader()) {
    this.socket = socket
    this.#clock = clock
    this.#reader = reader
    socket.on('data', this.#onData)
    socket.on('drain', this.#onDrain)
    socket.on('error', this.#onError)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onEnd)
  }

  /** True while it is open and nothing lies there that was not asked for. */
  get isInStep(): boolean {
    return this.#lost === undefined && this.#reader.isEmpty
  }

  /** Why nothing more comes; undefined while it is open. */
  get lost(): Lost | undefined {
    return this.#lost
  }

  /** The lines of the reply that was read last. */
  get lines(): readonly string[] {
    return this.#reader.lines
  }

  /** Send octets; false when the other side is slow to take them: wait for `drained` before sending more. */
  write(octets: string | Uint8Array): boolean {
    return this.#lost !== undefined || this.socket.write(octets)
  }

  /**
   * Bound all that is waited for from now on, whatever its own limits, until it is bound anew: the span may have begun before, and
   * `leftMs` are left of it.
   */
  bound(spanMs: number, leftMs = spanMs): void {
    this.#latestMs = this.#clock.monotonicMs() + leftMs
    this.#spanMs = spanMs
  }

  /** Give a reply that has come already. */
  next(): Reply | Lost | undefined {
    return this.#reader.next() ?? this.#broken()
  }

  /** Wait for the next reply, at most `limitMs`. */
  reply(limitMs: number): Reply | Lost | Promise<Reply | Lost> {
    const here = this.next() ?? this.#lost
    if (here !== undefined) return here
    return new Promise((resolve) => {
      this.#waiter = resolve
      this.#await(limitMs)
    })
  }

  /** Wait until what was written has gone out, at most `limitMs`. */
  async drained(limitMs: number): Promise<Lost | undefined> {
    if (this.#lost !== undefined || !this.socket.writableNeedDrain) return this.#lost
    return new Promise((resolve) => {
      this.#drained = resolve
      this.#await(limitMs)
    })
  }

  /** Hand the socket over to TLS: nothing is read by this wire any more. */
  detach(): Socket {
    this.#release()
    return this.socket
  }

  /** Close at once, or, after what is written, when the other side has closed too or `graceMs` have passed. */
  close(graceMs = 0): void {
    this.#fail({ lost: 'is not spoken to any more' })
    this.#release()
    this.socket.on('error', ignore)
    if (graceMs === 0 || this.socket.destroyed) {
      this.socket.destroy()
      return
    }
    this.socket.end()
    // What still comes (the answer to QUIT) is thrown away; unread it would turn the closing into a reset.
    this.socket.resume()
    const alarm = this.#clock.after(graceMs, () => this.socket.destroy())
    this.socket.once('close', () => alarm.cancel())
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#reader.push(chunk)
    if (this.#waiter === undefined) {
      if (this.#reader.unreadBytes > MOST_UNREAD) this.#cut({ lost: 'sent more than it was asked for' })
      return
    }
    const answer = this.next()
    if (answer !== undefined) this.#answer(answer)
  }

  readonly #onDrain = (): void => {
    const drained = this.#drained
    this.#drained = undefined
    drained?.(undefined)
  }

  readonly #onError = (error: Error): void => {
    this.#fail({ lost: `lost the connection: ${socketErrorText(error)}` })
  }

  readonly #onEnd = (): void => {
    this.#fail({ lost: 'closed the connection' })
  }

  readonly #onAlarm = (): void => {
    this.#alarm = undefined
    if (this.#waiter === undefined && this.#drained === undefined) return
    const leftMs = this.#dueMs - this.#clock.monotonicMs()
    if (leftMs > 0) this.#ring(leftMs)
    else this.#late()
  }

  #late(): void {
    const seconds = Math.round(this.#limitMs / 1000)
    const lost = this.#isBounded
      ? `took more than ${seconds} seconds in all`
      : `did not answer within ${seconds} seconds`
    this.#cut({ lost, late: true })
  }

  #await(limitMs: number): void {
    const nowMs = this.#clock.monotonicMs()
    this.#isBounded = this.#latestMs < nowMs + limitMs
    this.#limitMs = this.#isBounded ? this.#spanMs : limitMs
    this.#dueMs = this.#isBounded ? this.#latestMs : nowMs + limitMs
    if (this.#dueMs <= nowMs) {
      this.#late()
      return
    }
    if (this.#alarm !== undefined && this.#alarmMs <= this.#dueMs) return
    this.#alarm?.cancel()
    this.#ring(this.#dueMs - nowMs)
  }

  #ring(spanMs: number): void {
    this.#alarmMs = this.#dueMs
    // Timers round down: one that rang a moment early would be set again and again.
    this.#alarm = this.#clock.after(Math.ceil(spanMs), this.#onAlarm)
  }

  #broken(): Lost | undefined {
    const { fault } = this.#reader
    if (fault === undefined) return undefined
    this.#cut({ lost: FAULTS[fault] })
    return this.#lost
  }

  #answer(answer: Reply | Lost): void {
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.(answer)
  }

  #cut(lost: Lost): void {
    this.#fail(lost)
    this.socket.destroy()
  }

  #fail(lost: Lost): void {
    this.#lost ??= lost
    this.#alarm?.cancel()
    this.#alarm = undefined
    this.#answer(this.#lost)
    const drained = this.#drained
    this.#drained = undefined
    drained?.(this.#lost)
  }

  #release(): void {
    this.#alarm?.cancel()
    this.#alarm = undefined
    this.socket.off('data', this.#onData)
    this.socket.off('drain', this.#onDrain)
    this.socket.off('error', this.#onError)
    this.socket.off('end', this.#onEnd)
    this.socket.off('close', this.#onEnd)
  }
}

function ignore(): void {}
