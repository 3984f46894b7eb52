import { createHash, type KeyObject, sign } from 'node:crypto'
import { type HeaderField, parseHeaderFields, relaxHeaderField } from './header-fields.ts'

/** A private key, and the record that its public half stands in: `SELECTOR._domainkey.DOMAIN`. */
export interface SigningKey {
  readonly domain: string
  readonly selector: string
  readonly algorithm: 'rsa' | 'ed25519'
  readonly privateKey: KeyObject
}

/** What a signature says of a message. */
export interface Signed {
  /** For `h=`. */
  readonly names: readonly string[]
  /** The fields that these names mean, in their order. */
  readonly fields: readonly HeaderField[]
  /** SHA-256 of the body in its relaxed form. */
  readonly bodyHash: Buffer
  readonly nowMs: number
}

/** RFC 5322 §2.1.1. */
const LINE = 76

/** Make a DKIM-Signature field with the CRLF at its end (RFC 6376 §3.5), relaxed/relaxed. RSA is reckoned in the thread pool. */
export async function makeSignature(key: SigningKey, signed: Signed): Promise<string> {
  const unsigned = formatUnsigned(key, signed)
  const value = await signData(key, signedData(signed.fields, unsigned))
  return `${unsigned}${foldAnywhere(value.toString('base64'), 3)}\r\n`
}

/** Give the octets that a signature signs (RFC 6376 §3.7): the fields, then the signature's own with an empty `b=` and no CRLF. */
export function signedData(fields: readonly HeaderField[], unsigned: string): Buffer {
  const [own] = parseHeaderFields(unsigned) ?? []
  if (own === undefined) throw new Error(`No header field: ${unsigned}`)
  const lines = [...fields.map(relaxHeaderField), relaxHeaderField(own)]
  return Buffer.from(lines.join('\r\n'), 'latin1')
}

/** Sign with RSASSA-PKCS1-v1_5 over SHA-256 (RFC 6376 §3.3.2), or with Ed25519 over the SHA-256 (RFC 8463 §3). */
export function signData({ algorithm, privateKey }: SigningKey, data: Buffer): Promise<Buffer> {
  if (algorithm === 'ed25519') {
    // Quicker than the way to the pool and back.
    return Promise.resolve(sign(null, createHash('sha256').update(data).digest(), privateKey))
  }
  return new Promise((resolve, reject) => {
    sign('sha256', data, privateKey, (error, value) => (error === null ? resolve(value) : reject(error)))
  })
}

function formatUnsigned({ algorithm, domain, selector }: SigningKey, { names, bodyHash, nowMs }: Signed): string {
  const tags = [
    'v=1;',
    `a=${algorithm}-sha256;`,
    'c=relaxed/relaxed;',
    `d=${domain};`,
    `s=${selector};`,
    `t=${Math.floor(nowMs / 1000)};`,
    // FWS may stand around the colons.
    ...names.map((name, at) => `${at === 0 ? 'h=' : ''}${name}${at === names.length - 1 ? ';' : ':'}`),
    `bh=${bodyHash.toString('base64')};`,
    'b=',
  ]
  let text = 'DKIM-Signature:'
  let column = text.length
  for (const [at, tag] of tags.entries()) {
    // The names of `h=` stand together as far as a line goes.
    const glued = tag.endsWith(':') || tags[at - 1]?.endsWith(':') === true
    const space = glued && !tag.startsWith('h=') ? '' : ' '
    // `b=` begins a line, for its value has many.
    if (tag === 'b=' || column + space.length + tag.length > LINE) {
      text += `\r\n ${tag}`
      column = 1 + tag.length
    } else {
      text += space + tag
      column += space.length + tag.length
    }
  }
  return text
}

/** Cut base64 into lines (RFC 6376 §3.5: FWS in `b=` does not count). */
function foldAnywhere(text: string, column: number): string {
  let folded = text.slice(0, LINE - column)
  for (let at = LINE - column; at < text.length; at += LINE - 1) folded += `\r\n ${text.slice(at, at + LINE - 1)}`
  return folded
}
