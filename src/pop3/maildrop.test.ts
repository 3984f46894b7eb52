import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Maildrop } from './maildrop.ts'

test('the usage is always that of the messages not marked', () => {
  const step = fc.oneof(fc.constant('rset' as const), fc.integer({ min: -1, max: 9 }))
  fc.assert(
    fc.property(fc.array(fc.nat(5000), { maxLength: 8 }), fc.array(step, { maxLength: 20 }), (sizes, steps) => {
      const drop = new Maildrop(
        1,
        sizes.map((sizeBytes, index) => ({ uid: index + 100, sizeBytes })),
      )
      const deleted = new Set<number>()
      for (const one of steps) {
        if (one === 'rset') {
          drop.unmarkAll()
          deleted.clear()
          continue
        }
        const message = drop.message(one)
        assert.equal(message !== undefined, one >= 1 && one <= sizes.length && !deleted.has(one))
        if (message === undefined) continue
        drop.markDeleted(message)
        deleted.add(one)
      }
      const kept = sizes.filter((_, index) => !deleted.has(index + 1))
      assert.deepEqual(drop.usage, { messages: kept.length, bytes: kept.reduce((sum, size) => sum + size, 0) })
      assert.deepEqual(
        drop.deletedUids(),
        [...deleted].sort((a, b) => a - b).map((number) => number + 99),
      )
    }),
    { numRuns: 300 },
  )
})

test('numbers that are no message', () => {
  const drop = new Maildrop(1, [{ uid: 5, sizeBytes: 1 }])
  for (const number of [0, -1, 0.5, 2, Number.NaN, 2 ** 32 + 1]) assert.equal(drop.message(number), undefined)
})
