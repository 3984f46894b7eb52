import { createHmac } from 'node:crypto'

/** A hash of two words, where a method would have to make an array of them. */
export interface Hash {
  high: number
  low: number
}

/**
 * Hashes texts with a secret key, so that nobody outside can aim two clients at one count or fill one place of the table:
 * HalfSipHash-2-4 (Aumasson, Bernstein: SipHash, 2012) over 32-bit words, the 64-bit form. It is made for short inputs and needs
 * no 64-bit arithmetic, which JavaScript lacks. Not for use by two threads at once: each makes its own from the same key.
 */
export class KeyedHash {
  readonly #key0: number
  readonly #key1: number
  #v0 = 0
  #v1 = 0
  #v2 = 0
  #v3 = 0
  #words = 0

  constructor(key0: number, key1: number) {
    this.#key0 = key0
    this.#key1 = key1
  }

  /** Begin a new input. */
  begin(): void {
    this.#v0 = this.#key0
    this.#v1 = this.#key1 ^ 0xee
    this.#v2 = this.#key0 ^ 0x6c796765
    this.#v3 = this.#key1 ^ 0x74656462
    this.#words = 0
  }

  /** Take one 32-bit word. */
  word(word: number): void {
    this.#words += 1
    this.#v3 ^= word
    this.#round()
    this.#round()
    this.#v0 ^= word
  }

  /** Take a text, its length first, so that where one text ends and the next begins is part of the input. */
  text(text: string): void {
    const { length } = text
    this.word(length)
    for (let at = 0; at + 1 < length; at += 2) this.word(text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16))
    if (length % 2 === 1) this.word(text.charCodeAt(length - 1))
  }

  /** End the input and put its hash into `into`. */
  end(into: Hash): void {
    // The last word holds the length in bytes, modulo 256, above the bytes that make no whole word: here always none.
    this.word((this.#words * 4) << 24)
    this.#v2 ^= 0xee
    for (let round = 0; round < 4; round += 1) this.#round()
    into.low = this.#v1 ^ this.#v3
    this.#v1 ^= 0xdd
    for (let round = 0; round < 4; round += 1) this.#round()
    into.high = this.#v1 ^ this.#v3
  }

  #round(): void {
    let v0 = this.#v0
    let v1 = this.#v1
    let v2 = this.#v2
    let v3 = this.#v3
    v0 = (v0 + v1) | 0
    v1 = (v1 << 5) | (v1 >>> 27)
    v1 ^= v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = (v3 << 8) | (v3 >>> 24)
    v3 ^= v2
    v0 = (v0 + v3) | 0
    v3 = (v3 << 7) | (v3 >>> 25)
    v3 ^= v0
    v2 = (v2 + v1) | 0
    v1 = (v1 << 13) | (v1 >>> 19)
    v1 ^= v2
    v2 = (v2 << 16) | (v2 >>> 16)
    this.#v0 = v0
    this.#v1 = v1
    this.#v2 = v2
    this.#v3 = v3
  }
}

/** Derive the two words of the ledger's key from the server's secret. */
export function deriveKey(secret: Uint8Array): readonly [number, number] {
  const derived = createHmac('sha256', secret).update('ledger').digest()
  return [derived.readInt32LE(0), derived.readInt32LE(4)]
}
