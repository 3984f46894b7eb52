import type { ManualClock } from '#base/clock.ts'
import type { Ledger } from '#ledger/contract.ts'

/** One ledger under test, as every engine must let a test handle it. */
export interface LedgerUnderTest {
  readonly ledger: Ledger
  /** Open the same ledger once more, as another thread or node would. */
  another(): Ledger
  /** Give what a process finds that starts after this one was killed, at the clock's time; `shut` the last one. */
  restart(): LedgerUnderTest
  shut(): void
}

export interface LedgerEngine {
  readonly name: string
  /** Make an empty ledger that lives by this clock; `bytes` is its memory. */
  create(options: { readonly clock: ManualClock; readonly bytes?: number }): LedgerUnderTest
}
