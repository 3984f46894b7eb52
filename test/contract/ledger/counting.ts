import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, type Question } from '#ledger/contract.ts'
import type { LedgerEngine } from './engine.ts'
import { withLedger } from './with-ledger.ts'

const MESSAGES = { of: 'messages', by: '198.51.100.7', withinMs: HOUR_MS }
const one = { ...MESSAGES, add: 1 }

/** A step: time that passes, what is asked, and what is answered. */
type Step = readonly [afterMs: number, questions: readonly Question[], answers: readonly number[]]

const CASES: Readonly<Record<string, readonly Step[]>> = {
  'counts what is added and looks without counting': [
    [0, [MESSAGES], [0]],
    [0, [one], [1]],
    [0, [MESSAGES], [1]],
    [0, [{ ...MESSAGES, add: 5 }], [6]],
    [0, [MESSAGES], [6]],
  ],
  'answers several questions in their order, each with what came before it': [
    [0, [one, MESSAGES, one, one], [1, 1, 2, 3]],
  ],
  'keeps counts, networks and windows apart': [
    [0, [one], [1]],
    [0, [{ ...MESSAGES, of: 'connections' }], [0]],
    [0, [{ ...MESSAGES, by: '198.51.100.70' }], [0]],
    [0, [{ ...MESSAGES, withinMs: DAY_MS }], [0]],
    [0, [{ ...MESSAGES, of: 'messages1', by: '98.51.100.7' }], [0]],
    [0, [{ ...MESSAGES, of: '', by: 'messages198.51.100.7' }], [0]],
  ],
  'takes any text as a name': [
    [0, [{ ...one, by: '' }], [1]],
    [0, [{ ...one, by: '\u0000' }], [1]],
    [0, [{ ...one, by: '__proto__' }], [1]],
    [0, [{ ...one, by: 'ü'.repeat(100_000) }], [1]],
    [0, [{ ...one, by: `${'ü'.repeat(99_999)}u` }], [1]],
  ],
  'slides: an event stays for the whole window and no longer than a hundredth more': [
    [0, [one], [1]],
    [HOUR_MS - 1, [one], [2]],
    [HOUR_MS / 100 + 1, [MESSAGES], [1]],
    [HOUR_MS - HOUR_MS / 100 - 2, [MESSAGES], [1]],
    [HOUR_MS / 100 + 2, [MESSAGES], [0]],
  ],
  'counts a text once in the window, and again when that has left it': [
    [0, [{ ...one, distinct: 'a' }], [1]],
    [0, [{ ...one, distinct: 'a' }], [1]],
    [0, [{ ...one, distinct: 'b' }], [2]],
    [HOUR_MS / 2, [{ ...one, distinct: 'a' }], [2]],
    [HOUR_MS / 2 + HOUR_MS / 50, [MESSAGES], [0]],
    [0, [{ ...one, distinct: 'a' }], [1]],
  ],
  'never leaves out a text whose last time has left the window to the moment': [
    [0, [{ ...one, distinct: 'a' }], [1]],
    [HOUR_MS, [{ ...one, distinct: 'a' }], [2]],
    [HOUR_MS / 50, [MESSAGES], [1]],
  ],
  'keeps the texts of one count from those of another': [
    [0, [{ ...one, distinct: 'a' }], [1]],
    [0, [{ ...one, by: '198.51.100.8', distinct: 'a' }], [1]],
    [0, [{ ...one, withinMs: DAY_MS, distinct: 'a' }], [1]],
  ],
  'does not count past the most, and says what it would have been': [
    [0, [{ ...one, most: 2 }], [1]],
    [0, [{ ...one, most: 2 }], [2]],
    [0, [{ ...one, most: 2 }], [3]],
    [0, [{ ...one, most: 2 }], [3]],
    [0, [{ ...one, add: 5, most: 6 }], [7]],
    [0, [MESSAGES], [2]],
    [0, [{ ...one, most: 3 }], [3]],
  ],
  'does not take a text for counted that the most kept out': [
    [0, [{ ...one, distinct: 'a', most: 0 }], [1]],
    [0, [{ ...one, distinct: 'a', most: -1 }], [1]],
    [0, [MESSAGES], [0]],
    [0, [{ ...one, distinct: 'a', most: 1 }], [1]],
    [0, [{ ...one, distinct: 'a', most: 0 }], [1]],
  ],
  'counts to ten millions and above': [
    [0, [{ ...one, add: 65_535 }], [65_535]],
    [0, [one], [65_536]],
    [0, [{ ...one, add: 10_000_000 }], [10_065_536]],
    [HOUR_MS / 2, [{ ...one, add: 70_000 }], [10_135_536]],
    [HOUR_MS / 2 + HOUR_MS / 50, [MESSAGES], [70_000]],
  ],
  'counts in windows that no hundred divides': [
    [0, [{ ...one, withinMs: 7 }], [1]],
    [6, [{ ...one, withinMs: 7 }], [2]],
    [2, [{ ...one, withinMs: 7 }], [2]],
    [0, [{ ...one, withinMs: 12_345 }], [1]],
    [12_344, [{ ...one, withinMs: 12_345 }], [2]],
    [200, [{ ...MESSAGES, withinMs: 12_345 }], [1]],
  ],
}

/** What every engine must do with questions. */
export function countingContract(engine: LedgerEngine): void {
  for (const [what, steps] of Object.entries(CASES)) {
    it(what, () =>
      withLedger(engine, async ({ ledger }, clock) => {
        for (const [index, [afterMs, questions, answers]] of steps.entries()) {
          clock.advance(afterMs)
          assert.deepEqual(await ledger.ask(questions), answers, `step ${index + 1}`)
        }
      }),
    )
  }

  it('refuses a question that is none, and counts nothing of it', () =>
    withLedger(engine, async ({ ledger }) => {
      for (const wrong of [{ withinMs: 0 }, { withinMs: -1 }, { withinMs: Number.NaN }, { add: 0.5 }, { add: -1 }]) {
        await assert.rejects(async () => ledger.ask([one, { ...one, ...wrong }]), RangeError, JSON.stringify(wrong))
      }
      assert.deepEqual(await ledger.ask([MESSAGES]), [0])
    }))

  it('forgets what an administrator lifts, texts included, and nothing else', () =>
    withLedger(engine, async ({ ledger }, clock) => {
      const other = { ...one, by: '198.51.100.8' }
      const guess = { ...one, of: 'failedLogins', distinct: 'a' }
      await ledger.ask([one, guess, other, { ...one, withinMs: DAY_MS }])
      clock.advance(MINUTE_MS)
      await ledger.ask([one, guess, other])
      await ledger.forget(['messages', 'failedLogins'], one.by, [HOUR_MS])
      assert.deepEqual(
        await ledger.ask([MESSAGES, { ...MESSAGES, of: 'failedLogins' }, { ...MESSAGES, by: other.by }]),
        [0, 0, 2],
      )
      assert.deepEqual(await ledger.ask([{ ...MESSAGES, withinMs: DAY_MS }]), [1])
      assert.deepEqual(await ledger.ask([one, guess, guess]), [1, 1, 1])
    }))

  it('is one ledger for all that opened it', () =>
    withLedger(engine, async (under) => {
      const other = under.another()
      await under.ledger.ask([{ ...one, distinct: 'a' }])
      assert.deepEqual(await other.ask([{ ...one, distinct: 'a' }, one]), [1, 2])
      assert.deepEqual(await under.ledger.ask([MESSAGES]), [2])
    }))

  it('is not moved by a clock that goes back', async () => {
    const clock = new ManualClock()
    const under = engine.create({ clock })
    try {
      await under.ledger.ask([one])
      clock.advance(-DAY_MS)
      assert.deepEqual(await under.ledger.ask([one]), [2])
      clock.advance(DAY_MS)
      assert.deepEqual(await under.ledger.ask([one]), [3])
    } finally {
      under.shut()
    }
  })
}
