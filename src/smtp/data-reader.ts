/** What a message's octets may not be: each of these ends a line for some servers and not for others (SMTP smuggling). */
export type ContentFault = 'bareCr' | 'bareLf' | 'nul'

const NUL = 0
const LF = 10
const CR = 13
const DOT = 46

/** Where in a line the next octet stands. Plain numbers: they are compared for every line of every message. */
const INSIDE = 0
const AFTER_CR = 1
const LINE_START = 2
const AFTER_DOT = 3
const AFTER_DOT_CR = 4

/**
 * Reads the data that follows 354 (RFC 5321 §4.1.1.4): finds its end, which is CRLF.CRLF and nothing else, and takes the
 * doubled dots out (RFC 5321 §4.5.2). Gives slices of what was pushed, without copying. Data with a bare CR, a bare LF or a NUL is
 * read to its real end all the same, so that the dialogue stays in step, but gives no more slices.
 */
export class DataReader {
  /** Set once the data breaks the rules. */
  fault: ContentFault | undefined
  /** CRLF.CRLF has been read. */
  done = false
  // The CRLF of the DATA line itself may be the first of the end (RFC 5321 §4.1.1.4).
  #place = LINE_START

  /**
   * Read on. Puts the message's octets into `pieces` in order, and gives how many octets of `chunk` belong to the data: all of
   * them, or less when it ends in this chunk.
   */
  push(chunk: Uint8Array, pieces: Uint8Array[]): number {
    const end = chunk.length
    let place = this.#place
    let from = 0
    let at = 0
    while (at < end) {
      if (place === INSIDE) {
        // Nearly every octet of every message is passed by here.
        while (at < end && (chunk[at] as number) > CR) at++
        if (at === end) break
        const octet = chunk[at++]
        if (octet === CR) place = AFTER_CR
        else if (octet === LF) this.#break('bareLf')
        else if (octet === NUL) this.#break('nul')
        continue
      }
      const octet = chunk[at] as number
      if (place === AFTER_CR || place === AFTER_DOT_CR) {
        if (octet === LF) {
          at++
          if (place === AFTER_DOT_CR) {
            this.#place = place
            this.done = true
            return at
          }
          place = LINE_START
          continue
        }
        this.#break('bareCr')
        place = INSIDE
        continue
      }
      if (octet === DOT && place === LINE_START) {
        this.#give(chunk, from, at, pieces)
        from = ++at
        place = AFTER_DOT
        continue
      }
      if (octet === CR && place === AFTER_DOT) {
        // Either the end or a fault: this CR is part of no message.
        this.#give(chunk, from, at, pieces)
        from = ++at
        place = AFTER_DOT_CR
        continue
      }
      place = INSIDE
    }
    this.#give(chunk, from, end, pieces)
    this.#place = place
    return end
  }

  #give(chunk: Uint8Array, from: number, to: number, pieces: Uint8Array[]): void {
    if (to > from && this.fault === undefined) pieces.push(chunk.subarray(from, to))
  }

  #break(fault: ContentFault): void {
    this.fault ??= fault
  }
}

/**
 * Checks content whose end is counted, not marked (BDAT, RFC 3030 §2): without BINARYMIME it is text all the same, and its
 * lines end in CRLF. Gives the first fault found.
 */
export class ContentCheck {
  fault: ContentFault | undefined
  #afterCr = false

  push(chunk: Uint8Array): void {
    if (this.fault !== undefined) return
    let afterCr = this.#afterCr
    for (let at = 0; at < chunk.length; at++) {
      const octet = chunk[at] as number
      if (octet > CR && !afterCr) continue
      if (afterCr !== (octet === LF)) {
        this.fault = afterCr ? 'bareCr' : 'bareLf'
        return
      }
      if (octet === NUL) {
        this.fault = 'nul'
        return
      }
      afterCr = octet === CR
    }
    this.#afterCr = afterCr
  }

  /** Tell that the content is over: a CR at its very end is a bare one. */
  finish(): void {
    if (this.#afterCr) this.fault ??= 'bareCr'
  }
}
