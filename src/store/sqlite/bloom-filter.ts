/** Bits a text: with 12, one in some 200 texts that are not in a filter seems to be. */
const BITS_A_TEXT = 12
const PLACES = 5

/** Bytes at most: a filter of more texts than fit says "perhaps" more often. */
const MOST_BYTES = 64 * 1024

/**
 * Tells of a text that it is certainly not among those that were put in, or that it may be; the second is sometimes wrong, which
 * costs a look and nothing else.
 */
export class BloomFilter {
  readonly bytes: Uint8Array
  readonly #bits: number

  /** Make an empty filter for so many texts. */
  static for(texts: number): BloomFilter {
    return new BloomFilter(new Uint8Array(Math.min(Math.ceil((texts * BITS_A_TEXT) / 8), MOST_BYTES)))
  }

  /** Take up the bytes of a filter that was made earlier; none at all hold nothing. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#bits = bytes.length * 8
  }

  /** Put a text in; `kind` keeps the same text of two kinds apart. */
  add(kind: number, text: string): void {
    if (this.#bits === 0) return
    let [place, step] = startOf(kind, text)
    for (let left = PLACES; left > 0; left -= 1) {
      const bit = place % this.#bits
      this.bytes[bit >>> 3] = (this.bytes[bit >>> 3] as number) | (1 << (bit & 7))
      place += step
    }
  }

  /** Tell whether a text may be in it; false is certain. */
  mayHold(kind: number, text: string): boolean {
    if (this.#bits === 0) return false
    let [place, step] = startOf(kind, text)
    for (let left = PLACES; left > 0; left -= 1) {
      const bit = place % this.#bits
      if (((this.bytes[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false
      place += step
    }
    return true
  }
}

/** Give the first of a text's places, and the step to each further one (Kirsch and Mitzenmacher, 2006). */
function startOf(kind: number, text: string): [place: number, step: number] {
  let a = Math.imul(kind + 1, 0x9e3779b1)
  let b = 0x85ebca6b
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    a = Math.imul(a ^ code, 0x85ebca77)
    b = Math.imul(b ^ (a >>> 15) ^ code, 0xc2b2ae3d)
  }
  return [mixed(a), (mixed(b) | 1) >>> 0]
}

/** Spread what differs in a few bits over all of them. */
function mixed(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x7feb352d)
  const twice = Math.imul(once ^ (once >>> 15), 0x846ca68b)
  return (twice ^ (twice >>> 16)) >>> 0
}
