import { printable } from '#base/printable.ts'
import { LineReader } from '#smtp/line-reader.ts'
import type { Reply, ReplyFault } from '#smtp/reply-reader.ts'
import type { ReplySource } from './wire.ts'

/** RFC 2449 §4: 512 octets; servers with more to say are heard. */
const LINE_OCTETS = 2048
const TEXT_CHARACTERS = 500
/** No line that ends comes to so much. */
const MOST_OCTETS = 64 * 1024

/** Reads what a POP3 server answers to commands with one line (RFC 1939 §3): `+OK` has the code 200, `-ERR` 500. */
export class PopReplyReader implements ReplySource {
  lines: readonly string[] = []
  fault: ReplyFault | undefined
  readonly #reader = new LineReader()
  /** Octets since the last line. */
  #octets = 0

  push(chunk: Buffer): void {
    this.#reader.push(chunk)
    this.#octets += chunk.length
  }

  get isEmpty(): boolean {
    return this.#reader.isEmpty
  }

  get unreadBytes(): number {
    return this.#reader.bufferedBytes
  }

  next(): Reply | undefined {
    const line = this.fault === undefined ? this.#reader.next(LINE_OCTETS) : undefined
    if (line === undefined) {
      if (this.#octets > MOST_OCTETS) this.fault ??= 'tooLong'
      return undefined
    }
    this.#octets = 0
    const match = typeof line === 'string' ? /^(\+OK|-ERR)(?: (.*))?$/.exec(line) : null
    if (match === null) {
      this.fault = 'notReply'
      return undefined
    }
    const text = match[2] ?? ''
    this.lines = [text]
    return { code: match[1] === '+OK' ? 200 : 500, text: printable(text, TEXT_CHARACTERS) }
  }
}
