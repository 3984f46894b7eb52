import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { settingsOf } from '#settings/testing.ts'
import type { QueueEntry } from '#store/contract.ts'
import { parseAnswers, parseStory } from './answers.ts'
import type { Outcome } from './contract.ts'
import { type Decision, decideNext } from './decide-next.ts'
import { DELIVERED, entryOf, troubleOf } from './testing.ts'

const { queue } = settingsOf('')
const CREATED = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000
const failed = troubleOf({ is: 'failed', status: '5.1.1' })
const deferred = troubleOf({})
const placed: Outcome = { is: 'placed', mailboxIds: [7] }
const passed = { ...DELIVERED, passedDsn: true } as Outcome

function decide(entry: Partial<QueueEntry>, outcome: Outcome, afterMs = 0, random = 0.5): Decision {
  const whole = entryOf({ id: 1, createdAtMs: CREATED, ...entry })
  return decideNext(whole, outcome, CREATED + afterMs, queue, () => random)
}

test('what follows from a try, and what the sender hears', () => {
  const rows: readonly (readonly [string, Partial<QueueEntry>, Outcome, string, string | undefined, number?])[] = [
    // RFC 3461 §4.1, §5.2: NOTIFY, and what is told without it.
    ['delivered, nothing asked', {}, DELIVERED, 'gone', undefined],
    ['delivered, success asked', { notify: 'SUCCESS' }, DELIVERED, 'gone', 'relayed'],
    ['delivered, success asked in small letters', { notify: 'failure,success' }, DELIVERED, 'gone', 'relayed'],
    ['delivered, the next server reports', { notify: 'SUCCESS' }, passed, 'gone', undefined],
    ['delivered, only failure asked', { notify: 'FAILURE' }, DELIVERED, 'gone', undefined],
    ['placed, nothing asked', {}, placed, 'placed', undefined],
    ['placed, success asked', { notify: 'SUCCESS,DELAY' }, placed, 'placed', 'delivered'],
    ['failed, nothing asked', {}, failed, 'gone', 'failed'],
    ['failed, failure asked', { notify: 'FAILURE,DELAY' }, failed, 'gone', 'failed'],
    ['failed, NEVER', { notify: 'NEVER' }, failed, 'gone', undefined],
    ['failed, only success asked', { notify: 'SUCCESS' }, failed, 'gone', undefined],
    // RFC 5321 §4.5.5: nothing is ever told to the null sender.
    ['failed, null sender', { sender: '', notify: 'FAILURE' }, failed, 'gone', undefined],
    ['failed, null reverse path of its own', { returnPath: '' }, failed, 'gone', undefined],
    ['delivered, null sender', { sender: '', notify: 'SUCCESS' }, DELIVERED, 'gone', undefined],
    ['deferred, soon', {}, deferred, 'waiting', undefined],
    ['deferred, late', {}, deferred, 'waiting', 'delayed', 4 * HOUR],
    ['deferred, late, not quite', {}, deferred, 'waiting', undefined, 4 * HOUR - 1],
    ['deferred, late, told already', { warned: true }, deferred, 'waiting', undefined, 5 * HOUR],
    ['deferred, late, DELAY asked', { notify: 'DELAY' }, deferred, 'waiting', 'delayed', 5 * HOUR],
    ['deferred, late, DELAY not asked', { notify: 'FAILURE' }, deferred, 'waiting', undefined, 5 * HOUR],
    ['deferred, late, null sender', { sender: '' }, deferred, 'waiting', undefined, 5 * HOUR],
    ['deferred, not quite at the end', { warned: true }, deferred, 'waiting', undefined, 48 * HOUR - 1],
    ['deferred, at the end', {}, deferred, 'gone', 'failed', 48 * HOUR],
    ['deferred, at the end, NEVER', { notify: 'NEVER' }, deferred, 'gone', undefined, 48 * HOUR],
    ['delivered, after the end', {}, DELIVERED, 'gone', undefined, 50 * HOUR],
  ]
  for (const [name, entry, outcome, next, report, afterMs] of rows) {
    const decision = decide(entry, outcome, afterMs)
    assert.equal(decision.settlement.next.is, next, name)
    assert.equal(decision.report?.kind, report, name)
  }
})

test('the waits grow, with a little chance, and the last is repeated', () => {
  const rows = [
    [0, 5],
    [1, 15],
    [2, 30],
    [5, 240],
    [6, 240],
    [40, 240],
  ] as const
  for (const [attempts, minutes] of rows) {
    for (const [random, factor] of [
      [0, 0.9],
      [0.5, 1],
      [1, 1.1],
    ] as const) {
      const { next } = decide({ attempts }, deferred, 0, random).settlement
      assert.ok(next.is === 'waiting')
      assert.ok(Math.abs(next.dueAtMs - CREATED - minutes * 60_000 * factor) <= 1, `${attempts} ${random}`)
      assert.equal(next.attempts, attempts + 1)
    }
  }
})

test('the last try is made when the time is up', () => {
  const { next } = decide({ attempts: 9 }, deferred, 47 * HOUR).settlement
  assert.equal(next.is === 'waiting' && next.dueAtMs, CREATED + 48 * HOUR)
})

test('what expires says so, with the last answer and those before', () => {
  const { next } = decide({}, troubleOf({ because: 'mailbox full' }), HOUR).settlement
  const answers = next.is === 'waiting' ? next.answers : ''
  const { settlement, report } = decide({ attempts: 1, answers }, troubleOf({ because: 'still full' }), 48 * HOUR)
  assert.equal(settlement.delivery?.outcome, 'expired')
  assert.equal(report?.outcome.is === 'failed' && report.outcome.status, '4.4.7')
  const story = parseStory(settlement.delivery?.story ?? '')
  assert.equal(story?.tries, 2)
  assert.match(story?.because ?? '', /still full/)
  assert.deepEqual(
    story?.before?.map(({ because }) => because),
    ['mailbox full'],
  )
})

test('a delay report says until when it is tried', () => {
  assert.equal(decide({}, deferred, 4 * HOUR).report?.untilMs, CREATED + 48 * HOUR)
})

test('without a time for warnings nobody is warned', () => {
  const settings = settingsOf('queue:\n  warnAfter: null\n').queue
  const decision = decideNext(entryOf({ id: 1, createdAtMs: 0 }), deferred, 40 * HOUR, settings, () => 0)
  assert.equal(decision.report, undefined)
})

test('an entry that is put off each time ends exactly when its time is up, and is warned of once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 20 }),
      (chances) => {
        let entry = entryOf({ id: 1, createdAtMs: CREATED })
        let nowMs = CREATED
        let reports: string[] = []
        for (let tries = 1; tries < 100; tries++) {
          const { settlement, report } = decideNext(
            entry,
            deferred,
            nowMs,
            queue,
            () => chances[tries % chances.length] ?? 0,
          )
          if (report !== undefined) reports = [...reports, report.kind]
          if (settlement.next.is !== 'waiting') break
          const { dueAtMs, ...next } = settlement.next
          assert.ok(dueAtMs > nowMs && dueAtMs <= CREATED + queue.bounceAfter)
          assert.equal(parseAnswers(next.answers).length, Math.min(tries, 5))
          entry = {
            ...entry,
            attempts: next.attempts,
            answers: next.answers,
            ...(next.warned && { warned: true as const }),
          }
          nowMs = dueAtMs
        }
        assert.equal(nowMs, CREATED + queue.bounceAfter)
        assert.deepEqual(reports, ['delayed', 'failed'])
      },
    ),
    { numRuns: 100 },
  )
})
