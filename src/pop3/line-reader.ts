/** What is wrong with a line; the name is that of its reply. */
export type LineTrouble = 'lineTooLong' | 'badLine'

export type Line = { readonly trouble: LineTrouble } | string

const TOO_LONG: Line = { trouble: 'lineTooLong' }
const BAD_LINE: Line = { trouble: 'badLine' }

/**
 * Cuts what a client sends into command lines. Strict: a line ends in CRLF and holds neither NUL nor another CR, and what is
 * not ASCII is UTF-8 (RFC 6856 §2). A line that is too long costs no memory and is reported once, at its end.
 */
export class LineReader {
  #bytes: Buffer | undefined
  #at = 0
  #skipping = false

  /** Bytes received and not yet given out. */
  get bufferedBytes(): number {
    return this.#bytes === undefined ? 0 : this.#bytes.length - this.#at
  }

  /** Take the next bytes from the client; the reader keeps the buffer until its lines are given out. */
  push(chunk: Buffer): void {
    this.#bytes = this.#bytes === undefined ? chunk : Buffer.concat([this.#bytes.subarray(this.#at), chunk])
    this.#at = 0
  }

  /** Give the next whole line without its CRLF, or what is wrong with it; undefined until one is complete. `mostBytes` counts the CRLF. */
  next(mostBytes: number): Line | undefined {
    const bytes = this.#bytes
    if (bytes === undefined) return undefined
    const start = this.#at
    const newline = bytes.indexOf(0x0a, start)
    if (newline === -1) {
      this.#keep(bytes, start, mostBytes)
      return undefined
    }
    this.#at = newline + 1
    if (this.#at === bytes.length) this.#forget()
    if (this.#skipping || newline + 1 - start > mostBytes) {
      this.#skipping = false
      return TOO_LONG
    }
    return decodeLine(bytes, start, newline)
  }

  /** Drop everything that is buffered. */
  clear(): void {
    this.#forget()
    this.#skipping = false
  }

  #forget(): void {
    this.#bytes = undefined
    this.#at = 0
  }

  /** Keep the beginning of a line as a small copy, so that an idle session does not hold on to a whole receive buffer. */
  #keep(bytes: Buffer, start: number, mostBytes: number): void {
    if (this.#skipping || bytes.length - start >= mostBytes) {
      this.#skipping = true
      this.#forget()
    } else if (start > 0 || bytes.length < bytes.buffer.byteLength) {
      this.#bytes = Buffer.from(bytes.subarray(start))
      this.#at = 0
    }
  }
}

function decodeLine(bytes: Buffer, start: number, newline: number): Line {
  const end = newline - 1
  if (end < start || bytes[end] !== 0x0d) return BAD_LINE
  const text = bytes.toString('latin1', start, end)
  if (!/[\0\r\x80-\xff]/.test(text)) return text
  if (/[\0\r]/.test(text)) return BAD_LINE
  const decoded = bytes.toString('utf8', start, end)
  return decoded.includes('\ufffd') ? BAD_LINE : decoded
}
