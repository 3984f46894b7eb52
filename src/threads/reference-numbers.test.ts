import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReferences } from '#base/reference.ts'
import { openReferenceNumbers } from './reference-numbers.ts'

test('numbers are never given twice, and the next run is fetched before the first is spent', async () => {
  let first = 0
  const reserved: number[] = []
  const decisions = {
    reserve: async (count: number) => {
      reserved.push(count)
      first += 1_000_000
      return first
    },
  }
  const numbers = await openReferenceNumbers(decisions, createReferences(new Uint8Array(32)), () => assert.fail())
  const seen = new Set<number>()
  for (let n = 0; n < 100_000; n += 1) {
    const { id } = numbers.next()
    assert.ok(!seen.has(id))
    seen.add(id)
    // Lets the answer of the store come in, as the loop of a live thread does.
    if (n % 1000 === 0) await new Promise(setImmediate)
  }
  assert.equal(reserved.length, 4)
})

test('where the store gives no more numbers, the fault is said and not hidden', async () => {
  let calls = 0
  const decisions = {
    reserve: async () => {
      calls += 1
      if (calls > 1) throw new Error('the store is away')
      return 0
    },
  }
  const faults: unknown[] = []
  const numbers = await openReferenceNumbers(decisions, createReferences(new Uint8Array(32)), (error) =>
    faults.push(error),
  )
  assert.throws(() => {
    for (;;) numbers.next()
  }, /the store gave no numbers/)
  await new Promise(setImmediate)
  assert.notEqual(faults.length, 0)
})
