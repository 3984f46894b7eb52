import type { Dns } from '#base/dns.ts'
import type { DkimKey } from './key.ts'

/** What DNS says of a key. `wrong`: there is a record, and no signature would verify by it. */
export type RecordFinding =
  | { readonly is: 'right' }
  | { readonly is: 'missing'; readonly why: string }
  | { readonly is: 'wrong'; readonly why: string }
  | { readonly is: 'unknown'; readonly why: string }

/** Give the name of a key's record (RFC 6376 §3.6.2.1). */
export function recordName(domain: string, { selector }: Pick<DkimKey, 'selector'>): string {
  return `${selector}._domainkey.${domain}`
}

/** Give the text of a key's record (RFC 6376 §3.6.1). */
export function recordText({ algorithm, publicKey }: Pick<DkimKey, 'algorithm' | 'publicKey'>): string {
  return `v=DKIM1; k=${algorithm}; p=${publicKey}`
}

/** The longest string of a TXT record (RFC 1035 §3.3). */
const STRING_OCTETS = 255

/** Write a TXT record as a zone file has it: strings of at most 255 octets, which readers put together again. */
export function formatTxt(text: string): string {
  const strings = text.match(new RegExp(`.{1,${STRING_OCTETS}}`, 'gs')) ?? []
  return strings.map((part) => `"${part.replaceAll(/["\\]/g, '\\$&')}"`).join(' ')
}

/** Ask DNS whether a key's record is there and is right. */
export async function findRecord(
  domain: string,
  key: Pick<DkimKey, 'selector' | 'algorithm' | 'publicKey'>,
  dns: Pick<Dns, 'txt'>,
): Promise<RecordFinding> {
  const answer = await dns.txt(recordName(domain, key))
  if (answer.is === 'none') return { is: 'missing', why: answer.why }
  if (answer.is === 'unknown') return { is: 'unknown', why: answer.because }
  // RFC 6376 §3.6.2.2: with several, verifiers take which they like.
  if (answer.texts.length > 1) {
    return { is: 'wrong', why: `there are ${answer.texts.length} TXT records of this name: leave the right one alone` }
  }
  const why = faultOf(answer.texts[0] ?? '', key)
  return why === undefined ? { is: 'right' } : { is: 'wrong', why }
}

function faultOf(text: string, { algorithm, publicKey }: Pick<DkimKey, 'algorithm' | 'publicKey'>): string | undefined {
  const tags = new Map<string, string>()
  for (const part of text.slice(0, 8192).split(';')) {
    const at = part.indexOf('=')
    if (at !== -1) tags.set(part.slice(0, at).trim(), part.slice(at + 1).replaceAll(/\s/g, ''))
  }
  // RFC 6376 §3.6.1: `v` may be left out, and `k` is then RSA.
  const version = tags.get('v') ?? 'DKIM1'
  if (version !== 'DKIM1') return 'its v= is not DKIM1'
  const found = tags.get('p')
  if (found === undefined) return 'it has no p='
  if (found === '') return 'its p= is empty: it says that the key is revoked'
  if ((tags.get('k') ?? 'rsa').toLowerCase() !== algorithm) return `its k= is not ${algorithm}`
  const [a, b] = [Buffer.from(found, 'base64'), Buffer.from(publicKey, 'base64')]
  if (!a.equals(b)) {
    return a.length < b.length && b.subarray(0, a.length - 3).equals(a.subarray(0, -3))
      ? 'its p= is cut short: the strings of the record must all be there'
      : 'its p= is another key'
  }
  const hashes = tags.get('h')?.split(':')
  if (hashes !== undefined && !hashes.includes('sha256')) return 'its h= does not allow sha256'
  const services = tags.get('s')?.split(':')
  if (services !== undefined && !services.includes('*') && !services.includes('email')) return 'its s= is not for email'
  return undefined
}
