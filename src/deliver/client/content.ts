import type { Reply } from '#smtp/reply-reader.ts'
import { WireText } from '#smtp/wire-text.ts'
import type { Envelope } from '../contract.ts'
import type { Lost, Wire } from './wire.ts'

/** RFC 5321 §4.5.3.2.5. */
const BLOCK_MS = 180_000
const BLOCK_BYTES = 64 * 1024

/** Give the content as one `BDAT n LAST` with its octets (RFC 3030 §2), behind the commands of its group; `bytes` counts the content. */
export async function gatherContent(
  { content }: Envelope,
  group: string,
): Promise<{ readonly octets: Uint8Array; readonly bytes: number }> {
  const text = new WireText('bdat')
  const parts: Uint8Array[] = []
  let bytes = 0
  const pieces = content()
  if (Symbol.iterator in pieces) for (const piece of pieces) bytes += text.push(piece, parts)
  else for await (const piece of pieces) bytes += text.push(piece, parts)
  const end = text.finish()
  parts.push(end)
  bytes += end.length
  const commands = `${group}BDAT ${bytes} LAST\r\n`
  const commandBytes = Buffer.byteLength(commands)
  const octets = Buffer.allocUnsafe(commandBytes + bytes)
  octets.write(commands)
  let at = commandBytes
  for (const part of parts) {
    octets.set(part, at)
    at += part.length
  }
  return { octets, bytes }
}

/**
 * Send the content and its end (RFC 5321 §4.1.1.4), as fast as the server takes it; what fits one block goes in one write. Gives what
 * the server said before the end was sent, or that the connection is gone: then the end has not been sent.
 */
export async function sendContent({ content, sent }: Envelope, wire: Wire): Promise<Reply | Lost | undefined> {
  const sender = new ContentSender(wire, sent)
  const pieces = content()
  if (Symbol.iterator in pieces) {
    for (const piece of pieces) if (!sender.add(piece) && !(await sender.goesOn())) break
  } else {
    for await (const piece of pieces) if (!sender.add(piece) && !(await sender.goesOn())) break
  }
  return sender.finish()
}

class ContentSender {
  readonly #wire: Wire
  readonly #sent: (bytes: number) => void
  readonly #text = new WireText('data')
  #parts: Uint8Array[] = []
  #waiting = 0
  #bytes = 0
  #early: Reply | Lost | undefined

  constructor(wire: Wire, sent: (bytes: number) => void) {
    this.#wire = wire
    this.#sent = sent
  }

  /** Take a piece; false when `goesOn` must be asked before the next. */
  add(piece: Uint8Array): boolean {
    this.#bytes += piece.length
    this.#waiting += this.#text.push(piece, this.#parts)
    return this.#waiting < BLOCK_BYTES || this.#write()
  }

  /** Wait until what was written has gone out; false when nothing more can. */
  async goesOn(): Promise<boolean> {
    if (this.#early !== undefined) return false
    const lost = await this.#wire.drained(BLOCK_MS)
    // A server that refuses in the middle often says why before it closes.
    if (lost !== undefined) this.#early = this.#wire.next() ?? lost
    return lost === undefined
  }

  finish(): Reply | Lost | undefined {
    if (this.#early !== undefined) return this.#early
    const end = this.#text.finish()
    this.#parts.push(end)
    this.#waiting += end.length
    this.#write()
    return this.#early
  }

  #write(): boolean {
    this.#early = this.#wire.next()
    if (this.#early !== undefined) return false
    const [first] = this.#parts
    const octets = this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts, this.#waiting)
    const taken = this.#wire.write(octets)
    this.#parts = []
    this.#waiting = 0
    this.#sent(this.#bytes)
    return taken
  }
}
