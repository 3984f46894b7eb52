import { ManualClock } from '#base/clock.ts'
import type { LedgerEngine, LedgerUnderTest } from './engine.ts'

/** Run a test with an empty ledger and its clock, and remove the ledger afterwards. */
export async function withLedger(
  engine: LedgerEngine,
  run: (under: LedgerUnderTest, clock: ManualClock) => Promise<void>,
  bytes?: number,
): Promise<void> {
  const clock = new ManualClock()
  const under = engine.create({ clock, ...(bytes === undefined ? {} : { bytes }) })
  try {
    await run(under, clock)
  } finally {
    under.shut()
  }
}
