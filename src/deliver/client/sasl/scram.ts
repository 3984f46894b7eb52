import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { isAscii } from '#base/ascii.ts'
import type { Login } from '../../contract.ts'
import type { SaslClient } from './mechanism.ts'

const HASHES = {
  'SCRAM-SHA-256': { hash: 'sha256', octets: 32 }, // RFC 7677
  'SCRAM-SHA-1': { hash: 'sha1', octets: 20 },
} as const

/** Rounds that we let a server ask of us: fewer make what it learns easy to guess from (RFC 7677 §4), more only keep us busy. */
const LEAST_ITERATIONS = 4096
const MOST_ITERATIONS = 1_000_000

/** We bind to no channel and would not (RFC 5802 §7): the certificate is checked by other means. */
const GS2_HEADER = 'n,,'
const CHANNEL = Buffer.from(GS2_HEADER).toString('base64')

const SERVER_FIRST = /^r=([!-+--~]{1,512}),s=([A-Za-z0-9+/]{1,1024}={0,2}),i=([1-9]\d{0,6})(?:,.*)?$/
const SERVER_FINAL = /^v=([A-Za-z0-9+/]{1,256}={0,2})(?:,.*)?$/

/**
 * Log in by SCRAM (RFC 5802 §3): the server learns nothing that another server could be logged in to with, and proves that it knows
 * the password too. `nonce` is random but in tests.
 */
export function scram(
  name: keyof typeof HASHES,
  { user, password }: Login,
  nonce = randomBytes(18).toString('base64'),
): SaslClient {
  const { hash, octets } = HASHES[name]
  const bare = `n=${escapeName(prepare(user))},r=${nonce}`
  let expected: Buffer | undefined
  let proven = false

  async function finalMessage(serverFirst: string): Promise<Uint8Array | undefined> {
    const match = SERVER_FIRST.exec(serverFirst)
    if (match === null) return undefined
    const [, both, salt, rounds] = match as unknown as [string, string, string, string]
    const iterations = Number(rounds)
    // RFC 5802 §5.1: the server's nonce is ours with its own behind it.
    if (!both.startsWith(nonce) || both.length === nonce.length) return undefined
    if (iterations < LEAST_ITERATIONS || iterations > MOST_ITERATIONS) return undefined
    const salted = await derive(prepare(password), Buffer.from(salt, 'base64'), iterations)
    const clientKey = hmac(salted, 'Client Key')
    const withoutProof = `c=${CHANNEL},r=${both}`
    const signed = `${bare},${serverFirst},${withoutProof}`
    const proof = hmac(createHash(hash).update(clientKey).digest(), signed)
    for (let at = 0; at < proof.length; at++) proof[at] = (proof[at] as number) ^ (clientKey[at] as number)
    expected = hmac(hmac(salted, 'Server Key'), signed)
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)
  }

  function hmac(key: Uint8Array, message: string): Buffer {
    return createHmac(hash, key).update(message).digest()
  }

  function derive(secret: string, salt: Uint8Array, iterations: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      pbkdf2(secret, salt, iterations, octets, hash, (error, key) => (error ? reject(error) : resolve(key)))
    })
  }

  return {
    name,
    first: Buffer.from(`${GS2_HEADER}${bare}`),
    answer(challenge) {
      const text = challenge.toString()
      if (expected === undefined) return finalMessage(text)
      const signature = Buffer.from(SERVER_FINAL.exec(text)?.[1] ?? '', 'base64')
      if (proven || signature.length !== expected.length || !timingSafeEqual(signature, expected)) return undefined
      proven = true
      return Buffer.alloc(0)
    },
    doubt: () => (proven ? undefined : 'it did not prove that it knows the password'),
  }
}

/** The part of SASLprep (RFC 4013 §2.2) that changes what people type: one form for what looks the same. */
function prepare(text: string): string {
  return isAscii(text) ? text : text.normalize('NFKC')
}

/** RFC 5802 §5.1: a comma and an equals sign are written otherwise in a name. */
function escapeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C')
}
