import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from './pace.ts'

test('a rule that waits stops all, for so long', () => {
  const pace = new Pace()
  assert.equal(pace.freeAtMs(0), 0)
  assert.equal(pace.shaped(0), undefined)
  pace.shape({ name: 'later', wait: 1000, for: 5000 }, 0)
  assert.equal(pace.freeAtMs(0), 1000)
  // A shorter wait does not shorten it.
  pace.shape({ name: 'sooner', wait: 100, for: 5000 }, 0)
  assert.equal(pace.freeAtMs(0), 1000)
  assert.deepEqual(pace.shaped(400), { rule: 'sooner', waitsMs: 600 })
  assert.equal(pace.shaped(1000), undefined)
})

test('bounds hold from the end of the wait on, for so long', () => {
  const pace = new Pace()
  pace.shape({ name: 'slow', wait: 1000, connections: 2, perMinute: 60, for: 5000 }, 0)
  assert.equal(pace.connections(5999), 2)
  assert.equal(pace.connections(6000), undefined)
  assert.deepEqual(pace.shaped(2000), { rule: 'slow', holdsMs: 4000, connections: 2, perMinute: 60 })
})

test('so many a minute is one at a time, evenly', () => {
  const pace = new Pace()
  pace.shape({ name: 'slow', perMinute: 60, for: 60_000 }, 0)
  let nowMs = 0
  for (let one = 0; one < 10; one++) {
    nowMs = Math.max(nowMs, pace.freeAtMs(nowMs))
    pace.take(nowMs)
  }
  assert.equal(nowMs, 9000)
  // A pause is not made up for.
  pace.take(30_000)
  assert.equal(pace.freeAtMs(30_000), 31_000)
  // When the rule holds no longer, neither does the pace.
  assert.ok(pace.freeAtMs(60_000) <= 60_000)
})

test('what a rule has put on can be taken off', () => {
  const pace = new Pace()
  pace.shape({ name: 'slow', wait: 1000, perMinute: 1, connections: 1, for: 60_000 }, 0)
  pace.take(0)
  pace.clear()
  assert.equal(pace.freeAtMs(0), 0)
  assert.equal(pace.connections(0), undefined)
  assert.equal(pace.shaped(0), undefined)
})
