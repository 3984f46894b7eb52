import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'

/** OWASP's parameters for argon2id: 19 MiB, two passes, one lane. */
const MEMORY_KIB = 19 * 1024
const PASSES = 2
const LANES = 1
const SALT_BYTES = 16
const TAG_BYTES = 32

/** What a stored hash may ask for at most, so that a row of the store cannot take the memory or the minutes. */
const MAX_MEMORY_KIB = 256 * 1024
const MAX_PASSES = 32
const MAX_LANES = 16
const MAX_BYTES = 64

interface PasswordHash {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: Uint8Array
  readonly tag: Uint8Array
}

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,128})\$([A-Za-z0-9+/]{16,128})$/

/** Read a PHC string of argon2id (RFC 9106, version 0x13); undefined for anything else or for parameters out of bounds. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = PHC.exec(text)
  if (match === null) return undefined
  const [, memory, passes, parallelism, salt, tag] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  const hash = {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
  const { length: saltBytes } = hash.salt
  const { length: tagBytes } = hash.tag
  const inBounds =
    // RFC 9106 §3.1
    hash.parallelism >= 1 &&
    hash.parallelism <= MAX_LANES &&
    hash.memory >= 8 * hash.parallelism &&
    hash.memory <= MAX_MEMORY_KIB &&
    hash.passes >= 1 &&
    hash.passes <= MAX_PASSES &&
    saltBytes >= 8 &&
    saltBytes <= MAX_BYTES &&
    tagBytes >= 12 &&
    tagBytes <= MAX_BYTES
  return inBounds ? hash : undefined
}

/** Hash a prepared password with a salt of its own; gives the PHC string. About 25 ms and 19 MiB on another thread. */
export async function hashPassword(password: string): Promise<string> {
  const hash = { memory: MEMORY_KIB, passes: PASSES, parallelism: LANES, salt: randomBytes(SALT_BYTES) }
  const tag = await derive(password, hash, TAG_BYTES)
  return formatPasswordHash({ ...hash, tag })
}

/** Tell whether a prepared password is the one that was hashed; false for a hash that cannot be read. */
export async function verifyPassword(password: string, text: string): Promise<boolean> {
  const hash = parsePasswordHash(text)
  if (hash === undefined) return false
  const tag = await derive(password, hash, hash.tag.length)
  return timingSafeEqual(tag, hash.tag)
}

/** A hash that no password has, to be checked where there is no user: the answer takes as long as any other. */
export const NOBODYS_HASH = formatPasswordHash({
  memory: MEMORY_KIB,
  passes: PASSES,
  parallelism: LANES,
  salt: randomBytes(SALT_BYTES),
  tag: randomBytes(TAG_BYTES),
})

function formatPasswordHash({ memory, passes, parallelism, salt, tag }: PasswordHash): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}

function derive(password: string, hash: Omit<PasswordHash, 'tag'>, tagLength: number): Promise<Buffer> {
  const { memory, passes, parallelism, salt } = hash
  return new Promise((resolve, reject) => {
    argon2(
      'argon2id',
      { message: Buffer.from(password), nonce: salt, memory, passes, parallelism, tagLength },
      (error, tag) => (error ? reject(error) : resolve(tag)),
    )
  })
}
