import { randomBytes } from 'node:crypto'
import { Fault } from '#base/fault.ts'
import type { Credentials } from '#store/contract.ts'
import { hashPassword, verifyPassword } from './password-hash.ts'
import { saslprep } from './saslprep.ts'
import { deriveScramKeys, SCRAM_ITERATIONS } from './scram-keys.ts'

/** The longest name or password that is looked at, in octets of UTF-8. */
export const MAX_SECRET_OCTETS = 1024

/**
 * Make what is kept of a password, about 30 ms of another thread's time. Throws a Fault for a password that nobody could log in
 * with: empty, too long, or with characters that RFC 4013 prohibits. The message never holds the password.
 */
export async function makeCredentials(password: string): Promise<Credentials> {
  const prepared = preparePassword(password)
  if (prepared === undefined) {
    throw new Fault(
      `Cannot use this password: expected 1 to ${MAX_SECRET_OCTETS} octets without control characters (RFC 4013)`,
      { temporary: false },
    )
  }
  const [argon2id, scram] = await Promise.all([
    hashPassword(prepared),
    deriveScramKeys(prepared, randomBytes(16), SCRAM_ITERATIONS),
  ])
  return { argon2id, scram }
}

/** Tell whether a password is the one that these credentials were made of. */
export async function matchesCredentials(password: string, credentials: Credentials): Promise<boolean> {
  const prepared = preparePassword(password)
  return prepared !== undefined && (await verifyPassword(prepared, credentials.argon2id))
}

/** Give a password the form it is hashed in; undefined when it cannot be anybody's. */
export function preparePassword(password: string): string | undefined {
  if (password.length > MAX_SECRET_OCTETS) return undefined
  const prepared = saslprep(password)
  if (prepared === undefined || prepared === '' || Buffer.byteLength(prepared) > MAX_SECRET_OCTETS) return undefined
  return prepared
}
