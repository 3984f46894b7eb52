import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DecisionRecord } from '../contract.ts'
import { DecisionFilters, RUN } from './decision-filters.ts'
import { decisionRow } from './decision-rows.ts'
import { readDecisions, writeDecisions } from './decisions.ts'
import { migrate } from './migrations.ts'
import { Sequences } from './sequences.ts'

/** Runs that are left without a filter. */
const OPEN = 32

function start(db = new DatabaseSync(':memory:')) {
  migrate(db, ':memory:')
  const filters = new DecisionFilters(db)
  const writes = writeDecisions(db, new Sequences(db), filters)
  function alone(work: () => void): void {
    db.exec('BEGIN')
    work()
    db.exec('COMMIT')
  }
  return {
    db,
    filters,
    reads: readDecisions(db),
    build: () => filters.build(100, alone),
    add: (...records: DecisionRecord[]) => alone(() => writes.add(records.map(decisionRow))),
    /** Write records in a transaction that fails, as one of a group may. */
    addInVain(...records: DecisionRecord[]) {
      db.exec('BEGIN')
      writes.add(records.map(decisionRow))
      db.exec('ROLLBACK')
      filters.rolledBack()
    },
    forget: (ids: readonly number[], beforeMs: number) => alone(() => void writes.forget(ids, beforeMs)),
    built: () => Number(db.prepare('SELECT count(*) AS n FROM decision_filter').get()?.n),
  }
}

function record(id: number, change: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    id,
    atMs: id,
    outcome: 'accepted',
    service: 'smtp',
    ip: `192.0.2.${id % 7}`,
    sender: `s${id % 11}@far.example`,
    recipients: [`r${id % 5}@example.test`],
    reply: '250 2.0.0 Message accepted',
    story: '{}',
    ...change,
  }
}

test('filters are made for all runs but those written to last, and make no difference to what is found', async () => {
  const { add, build, built, reads } = start()
  const records = Array.from({ length: 100 }, (_, run) => record(run * RUN + 3, { ip: `198.51.100.${run % 10}` }))
  add(...records)
  assert.equal(built(), 0)
  const before = await reads.find({ ip: '198.51.100.4', limit: 100 })
  assert.equal(before.length, 10)
  assert.equal(build(), 100 - OPEN)
  assert.equal(build(), 0)
  assert.equal(built(), 100 - OPEN)
  assert.deepEqual(await reads.find({ ip: '198.51.100.4', limit: 100 }), before)
  assert.deepEqual(await reads.find({ ip: '203.0.113.1', limit: 100 }), [])
})

test('a late record takes the filter of its run away, after a transaction that failed too', async () => {
  const { add, addInVain, build, built, reads } = start()
  add(...Array.from({ length: 60 }, (_, run) => record(run * RUN)))
  build()
  const late = record(5, { ip: '203.0.113.9' })
  addInVain(late)
  assert.deepEqual(await reads.find({ ip: '203.0.113.9', limit: 1 }), [])
  assert.equal(built(), 60 - OPEN)
  add(late)
  assert.equal(built(), 60 - OPEN - 1)
  assert.deepEqual(await reads.find({ ip: '203.0.113.9', limit: 1 }), [late])
})

test('repeats that are counted leave the filter where it is', async () => {
  const { add, build, built, reads } = start()
  const records = Array.from({ length: 60 }, (_, run) => record(run * RUN))
  add(...records)
  build()
  const counted = { ...(records[0] as DecisionRecord), repeats: { count: 9, lastAtMs: 99 } }
  add(counted)
  assert.equal(built(), 60 - OPEN)
  assert.deepEqual((await reads.find({ ip: '192.0.2.0', limit: 1000 })).at(-1), counted)
})

test('the filters of an old store, and those that a crash left out, are made after the start', () => {
  const first = start()
  first.add(...Array.from({ length: 60 }, (_, run) => record(run * RUN)))
  const second = start(first.db)
  assert.equal(second.build(), 60 - OPEN)
  assert.equal(start(first.db).build(), 0)
})

test('filters go with the last of their records', () => {
  const { add, build, built, forget } = start()
  const records = Array.from({ length: 60 }, (_, run) => record(run * RUN + 1))
  add(...records)
  build()
  const old = records.slice(0, 10)
  forget(
    old.map(({ id }) => id),
    old.at(-1)?.atMs ?? 0,
  )
  assert.equal(built(), 60 - OPEN - 9)
})

test('a search finds what reading everything would find', async () => {
  const some = fc.record({
    id: fc.integer({ min: 1, max: 80 * RUN }),
    atMs: fc.integer({ min: 0, max: 50 }),
    outcome: fc.constantFrom<DecisionRecord['outcome']>('accepted', 'refused', 'ended'),
    ip: fc.constantFrom('192.0.2.1', '192.0.2.10', '2001:db8::1'),
    sender: fc.constantFrom('A@x.example', 'a@x.example', 'ü@x.example', '%@x.example', ''),
    recipients: fc.array(fc.constantFrom('r@y.example', 'R_@y.example', 'Ü@y.example'), { maxLength: 3 }),
  })
  const step = fc.oneof(
    fc.record({ is: fc.constant('add' as const), records: fc.array(some, { minLength: 1, maxLength: 40 }) }),
    fc.record({ is: fc.constant('fail' as const), records: fc.array(some, { minLength: 1, maxLength: 3 }) }),
    fc.record({ is: fc.constant('build' as const) }),
  )
  const search = fc.record(
    {
      outcome: fc.constantFrom('accepted', 'discarded') as fc.Arbitrary<DecisionRecord['outcome']>,
      ip: fc.constantFrom('192.0.2.1', '2001:db8::1', '192.0.2.9'),
      sender: fc.constantFrom('a@X.example', 'Ü@x.example', '%@x.example', ''),
      recipient: fc.constantFrom('r@y.example', 'ü@y.example', 'r_@y.example'),
      sinceMs: fc.integer({ min: 0, max: 60 }),
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 12 }),
      search,
      fc.integer({ min: 1, max: 30 }),
      async (steps, by, limit) => {
        const world = start()
        const all = new Map<number, DecisionRecord>()
        for (const one of steps) {
          if (one.is === 'build') {
            world.build()
            continue
          }
          const fresh = new Map(one.records.map((given) => [given.id, record(given.id, given)]))
          const records = [...fresh.values()].filter(({ id }) => !all.has(id))
          if (one.is === 'fail') world.addInVain(...records)
          else {
            world.add(...records)
            for (const added of records) all.set(added.id, added)
          }
        }
        const { outcome, ip, sender, recipient, sinceMs = 0 } = by
        const lower = (text: string) => text.toLowerCase()
        const wanted = [...all.values()]
          .filter(
            (one) =>
              one.atMs >= sinceMs &&
              (outcome === undefined || one.outcome === outcome) &&
              (ip === undefined || one.ip === ip) &&
              (sender === undefined || lower(one.sender ?? '') === lower(sender)) &&
              (recipient === undefined || one.recipients.some((other) => lower(other) === lower(recipient))),
          )
          .sort((a, b) => b.atMs - a.atMs || b.id - a.id)
        assert.deepEqual(await world.reads.find({ ...by, limit }), wanted.slice(0, limit))
        world.db.close()
      },
    ),
    { numRuns: 100 },
  )
})
