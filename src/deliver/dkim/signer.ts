import type { Awaitable, QueueEntry } from '#store/contract.ts'
import { asciiDomain, authorDomain } from './author-domain.ts'
import { parseHeaderFields } from './header-fields.ts'
import { RelaxedBodyHash } from './relaxed-body.ts'
import { makeSignature, type SigningKey } from './signature.ts'
import { chooseSigned } from './signed-fields.ts'

/** What a message is signed by: whose it is. Entries of one message agree in it. */
export type SignedFor = Pick<QueueEntry, 'messageId' | 'sender' | 'user' | 'ip'>

type Content = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

export interface Signer {
  /**
   * Give the DKIM-Signature lines (with their CRLF) to stand before a message; undefined when it is not to be signed. `content` gives the
   * message as it goes out, and is called only where there is a key. Rejects with a Fault when a key cannot be opened: the
   * message is then to wait, for unsigned it may be refused for good.
   */
  sign(message: SignedFor, content: () => Awaitable<Content | undefined>): Promise<Uint8Array | undefined>
}

export interface SignerParts {
  /** The keys that sign for a domain (lower case, A-labels); none where it is not ours or nothing is published. */
  readonly keysOf: (domain: string) => Promise<readonly SigningKey[]>
  readonly nowMs: () => number
}

/** A longer header is not signed, and not kept in memory. */
const MOST_HEADER_OCTETS = 512 * 1024
/** Messages whose signatures are kept for their further recipients and tries, and for how long. */
const MOST_KEPT = 1000
const KEPT_MS = 3_600_000
/** After so much of a body the thread's other work has its turn. */
const TURN_OCTETS = 1024 * 1024

/** Create what signs mail that leaves (RFC 6376, RFC 8463): once a message, however many recipients it has. */
export function createSigner({ keysOf, nowMs }: SignerParts): Signer {
  const kept = new Map<number, { readonly lines: Promise<Uint8Array | undefined>; readonly atMs: number }>()

  async function sign(message: SignedFor, content: () => Awaitable<Content | undefined>) {
    const vouched = vouchedDomains(message)
    const keys = new Map<string, readonly SigningKey[]>()
    for (const domain of vouched) {
      const found = await keysOf(domain)
      if (found.length > 0) keys.set(domain, found)
    }
    const madeHere = isMadeHere(message)
    if (keys.size === 0 && !madeHere) return undefined

    const pieces = await content()
    const read = pieces === undefined ? undefined : await readMessage(pieces)
    if (read === undefined) return undefined
    const { signed, author } = read
    // The author's domain is the one that counts (RFC 7489 §3.1.1), where the message may speak for it.
    const domain = author !== undefined && (madeHere || keys.has(author)) ? author : keys.keys().next().value
    if (domain === undefined) return undefined
    const signing = keys.get(domain) ?? (await keysOf(domain))
    if (signing.length === 0) return undefined
    const at = nowMs()
    const lines = await Promise.all(signing.map((key) => makeSignature(key, { ...signed, nowMs: at })))
    return Buffer.from(lines.join(''), 'latin1')
  }

  return {
    sign(message, content) {
      const { messageId } = message
      const before = kept.get(messageId)
      if (before !== undefined && nowMs() - before.atMs < KEPT_MS) return before.lines
      const lines = sign(message, content)
      kept.delete(messageId)
      kept.set(messageId, { lines, atMs: nowMs() })
      const forget = () => {
        if (kept.get(messageId)?.lines === lines) kept.delete(messageId)
      }
      // What went wrong, or was not to be signed, is asked anew: a key may be there then.
      lines.then((signed) => signed ?? forget(), forget)
      if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value as number)
      return lines
    },
  }
}

/**
 * The domains that a message may speak for: its sender's, which the gate has checked against login and address, and that of the user
 * who sent it. Not the one its From field names alone: mail from outside that is forwarded would get our word for a forged author.
 */
function vouchedDomains({ sender, user = '' }: SignedFor): ReadonlySet<string> {
  const domains = new Set<string>()
  for (const address of [sender, user]) {
    const domain = asciiDomain(address.slice(address.lastIndexOf('@') + 1))
    if (domain !== undefined) domains.add(domain)
  }
  return domains
}

/** A report of ours: no client brought it. */
function isMadeHere({ sender, user, ip }: SignedFor): boolean {
  return sender === '' && user === undefined && ip === undefined
}

/** Read a message through: what is signed of it, and its author's domain. Undefined for what is not to be signed. */
async function readMessage(pieces: Content) {
  let header: Buffer = Buffer.alloc(0)
  let fields: ReturnType<typeof readHeader>
  const body = new RelaxedBodyHash()
  let turn = 0
  for await (const piece of pieces) {
    if (fields !== undefined) {
      body.update(piece)
      turn += piece.length
      if (turn < TURN_OCTETS) continue
      turn = 0
      await new Promise(setImmediate)
      continue
    }
    const from = Math.max(0, header.length - 3)
    header = header.length === 0 ? asBuffer(piece) : Buffer.concat([header, piece])
    const end = header.indexOf('\r\n\r\n', from)
    if ((end === -1 ? header.length : end) > MOST_HEADER_OCTETS) return undefined
    if (end === -1) continue
    fields = readHeader(header.subarray(0, end))
    if (fields === undefined) return undefined
    body.update(header.subarray(end + 4))
  }
  // A message may be a header alone (RFC 5322 §3.5).
  fields ??= readHeader(header)
  if (fields === undefined) return undefined
  return { author: fields.author, signed: { ...fields.signed, bodyHash: body.digest() } }
}

function readHeader(header: Buffer) {
  const fields = parseHeaderFields(header.toString('latin1'))
  const authors = fields?.filter(({ name }) => name === 'from') ?? []
  const [from] = authors
  // RFC 5322 §3.6: exactly one. Which of two a reader is shown nobody knows (RFC 6376 §8.15).
  if (fields === undefined || from === undefined || authors.length > 1) return undefined
  const signed = chooseSigned(fields)
  return signed && { author: authorDomain(from.raw.slice(from.raw.indexOf(':') + 1)), signed }
}

function asBuffer(piece: Uint8Array): Buffer {
  return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
}
