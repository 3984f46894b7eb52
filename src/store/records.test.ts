import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import type { DecisionRecord, DecisionStore } from './contract.ts'
import { MANY_CLIENTS, Records } from './records.ts'

const MINUTE_MS = 60_000

/** Records over a store that keeps rows by number, as the real one does. */
function world({ add, story = '{}' }: { add?: DecisionStore['add']; story?: string } = {}) {
  const clock = new ManualClock()
  const rows = new Map<number, DecisionRecord>()
  let writes = 0
  let waiting = 0
  let next = 0
  const records = new Records({
    decisions: {
      async add(added) {
        writes += added.length
        waiting += added.length
        if (add !== undefined) await add(added)
        waiting -= added.length
        for (const record of added) rows.set(record.id, record)
      },
    },
    clock,
    faulted: ({ error }) => assert.fail(String(error)),
    nextReference: () => {
      next += 1
      return { id: next, ref: `REF${next}` }
    },
  })
  function refuse(ip: string, rule = 'relay', isNamed = false): string {
    const under = isNamed ? records.reserve() : undefined
    return records.keep({ ip, rule, outcome: 'refused', under }, (id, ref, atMs) => ({
      id,
      atMs,
      outcome: 'refused',
      service: 'smtp',
      ip,
      recipients: [],
      reply: ref,
      story,
    }))
  }
  return { clock, rows, records, refuse, writes: () => writes, held: () => waiting }
}

describe('records', () => {
  test('of one client are kept one by one at first, and then counted with the last', async () => {
    const { rows, refuse, records } = world()
    const refs = Array.from({ length: 200_000 }, () => refuse('198.51.100.7'))
    await records.flush()
    assert.equal(rows.size, 20)
    assert.equal(new Set(refs).size, 20)
    assert.equal(refs.at(-1), 'REF20')
    assert.equal(rows.get(20)?.repeats?.count, 199_980)
  })

  test('of repeats are written once a minute', async () => {
    const { clock, refuse, writes, rows } = world()
    for (let minute = 0; minute < 3; minute++) {
      for (let times = 0; times < 1000; times++) refuse('198.51.100.7')
      clock.advance(MINUTE_MS)
      await Promise.resolve()
    }
    clock.advance(MINUTE_MS)
    assert.equal(rows.get(20)?.repeats?.count, 2980)
    assert.equal(writes(), 23)
  })

  test('begin anew after an hour', async () => {
    const { clock, rows, refuse, records } = world()
    for (let times = 0; times < 25; times++) refuse('198.51.100.7')
    clock.advance(61 * MINUTE_MS)
    for (let times = 0; times < 25; times++) refuse('198.51.100.7')
    await records.flush()
    assert.equal(rows.size, 40)
    assert.deepEqual(
      [...rows.values()].flatMap(({ id, repeats }) => (repeats === undefined ? [] : [[id, repeats.count]])),
      [
        [20, 5],
        [40, 5],
      ],
    )
  })

  test('tell clients, rules and outcomes apart, but not the addresses of one /64', async () => {
    const { rows, refuse, records } = world()
    for (let times = 0; times < 25; times++) {
      refuse('198.51.100.7')
      refuse('198.51.100.8')
      refuse('198.51.100.7', 'mailbox')
      refuse(`2001:db8::${times.toString(16)}`)
    }
    await records.flush()
    assert.equal(rows.size, 80)
  })

  test('of a flood from everywhere are bounded by the second', async () => {
    const { clock, rows, refuse, records } = world()
    for (let second = 0; second < 10; second++) {
      for (let client = 0; client < 20_000; client++) refuse(`10.${second}.${client >> 8}.${client & 255}`)
      clock.advance(1000)
    }
    await records.flush()
    assert.equal(rows.size, 2001)
    const counted = [...rows.values()].reduce((sum, { repeats }) => sum + (repeats?.count ?? 0), rows.size)
    assert.equal(counted, 200_000)
    const shared = [...rows.values()].filter(({ ip }) => ip === MANY_CLIENTS)
    assert.equal(shared.length, 1)
    assert.equal(shared[0]?.repeats?.count, 200_000 - 2001)
  })

  test('that something refers to are kept whatever comes', async () => {
    const { rows, refuse, records } = world()
    for (let client = 0; client < 1000; client++) refuse(`10.0.${client >> 8}.${client & 255}`)
    const refs = new Set<string>()
    for (let times = 0; times < 10; times++) refs.add(refuse('198.51.100.7', 'unknown-recipients', true))
    await records.flush()
    assert.equal(refs.size, 10)
    assert.equal([...rows.values()].filter(({ ip }) => ip === '198.51.100.7').length, 10)
  })

  test('of a client that is known are counted for it even in a flood', async () => {
    const { rows, refuse, records } = world()
    for (let times = 0; times < 20; times++) refuse('198.51.100.7')
    for (let client = 0; client < 1000; client++) refuse(`10.0.${client >> 8}.${client & 255}`)
    assert.equal(refuse('198.51.100.7'), 'REF20')
    await records.flush()
    assert.equal(rows.get(20)?.repeats?.count, 1)
  })

  test('that wait for a slow disk are bounded: what more comes is counted, and written when there is room', async () => {
    let go = () => {}
    const rows = new Map<number, DecisionRecord>()
    const isSlow = new Promise<void>((resolve) => {
      go = resolve
    })
    const { clock, refuse, records, held } = world({
      async add(added) {
        await isSlow
        for (const record of added) rows.set(record.id, record)
      },
      story: 'x'.repeat(100_000),
    })
    for (let second = 0; second < 100; second++) {
      for (let client = 0; client < 100; client++) refuse(`10.0.${second}.${client}`)
      clock.advance(1000)
    }
    assert.ok(held() < 60, `${held()} records of 100,000 characters wait`)
    go()
    await records.flush()
    const counted = [...rows.values()].reduce((sum, { repeats }) => sum + (repeats?.count ?? 0), rows.size)
    assert.equal(counted, 10_000)
  })

  test('that stand for others are held within bounds', async () => {
    const { clock, rows, refuse, records } = world({ story: 'x'.repeat(100_000) })
    for (let client = 0; client < 500; client++) {
      for (let times = 0; times < 21; times++) refuse(`10.0.${client >> 8}.${client & 255}`)
      clock.advance(1000)
      await records.flush()
    }
    // Those let go had their count written; the next of them is a new one.
    assert.equal([...rows.values()].filter(({ repeats }) => repeats?.count === 1).length, 500)
    assert.notEqual(refuse('10.0.0.0'), 'REF20')
  })
})
