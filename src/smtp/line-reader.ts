import { isAscii } from '#base/ascii.ts'

/** Why a line is no command line. After `bareLf`, `bareCr` and `nul` nothing that follows can be trusted to be a line. */
export type LineFault = 'tooLong' | 'bareLf' | 'bareCr' | 'nul' | 'notUtf8'

export type Line = string | { readonly fault: LineFault }

const LF = 10
const CR = 13
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const FAULTS = Object.freeze({
  tooLong: Object.freeze({ fault: 'tooLong' }),
  bareLf: Object.freeze({ fault: 'bareLf' }),
  bareCr: Object.freeze({ fault: 'bareCr' }),
  nul: Object.freeze({ fault: 'nul' }),
  notUtf8: Object.freeze({ fault: 'notUtf8' }),
}) satisfies { readonly [F in LineFault]: { readonly fault: F } }

/**
 * What a client has sent and nobody has used yet: taken line by line while it talks in commands, and as it is while it sends
 * a message. The same bytes give the same lines wherever they are cut. Holds at most the line in progress beyond what was
 * pushed and not taken: a line over the limit is forgotten while it comes.
 */
export class LineReader {
  /** The chunk in use, from `#start` on; it begins with the line in progress. */
  #chunk: Buffer | undefined
  #start = 0
  /** Bytes of the line in progress that hold no LF, so they need not be looked at again. */
  #scanned = 0
  #queue: Buffer[] | undefined
  /** Octets of an overlong line that were forgotten. */
  #forgotten = 0
  #forgottenEndsInCr = false

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    if (this.#chunk === undefined) this.#chunk = chunk
    else if (this.#queue === undefined) this.#queue = [chunk]
    else this.#queue.push(chunk)
  }

  get isEmpty(): boolean {
    return this.#chunk === undefined
  }

  /** Octets pushed and not taken. */
  get bufferedBytes(): number {
    let bytes = this.#chunk === undefined ? 0 : this.#chunk.length - this.#start
    if (this.#queue !== undefined) for (const chunk of this.#queue) bytes += chunk.length
    return bytes
  }

  /**
   * Take one line without its CRLF; undefined when it has not come whole. `limit` counts octets, CRLF included
   * (RFC 5321 §4.5.3.1.4). Only CRLF ends a line (RFC 5321 §2.3.8); octets beyond ASCII must be UTF-8 (RFC 6531 §3.1).
   */
  next(limit: number): Line | undefined {
    for (;;) {
      const chunk = this.#chunk
      if (chunk === undefined) return undefined
      const end = chunk.indexOf(LF, this.#start + this.#scanned)
      if (end !== -1) return this.#takeLine(chunk, end, limit)
      this.#scanned = chunk.length - this.#start
      if (this.#forgotten + this.#scanned > limit) this.#forget(chunk)
      else if (!this.#join(chunk)) return undefined
    }
  }

  /** Take up to `most` octets as they came; undefined when there are none. */
  take(most = Number.POSITIVE_INFINITY): Buffer | undefined {
    const chunk = this.#chunk
    if (chunk === undefined) return undefined
    this.#scanned = 0
    if (chunk.length - this.#start > most) {
      const piece = chunk.subarray(this.#start, this.#start + most)
      this.#start += most
      return piece
    }
    const piece = this.#start === 0 ? chunk : chunk.subarray(this.#start)
    this.#advance()
    return piece
  }

  /** Give back the end of what `take` gave. */
  putBack(rest: Buffer): void {
    if (rest.length === 0) return
    if (this.#chunk !== undefined) {
      const chunk = this.#start === 0 ? this.#chunk : this.#chunk.subarray(this.#start)
      if (this.#queue === undefined) this.#queue = [chunk]
      else this.#queue.unshift(chunk)
    }
    this.#chunk = rest
    this.#start = 0
    this.#scanned = 0
  }

  #takeLine(chunk: Buffer, end: number, limit: number): Line {
    const start = this.#start
    const octets = this.#forgotten + end + 1 - start
    const endsInCr = end > start ? chunk[end - 1] === CR : this.#forgottenEndsInCr
    const forgotten = this.#forgotten > 0
    this.#forgotten = 0
    this.#scanned = 0
    this.#start = end + 1
    if (this.#start === chunk.length) this.#advance()
    if (!endsInCr) return FAULTS.bareLf
    if (forgotten || octets > limit) return FAULTS.tooLong
    return readLine(chunk, start, end - 1)
  }

  /** Drop an overlong line's octets and remember how many, so that its end still answers once. */
  #forget(chunk: Buffer): void {
    this.#forgotten += this.#scanned
    this.#forgottenEndsInCr = chunk[chunk.length - 1] === CR
    this.#scanned = 0
    this.#advance()
  }

  /** Put the next chunk behind the line in progress; false when there is none. */
  #join(chunk: Buffer): boolean {
    const next = this.#queue?.shift()
    if (next === undefined) return false
    this.#chunk = Buffer.concat([chunk.subarray(this.#start), next])
    this.#start = 0
    return true
  }

  #advance(): void {
    this.#chunk = this.#queue?.shift()
    if (this.#queue?.length === 0) this.#queue = undefined
    this.#start = 0
  }
}

function readLine(chunk: Buffer, start: number, end: number): Line {
  const text = chunk.toString('latin1', start, end)
  if (text.includes('\r')) return FAULTS.bareCr
  if (text.includes('\0')) return FAULTS.nul
  if (isAscii(text)) return text
  try {
    return UTF8.decode(chunk.subarray(start, end))
  } catch {
    return FAULTS.notUtf8
  }
}
