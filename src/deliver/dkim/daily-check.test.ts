import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ManualClock } from '#base/clock.ts'
import { checkDkimDaily } from './daily-check.ts'

test('the records are looked for soon after the start and every day, whatever goes wrong, until it ends', async () => {
  const clock = new ManualClock()
  const told: unknown[] = []
  let rounds = 0
  const end = checkDkimDaily({
    clock,
    desk: {
      async checkAll() {
        rounds += 1
        if (rounds === 2) throw new Error('the store is away')
        return [{ domain: 'example.test', selector: 's1', is: 'activated', why: 'it is there' }]
      },
    },
    told: ({ selector }) => void told.push(selector),
    faulted: ({ what }) => void told.push(what),
  })
  for (const [spanMs, expected] of [
    [599_999, []],
    [1, ['s1']],
    [86_400_000, ['looking for the DKIM records']],
    [86_400_000, ['s1']],
  ] as const) {
    told.length = 0
    clock.advance(spanMs)
    await setImmediate()
    assert.deepEqual(told, expected)
  }
  end()
  clock.advance(86_400_000)
  await setImmediate()
  assert.equal(rounds, 3)
})
