/**
 * The ledger's time. It begins with the wall clock and goes on with the system's monotonic clock, which all threads share, so that
 * a wall clock set back or forth changes no count. After a restart it goes on from the last moment in the journal where the wall
 * clock is before that. (While a machine sleeps it stands still: counts then last longer, never shorter.)
 */
import { NUMBERS, type SharedLedger } from './cell-table.ts'

/** Give the system's monotonic clock: the same in every thread. */
export function hrtimeMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

/** Create the clock of one thread: what it gives is Unix time in milliseconds, before `NUMBERS.aheadMs` is added. */
export function ledgerClock({ header }: SharedLedger): () => number {
  const originMs = new Float64Array(header)[NUMBERS.originMs] as number
  // The thread's own clock runs on the same one and makes no garbage; only its start differs.
  const startMs = hrtimeMs() - performance.now()
  return () => originMs + startMs + performance.now()
}
