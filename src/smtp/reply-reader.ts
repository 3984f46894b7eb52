import { printable } from '#base/printable.ts'

/** What a server answers: its text is an attacker's, cut to 500 printable characters, lines joined by a blank. */
export interface Reply {
  readonly code: number
  /** Enhanced status code (RFC 3463), where it gives one that fits its code. */
  readonly status?: string
  readonly text: string
}

/** Why octets are no reply. Nothing that follows can be trusted to be one. */
export type ReplyFault = 'notReply' | 'codesDiffer' | 'tooLong'

/** RFC 5321 §4.5.3.1.5 allows 512 octets a line; what is longer is read, and forgotten beyond this. */
const LINE_OCTETS = 2048
const REPLY_OCTETS = 64 * 1024
const REPLY_LINES = 100
const TEXT_CHARACTERS = 500

const LF = 10
const CR = 13
const BLANK = 32
const HYPHEN = 45
const ZERO = 48

const PRINTABLE_ASCII = /^[ -~]*$/
// RFC 2034 §3: class, subject and detail, then the text.
const STATUS = /^([245])\.\d{1,3}\.\d{1,3}(?= |$)/

/**
 * Reads what a server answers (RFC 5321 §4.2), reply by reply. The same octets give the same replies wherever they are cut. A line may
 * end in a bare LF as well: in a reply nothing hides behind it. Holds one line in part and the text of one reply at most beyond what
 * was pushed and not read; after a fault it gives nothing but the fault.
 */
export class ReplyReader {
  /** The lines of the reply that `next` gave last, without their codes. */
  lines: readonly string[] = []
  fault: ReplyFault | undefined
  #chunk: Buffer | undefined
  #start = 0
  /** The beginning of a line whose end has not come. */
  #held: Buffer | undefined
  /** Octets of that line beyond what is held. */
  #forgotten = 0
  /** The reply in progress: its code, its lines, its octets. */
  #code = 0
  #lines: string[] = []
  #octets = 0

  push(chunk: Buffer): void {
    if (chunk.length === 0 || this.fault !== undefined) return
    this.#chunk = this.#chunk === undefined ? chunk : Buffer.concat([this.#chunk.subarray(this.#start), chunk])
    this.#start = 0
  }

  /** False while anything is there that `next` has not given: a reply, or a part of one. */
  get isEmpty(): boolean {
    return this.#chunk === undefined && this.#held === undefined && this.#code === 0
  }

  /** Octets pushed and not looked at. */
  get unreadBytes(): number {
    return this.#chunk === undefined ? 0 : this.#chunk.length - this.#start
  }

  /** Take the next reply; undefined when it has not come whole, or never will (`fault` says so). */
  next(): Reply | undefined {
    while (this.#chunk !== undefined && this.fault === undefined) {
      const chunk = this.#chunk
      const start = this.#start
      const end = chunk.indexOf(LF, start)
      if (end === -1) {
        this.#advance(chunk.length)
        this.#hold(chunk.subarray(start))
        break
      }
      this.#advance(end + 1)
      const reply =
        this.#held === undefined ? this.#take(chunk, start, end) : this.#takeHeld(chunk.subarray(start, end))
      if (reply !== undefined) return reply
    }
    return undefined
  }

  #advance(to: number): void {
    const chunk = this.#chunk as Buffer
    this.#start = to
    if (to === chunk.length) this.#chunk = undefined
  }

  /** Keep the beginning of a line; the rest of a very long one is only counted. */
  #hold(part: Buffer): void {
    const held = this.#held ?? Buffer.alloc(0)
    const kept = part.subarray(0, Math.max(0, LINE_OCTETS - held.length))
    this.#held = Buffer.concat([held, kept])
    this.#forgotten += part.length - kept.length
    if (this.#octets + this.#held.length + this.#forgotten > REPLY_OCTETS) this.#fail('tooLong')
  }

  #takeHeld(rest: Buffer): Reply | undefined {
    this.#hold(rest)
    const line = this.#held as Buffer
    this.#held = undefined
    this.#octets += this.#forgotten
    this.#forgotten = 0
    return this.fault === undefined ? this.#take(line, 0, line.length) : undefined
  }

  /** Take one line without its LF. */
  #take(chunk: Buffer, start: number, lineEnd: number): Reply | undefined {
    this.#octets += lineEnd - start + 1
    let end = Math.min(lineEnd, start + LINE_OCTETS)
    if (end > start && chunk[end - 1] === CR) end--
    const code = readCode(chunk, start, end)
    if (code === undefined) return this.#fail('notReply')
    if (this.#code !== 0 && this.#code !== code) return this.#fail('codesDiffer')
    if (this.#octets > REPLY_OCTETS || this.#lines.length === REPLY_LINES) return this.#fail('tooLong')
    this.#code = code
    this.#lines.push(chunk.toString('utf8', start + 4, Math.max(end, start + 4)))
    if (end > start + 3 && chunk[start + 3] === HYPHEN) return undefined
    return this.#finish()
  }

  #finish(): Reply {
    const code = this.#code
    const lines = this.#lines
    this.lines = lines
    this.#lines = []
    this.#code = 0
    this.#octets = 0
    return makeReply(code, lines)
  }

  #fail(fault: ReplyFault): undefined {
    this.fault = fault
    this.#chunk = undefined
    this.#held = undefined
    this.#lines = []
    return undefined
  }
}

/** RFC 5321 §4.2: three digits, of which the first is 2 to 5, then a blank, a hyphen or the end. */
function readCode(chunk: Buffer, start: number, end: number): number | undefined {
  if (end < start + 3) return undefined
  const after = end === start + 3 ? BLANK : chunk[start + 3]
  if (after !== BLANK && after !== HYPHEN) return undefined
  const first = (chunk[start] as number) - ZERO
  const second = (chunk[start + 1] as number) - ZERO
  const third = (chunk[start + 2] as number) - ZERO
  // RFC 5321 §4.2.1 knows second digits up to 5; others are in use all the same.
  if (first < 2 || first > 5 || second < 0 || second > 9 || third < 0 || third > 9) return undefined
  return first * 100 + second * 10 + third
}

function makeReply(code: number, lines: readonly string[]): Reply {
  const status = STATUS.exec(lines[0] as string)
  // A status of another class than the code's says nothing (RFC 2034 §3).
  if (status === null || Number(status[1]) !== Math.floor(code / 100)) return { code, text: readable(lines.join(' ')) }
  const [found] = status
  // RFC 2034 §4: every line repeats it.
  const texts = lines.map((line) => (line.startsWith(found) ? line.slice(found.length).trimStart() : line))
  return { code, status: found, text: readable(texts.join(' ')) }
}

function readable(text: string): string {
  if (text.length <= TEXT_CHARACTERS && PRINTABLE_ASCII.test(text)) return text.trim()
  return printable(text.slice(0, TEXT_CHARACTERS)).slice(0, TEXT_CHARACTERS).trim()
}
