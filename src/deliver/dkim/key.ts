import { generateKeyPair, type KeyObject } from 'node:crypto'

export type KeyAlgorithm = 'rsa' | 'ed25519'

/**
 * A key of a domain, as far as it may be told. `next`: made, and not used until its record is seen in DNS; `active`: signs; `retired`:
 * signs no more, and its record stays for the mail that is under way.
 */
export interface DkimKey {
  readonly selector: string
  readonly algorithm: KeyAlgorithm
  readonly state: 'next' | 'active' | 'retired'
  /** `p=` of the record (RFC 6376 §3.6.1; RFC 8463 §4.2): base64. */
  readonly publicKey: string
  readonly madeAtMs: number
  readonly activeAtMs?: number
  readonly retiredAtMs?: number
}

export interface MadeKey {
  readonly publicKey: string
  /** PKCS #8, DER. */
  readonly privateKey: Buffer
}

/** RFC 8301 §3.2: 2048 bits; more does not fit one string of a TXT record, nor what every verifier takes. */
const RSA_BITS = 2048

/** Make a key pair, outside this thread's loop. */
export function makeKey(algorithm: KeyAlgorithm): Promise<MadeKey> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => {
      if (error !== null) return reject(error)
      resolve({ publicKey: formatPublic(publicKey), privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }) })
    }
    if (algorithm === 'rsa') generateKeyPair('rsa', { modulusLength: RSA_BITS }, done)
    else generateKeyPair('ed25519', {}, done)
  })
}

function formatPublic(key: KeyObject): string {
  const info = key.export({ format: 'der', type: 'spki' })
  // RFC 8463 §4.2: the 32 octets themselves; RSA with its wrapping (RFC 6376 §3.6.1).
  return (key.asymmetricKeyType === 'ed25519' ? info.subarray(-32) : info).toString('base64')
}

/** Name a new key by the month and its kind, `s202611r`, and a number where there are such already. */
export function chooseSelector(algorithm: KeyAlgorithm, nowMs: number, taken: ReadonlySet<string>): string {
  const month = new Date(nowMs).toISOString().slice(0, 7).replace('-', '')
  const name = `s${month}${algorithm === 'rsa' ? 'r' : 'e'}`
  let selector = name
  for (let number = 2; taken.has(selector); number += 1) selector = `${name}${number}`
  return selector
}
