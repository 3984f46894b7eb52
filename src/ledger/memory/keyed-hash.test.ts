import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KeyedHash } from './keyed-hash.ts'

/** Hash whole words as bytes, as the vectors of the algorithm's authors have them. */
function hashOf(words: readonly number[]): string {
  const hash = new KeyedHash(0x03020100, 0x07060504)
  const into = { high: 0, low: 0 }
  hash.begin()
  for (const word of words) hash.word(word)
  hash.end(into)
  const bytes = Buffer.alloc(8)
  bytes.writeInt32LE(into.low, 0)
  bytes.writeInt32LE(into.high, 4)
  return bytes.toString('hex')
}

test('the hash is HalfSipHash-2-4 with 64 bits, by its authors’ vectors of 0, 4 and 8 bytes', () => {
  assert.equal(hashOf([]), '218d1f59b9b83cc8')
  assert.equal(hashOf([0x03020100]), 'd5e78a175be52ea1')
  assert.equal(hashOf([0x03020100, 0x07060504]), 'edfee820bce4858c')
})

test('where one text ends and the next begins changes the hash', () => {
  const hash = new KeyedHash(1, 2)
  function pair(first: string, second: string): string {
    const into = { high: 0, low: 0 }
    hash.begin()
    hash.text(first)
    hash.text(second)
    hash.end(into)
    return `${into.high} ${into.low}`
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), fc.nat(20), fc.nat(20), (text, a, b) => {
      const [at, other] = [Math.min(a, text.length), Math.min(b, text.length)]
      const same = pair(text.slice(0, at), text.slice(at)) === pair(text.slice(0, other), text.slice(other))
      assert.equal(same, at === other)
    }),
    { numRuns: 300 },
  )
})
