const LF = 10
const CR = 13
const DOT = 46

const CRLF = Buffer.from('\r\n')
const ONE_DOT = Buffer.from('.')
const END = Buffer.from('.\r\n')
const LINE_END = Buffer.from('\r\n.\r\n')
const NOTHING = Buffer.alloc(0)

/** Where the next octet stands. Plain numbers: they are compared for every line of every message. */
const INSIDE = 0
const AFTER_CR = 1
const LINE_START = 2

/**
 * Turns content into what goes over the wire. For DATA a dot that begins a line is doubled (RFC 5321 §4.5.2); for BDAT the octets are
 * counted, and dots stay. Gives slices of what was pushed, without copying.
 *
 * A CR or LF that stands alone becomes CRLF: it must not be sent (RFC 5321 §2.3.8), and if it were, `LF . LF` would end the message for
 * some servers, and what follows would be commands to them (SMTP smuggling). No message that came by SMTP holds one.
 */
export class WireText {
  readonly #dots: boolean
  #place = LINE_START

  constructor(as: 'data' | 'bdat') {
    this.#dots = as === 'data'
  }

  /** Put a piece of content, as it goes over the wire, behind `out`. Gives the octets that were added. */
  push(piece: Uint8Array, out: Uint8Array[]): number {
    const end = piece.length
    let place = this.#place
    let from = 0
    let at = 0
    let added = 0
    while (at < end) {
      if (place === INSIDE) {
        // Nearly every octet of every message is passed by here.
        while (at < end && (piece[at] as number) > CR) at++
        if (at === end) break
        const octet = piece[at] as number
        if (octet === CR) {
          at++
          place = AFTER_CR
        } else if (octet === LF) {
          added += this.#mend(piece, from, at, out)
          from = ++at
          place = LINE_START
        } else at++
        continue
      }
      const octet = piece[at] as number
      if (place === AFTER_CR) {
        if (octet === LF) at++
        else {
          // A bare CR: its CR has been given, or is given now.
          if (at > from) out.push(piece.subarray(from, at))
          out.push(CRLF.subarray(1))
          added += at - from + 1
          from = at
        }
        place = LINE_START
        continue
      }
      // LINE_START
      if (octet === DOT && this.#dots) {
        if (at > from) out.push(piece.subarray(from, at))
        out.push(ONE_DOT)
        added += at - from + 1
        from = at
        at++
        place = INSIDE
      } else place = INSIDE
    }
    if (end > from) {
      out.push(from === 0 ? piece : piece.subarray(from, end))
      added += end - from
    }
    this.#place = place
    return added
  }

  /** Give what ends the content: the line's end where it has none, and for DATA the dot. */
  finish(): Uint8Array {
    const place = this.#place
    this.#place = LINE_START
    if (place === AFTER_CR) return this.#dots ? LINE_END.subarray(1) : CRLF.subarray(1)
    if (place === LINE_START) return this.#dots ? END : NOTHING
    return this.#dots ? LINE_END : NOTHING
  }

  /** Give what stands before a bare LF, and CRLF in its place. */
  #mend(piece: Uint8Array, from: number, at: number, out: Uint8Array[]): number {
    if (at > from) out.push(piece.subarray(from, at))
    out.push(CRLF)
    return at - from + 2
  }
}
