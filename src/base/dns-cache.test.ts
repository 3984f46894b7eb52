import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DnsCache } from './dns-cache.ts'

test('it never holds more than its room, and gives what was put in last until its time is over', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 8 }),
      fc.array(fc.record({ key: fc.constantFrom(...'abcdefghijkl'), untilMs: fc.integer({ min: 0, max: 20 }) }), {
        maxLength: 60,
      }),
      (room, puts) => {
        const cache = new DnsCache<number>(room)
        const last = new Map<string, { index: number; untilMs: number }>()
        for (const [index, { key, untilMs }] of puts.entries()) {
          cache.set(key, index, untilMs)
          last.set(key, { index, untilMs })
          assert.ok(cache.size <= room)
        }
        for (const [key, { index, untilMs }] of last) {
          const found = cache.get(key, 10)
          assert.ok(found === undefined || (found === index && untilMs > 10))
        }
      },
    ),
    { numRuns: 200 },
  )
})

test('what was not asked for the longest goes first', () => {
  const cache = new DnsCache<string>(2)
  cache.set('a', '1', 10)
  cache.set('b', '2', 10)
  assert.equal(cache.get('a', 0), '1')
  cache.set('c', '3', 10)
  assert.deepEqual([cache.get('a', 0), cache.get('b', 0), cache.get('c', 0)], ['1', undefined, '3'])
})

test('a long answer takes the room of several, and one longer than all the room is not kept', () => {
  const cache = new DnsCache<string>(10)
  for (let index = 0; index < 8; index += 1) cache.set(`short${index}`, 'x', 10)
  cache.set('long', 'x'.repeat(512 * 4), 10)
  assert.equal(cache.size, 6)
  cache.set('huge', 'x'.repeat(512 * 10), 10)
  assert.equal(cache.get('huge', 0), undefined)
  assert.equal(cache.size, 6, 'and nothing has to go for it')
  cache.resize(0)
  assert.equal(cache.size, 0)
})
