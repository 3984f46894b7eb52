import { createHash } from 'node:crypto'

const TAB = 9
const LF = 10
const CR = 13
const SP = 32
const CRLF = Buffer.from('\r\n')
/** A body may hold millions of empty lines in a row, and they all count in the moment that something follows. */
const LINE_ENDS = Buffer.alloc(32 * 1024, CRLF)

/** Ranges shorter than this are copied together before they are hashed: a call into the hash costs more than the copy. */
const WORTH_A_CALL = 4096
/** Filled and hashed within one call, so that all messages share it. */
const together = Buffer.allocUnsafeSlow(64 * 1024)

/**
 * The SHA-256 of a body in its relaxed form (RFC 6376 §3.4.4): runs of blanks are one space, blanks at the end of a line and empty
 * lines at the end of the body do not count. The pieces may be cut anywhere; nothing of the body is kept.
 */
export class RelaxedBodyHash {
  readonly #hash = createHash('sha256')
  #filled = 0
  /** Ends of lines that count only when something follows. */
  #lineEnds = 0
  /** Blanks that count only when something follows on the line. */
  #blanks = false
  /** A CR whose LF may be in the next piece. */
  #cr = false
  #empty = true

  update(piece: Uint8Array): void {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    const { length } = bytes
    let at = 0
    if (this.#cr && length > 0) {
      this.#cr = false
      if (bytes[0] === LF) {
        this.#endLine()
        at = 1
      } else this.#put(Buffer.of(CR), 0, 1)
    }
    // What stands from here on goes into the hash as it is.
    let start = at
    while (at < length) {
      const octet = bytes[at] as number
      if (octet > SP || (octet !== SP && octet !== CR && octet !== TAB)) {
        if (this.#blanks || this.#lineEnds > 0) {
          this.#settle()
          start = at
        }
        // To the end of the word.
        do at += 1
        while ((bytes[at] as number) > SP)
      } else if (octet === SP && !this.#blanks && this.#lineEnds === 0 && (bytes[at + 1] as number) > SP) {
        // One space between words stays as it is: most of a text.
        at += 1
      } else if (octet === CR) {
        if (at + 1 === length) {
          this.#put(bytes, start, at)
          this.#cr = true
          this.#flush()
          return
        }
        if (bytes[at + 1] !== LF) {
          // A CR alone is an octet like others.
          if (this.#blanks || this.#lineEnds > 0) {
            this.#settle()
            start = at
          }
          at += 1
        } else if (!this.#blanks && this.#lineEnds === 0 && at + 2 < length && (bytes[at + 2] as number) > SP) {
          // A line that ends, and another that begins: as it is.
          at += 2
        } else {
          this.#put(bytes, start, at)
          this.#endLine()
          at += 2
          start = at
        }
      } else {
        this.#put(bytes, start, at)
        this.#blanks = true
        at += 1
        start = at
      }
    }
    this.#put(bytes, start, length)
    this.#flush()
  }

  /** Give the hash; nothing may be added after. */
  digest(): Buffer {
    if (this.#cr) {
      this.#cr = false
      this.#put(Buffer.of(CR), 0, 1)
    }
    // RFC 6376 §3.4.4: a body that is not empty ends with one CRLF, also where it had none; an empty one is nothing at all.
    if (!this.#empty) this.#append(CRLF, 0, 2)
    this.#flush()
    return this.#hash.digest()
  }

  #endLine(): void {
    this.#blanks = false
    this.#lineEnds += 1
  }

  /** Something follows: what was held back counts. */
  #settle(): void {
    while (this.#lineEnds > 0) {
      const some = Math.min(this.#lineEnds, LINE_ENDS.length / 2)
      this.#append(LINE_ENDS, 0, 2 * some)
      this.#lineEnds -= some
    }
    if (this.#blanks) {
      this.#blanks = false
      this.#append(SPACE, 0, 1)
    }
  }

  #put(bytes: Buffer, start: number, end: number): void {
    if (end <= start) return
    this.#settle()
    this.#empty = false
    this.#append(bytes, start, end)
  }

  #append(bytes: Buffer, start: number, end: number): void {
    this.#empty = false
    const length = end - start
    if (this.#filled + length > together.length || length > WORTH_A_CALL) this.#flush()
    if (length > WORTH_A_CALL) this.#hash.update(bytes.subarray(start, end))
    else {
      bytes.copy(together, this.#filled, start, end)
      this.#filled += length
    }
  }

  #flush(): void {
    if (this.#filled > 0) this.#hash.update(together.subarray(0, this.#filled))
    this.#filled = 0
  }
}

const SPACE = Buffer.from(' ')
