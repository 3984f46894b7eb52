import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { defaults } from '#gate/testing.ts'
import { watchOpenRelay } from './open-relay-alarm.ts'

const HOUR_MS = 3_600_000

test('an open relay is said at once, every hour, and no longer than it is open', () => {
  const clock = new ManualClock()
  let mode: 'open' | 'controlled' = 'controlled'
  let said = 0
  const alarm = watchOpenRelay(clock, () => defaults({ relay: { mode } }), {
    relayIsOpen: () => {
      said += 1
    },
  })
  clock.advance(HOUR_MS)
  assert.equal(said, 0)
  mode = 'open'
  alarm.look()
  alarm.look()
  assert.equal(said, 1)
  clock.advance(3 * HOUR_MS)
  assert.equal(said, 4)
  mode = 'controlled'
  clock.advance(5 * HOUR_MS)
  assert.equal(said, 4)
  mode = 'open'
  alarm.look()
  assert.equal(said, 5)
  alarm.close()
  clock.advance(HOUR_MS)
  assert.equal(said, 5)
})
