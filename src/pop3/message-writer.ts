const LF = 0x0a
const CR = 0x0d
const LF_DOT = Buffer.from('\n.')
const END = Buffer.from('.\r\n')
const END_AFTER_BROKEN_LINE = Buffer.from('\r\n.\r\n')

/**
 * Writes a message as a multi-line reply (RFC 1939 §3), piece by piece: a dot that begins a line is doubled, and the end is a dot
 * on a line of its own, after a CRLF that is added when the message does not end in one.
 *
 * A bare LF counts as a line end here too. Mail that came in by SMTP has none; in mail that does, most clients (they read up to
 * an LF) would else take `LF . CRLF` for the end, and the sender's next bytes for the next reply.
 */
export class MessageWriter {
  #lastByte = LF
  #endsInCrlf = true

  /** Give the bytes to send for the next piece: the piece itself where nothing in it is to be doubled. */
  stuff(piece: Buffer): Buffer {
    if (piece.length === 0) return piece
    const dotFirst = this.#lastByte === LF && piece[0] === 0x2e
    const last = piece[piece.length - 1] as number
    this.#endsInCrlf = last === LF && (piece.length > 1 ? piece[piece.length - 2] : this.#lastByte) === CR
    this.#lastByte = last
    return dotFirst || piece.includes(LF_DOT) ? doubleDots(piece, dotFirst) : piece
  }

  /** Give what follows the last piece. */
  end(): Buffer {
    return this.#endsInCrlf ? END : END_AFTER_BROKEN_LINE
  }
}

/** Copy a piece with each dot after an LF, and the first byte if asked, doubled. */
function doubleDots(piece: Buffer, dotFirst: boolean): Buffer {
  let dots = dotFirst ? 1 : 0
  for (let at = piece.indexOf(LF_DOT); at !== -1; at = piece.indexOf(LF_DOT, at + 2)) dots += 1
  const stuffed = Buffer.allocUnsafe(piece.length + dots)
  let from = 0
  let to = 0
  if (dotFirst) stuffed[to++] = 0x2e
  for (let at = piece.indexOf(LF_DOT); at !== -1; at = piece.indexOf(LF_DOT, at + 2)) {
    to += piece.copy(stuffed, to, from, at + 2)
    stuffed[to++] = 0x2e
    from = at + 2
  }
  piece.copy(stuffed, to, from)
  return stuffed
}

/** Cuts a message after its header, the blank line and a number of body lines (TOP, RFC 1939 §7). */
export class TopCutter {
  #bodyLinesLeft: number
  #inHeader = true
  /** What the line under way holds before the current piece: nothing, a CR alone, or more. */
  #begun: 'nothing' | 'cr' | 'more' = 'nothing'

  constructor(bodyLines: number) {
    this.#bodyLinesLeft = bodyLines
  }

  /** Tell whether all that was asked for has been given. */
  get done(): boolean {
    return !this.#inHeader && this.#bodyLinesLeft === 0
  }

  /** Give the part of the next piece that belongs to the answer. */
  cut(piece: Buffer): Buffer {
    let lineStart = 0
    while (!this.done) {
      const newline = piece.indexOf(LF, lineStart)
      if (newline === -1) {
        this.#note(piece, lineStart)
        return piece
      }
      if (!this.#inHeader) this.#bodyLinesLeft -= 1
      else if (this.#isBlank(piece, lineStart, newline)) this.#inHeader = false
      this.#begun = 'nothing'
      lineStart = newline + 1
    }
    return piece.subarray(0, lineStart)
  }

  #isBlank(piece: Buffer, lineStart: number, newline: number): boolean {
    const here = newline - lineStart
    if (this.#begun === 'nothing') return here === 0 || (here === 1 && piece[lineStart] === CR)
    return this.#begun === 'cr' && here === 0
  }

  #note(piece: Buffer, lineStart: number): void {
    const here = piece.length - lineStart
    if (here === 0) return
    this.#begun = this.#begun === 'nothing' && here === 1 && piece[lineStart] === CR ? 'cr' : 'more'
  }
}
