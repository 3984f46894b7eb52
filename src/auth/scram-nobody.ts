import { hmac, SCRAM_ITERATIONS, type ScramKeys } from './scram-keys.ts'

/**
 * Make the keys of a user that does not exist: always the same for one name, as a real user's are, and unguessable without the
 * server's secret. Nobody knows a password for them.
 */
export function nobodysKeys(secret: Uint8Array, name: string): ScramKeys {
  const key = hmac(secret, 'postern scram nobody')
  return {
    salt: hmac(key, `salt ${name}`).subarray(0, 16),
    iterations: SCRAM_ITERATIONS,
    storedKey: hmac(key, `stored ${name}`),
    serverKey: hmac(key, `server ${name}`),
  }
}
