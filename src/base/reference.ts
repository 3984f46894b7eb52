import { createCipheriv, createHmac } from 'node:crypto'

/** Turns the number of a record into the reference that replies show, and back. */
export interface References {
  /** Write the reference of a record: 8 characters of Crockford's base 32. Throws a RangeError unless 0 ≤ id < 2^40. */
  format(id: number): string
  /** Read a reference as people type it (case, O for 0, I and L for 1, hyphens, blanks); undefined for anything else. */
  parse(text: string): number | undefined
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const HALF = 0x10_0000
const MASK = HALF - 1
const ROUNDS = 6
const TABLE = 1024

/** All pairs of digits: a half of 20 bits is two look-ups. */
const PAIRS = Array.from({ length: TABLE }, (_, n) => `${ALPHABET[n >> 5]}${ALPHABET[n & 31]}`)

const DIGITS: Readonly<Record<string, number>> = Object.freeze(
  Object.assign(Object.create(null), Object.fromEntries([...ALPHABET].map((digit, value) => [digit, value])), {
    O: 0,
    I: 1,
    L: 1,
  }),
)

/**
 * Make the codec of references. The number is hidden by a Feistel network keyed with `key`, so that references tell a stranger
 * neither how many messages there are nor those of others. It guards no secret: reading a record takes administration rights.
 * Cheap enough for each message (well below a microsecond): the rounds only look up tables made once from the key.
 */
export function createReferences(key: Uint8Array): References {
  const tables = makeTables(key)

  /** Mix one half: the second look-up depends on the first, so the round is not a sum of its digits. */
  function mix(round: number, half: number): number {
    const at = round * 2 * TABLE
    const low = tables[at + (half & (TABLE - 1))] as number
    const high = tables[at + TABLE + ((half >>> 10) ^ (low & (TABLE - 1)))] as number
    return (low ^ high) & MASK
  }

  return {
    format(id) {
      if (!Number.isSafeInteger(id) || id < 0 || id >= HALF * HALF) {
        throw new RangeError(`Cannot write a reference for ${id}: expected a whole number below 2^40`)
      }
      let left = Math.floor(id / HALF)
      let right = id & MASK
      for (let round = 0; round < ROUNDS; round++) {
        const next = left ^ mix(round, right)
        left = right
        right = next
      }
      return (
        (PAIRS[left >>> 10] as string) +
        (PAIRS[left & (TABLE - 1)] as string) +
        (PAIRS[right >>> 10] as string) +
        (PAIRS[right & (TABLE - 1)] as string)
      )
    },
    parse(text) {
      const halves = readHalves(text)
      if (halves === undefined) return undefined
      let [left, right] = halves
      for (let round = ROUNDS - 1; round >= 0; round--) {
        const previous = right ^ mix(round, left)
        right = left
        left = previous
      }
      return left * HALF + right
    },
  }
}

function makeTables(key: Uint8Array): Uint32Array {
  const streamKey = createHmac('sha256', key).update('postern references').digest()
  const zeros = new Uint8Array(ROUNDS * 2 * TABLE * 4)
  const stream = createCipheriv('aes-256-ctr', streamKey, new Uint8Array(16)).update(zeros)
  // Read byte by byte, so that a store moved to a machine of the other byte order keeps its references.
  return Uint32Array.from({ length: ROUNDS * 2 * TABLE }, (_, index) => stream.readUInt32LE(index * 4) & MASK)
}

function readHalves(text: string): [number, number] | undefined {
  if (text.length > 64) return undefined
  const digits = text.replaceAll(/[\s-]/g, '').toUpperCase()
  if (digits.length !== 8) return undefined
  let left = 0
  let right = 0
  for (let index = 0; index < 8; index++) {
    const digit = DIGITS[digits[index] as string]
    if (digit === undefined) return undefined
    if (index < 4) left = left * 32 + digit
    else right = right * 32 + digit
  }
  return [left, right]
}
