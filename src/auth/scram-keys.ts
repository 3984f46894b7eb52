import { createHash, createHmac, pbkdf2 } from 'node:crypto'
import type { Credentials } from '#store/contract.ts'

export type ScramKeys = Credentials['scram']

/** PBKDF2 rounds of new passwords; RFC 7677 §4 asks for 4096 at least. Each login makes the client do as many. */
export const SCRAM_ITERATIONS = 10_000

/** Derive the keys of a prepared password (RFC 5802 §3): what proves the password, and cannot be used to log in with. */
export async function deriveScramKeys(password: string, salt: Uint8Array, iterations: number): Promise<ScramKeys> {
  const salted = await saltPassword(password, salt, iterations)
  return {
    salt,
    iterations,
    storedKey: sha256(hmac(salted, 'Client Key')),
    serverKey: hmac(salted, 'Server Key'),
  }
}

/** HMAC-SHA-256, the HMAC() of RFC 5802 §2.2. */
export function hmac(key: Uint8Array, message: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(message).digest()
}

/** SHA-256, the H() of RFC 5802 §2.2. */
export function sha256(message: Uint8Array): Buffer {
  return createHash('sha256').update(message).digest()
}

function saltPassword(password: string, salt: Uint8Array, iterations: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, 32, 'sha256', (error, key) => (error ? reject(error) : resolve(key)))
  })
}
