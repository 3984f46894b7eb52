import assert from 'node:assert/strict'
import { it } from 'node:test'
import { DAY_MS, HOUR_MS } from '#ledger/contract.ts'
import type { LedgerEngine } from './engine.ts'
import { withLedger } from './with-ledger.ts'

const one = { of: 'messages', by: '192.0.2.1', withinMs: HOUR_MS, add: 1 }

/** What every engine must still know after a restart. */
export function survivalContract(engine: LedgerEngine): void {
  it('knows counts and texts of an hour and longer after a restart, and again after the next', () =>
    withLedger(engine, async (first, clock) => {
      let under = first
      const guess = { ...one, of: 'failedLogins', withinMs: DAY_MS, distinct: 'a' }
      await under.ledger.ask([one, guess])
      await under.another().ask([one, { ...one, by: '192.0.2.2', add: 10_000_000 }])
      for (let start = 0; start < 3; start += 1) {
        clock.advance(1000)
        under = under.restart()
        assert.deepEqual(await under.ledger.ask([{ ...one, by: '192.0.2.2' }]), [10_000_001 + start])
        assert.deepEqual(await under.ledger.ask([{ of: one.of, by: one.by, withinMs: HOUR_MS }, guess]), [2, 1])
      }
      clock.advance(HOUR_MS + HOUR_MS / 50)
      assert.deepEqual(await under.restart().ledger.ask([one, guess]), [1, 1])
    }))

  it('does not bring back what was forgotten', () =>
    withLedger(engine, async (first) => {
      let under = first
      const guess = { ...one, distinct: 'a' }
      await under.ledger.ask([one, guess])
      await under.another().ask([one])
      await under.ledger.forget([one.of], one.by, [HOUR_MS])
      under = under.restart()
      assert.deepEqual(await under.ledger.ask([guess]), [1])
      under = under.restart()
      assert.deepEqual(await under.ledger.ask([guess, one]), [1, 2])
    }))

  it('goes on from its own time where the wall clock was set back while it was away', () =>
    withLedger(engine, async (first, clock) => {
      await first.ledger.ask([one])
      clock.advance(-10 * DAY_MS)
      const under = first.restart()
      assert.deepEqual(await under.ledger.ask([one]), [2])
      clock.advance(HOUR_MS + HOUR_MS / 50)
      assert.deepEqual(await under.ledger.ask([one]), [1])
    }))
}
