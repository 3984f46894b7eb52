import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BloomFilter } from './bloom-filter.ts'

test('a filter holds everything that was put into it', () => {
  const texts = fc.array(fc.tuple(fc.nat(3), fc.string({ unit: 'binary', maxLength: 40 })), { maxLength: 200 })
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 300 }), (entries, room) => {
      const filter = BloomFilter.for(room)
      for (const [kind, text] of entries) filter.add(kind, text)
      const read = new BloomFilter(Uint8Array.from(filter.bytes))
      for (const [kind, text] of entries) assert.ok(read.mayHold(kind, text), `${kind} ${JSON.stringify(text)}`)
    }),
    { numRuns: 300 },
  )
})

test('few texts seem to be in it that are not, alike as they may be', () => {
  const filter = BloomFilter.for(3000)
  for (let n = 0; n < 1000; n += 1) {
    filter.add(0, `198.51.${n >> 8}.${n & 255}`)
    filter.add(1, `user${n}@example.test`)
    filter.add(2, `user${n}@example.test`)
  }
  let seem = 0
  for (let n = 0; n < 10_000; n += 1) {
    if (filter.mayHold(0, `203.0.${n >> 8}.${n & 255}`)) seem += 1
    if (filter.mayHold(1, `user${n + 1000}@example.test`)) seem += 1
    if (filter.mayHold(3, `user${n}@example.test`)) seem += 1
  }
  assert.ok(seem < 300, `${seem} of 30,000`)
})

test('an empty filter holds nothing', () => {
  const filter = BloomFilter.for(0)
  filter.add(0, 'a')
  assert.equal(filter.mayHold(0, 'a'), false)
})

test('a filter of very many texts stays small', () => {
  assert.equal(BloomFilter.for(10_000_000).bytes.length, 64 * 1024)
})
