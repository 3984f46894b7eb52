import type { Clock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import type { Events } from '#events/contract.ts'
import { keepCompact } from '#ledger/memory/compact.ts'
import { openJournal } from '#ledger/memory/journal.ts'
import { type MemoryLedger, openLedger } from '#ledger/memory/open.ts'
import { releaseThread } from '#ledger/memory/open-connections.ts'
import { recoverLedger } from '#ledger/memory/recover.ts'
import { reserveLedger, type SharedLedger } from '#ledger/memory/table.ts'

/** The ledger as the main thread holds it, for all. */
export interface KeptLedger {
  /** For the session threads. */
  readonly shared: SharedLedger
  readonly ledger: MemoryLedger
  /** A thread has ended: what it held is free again. */
  readonly released: (threadIndex: number) => void
  close(): Promise<void>
}

/** How often it is looked at whether counts had to be let go. */
const LOOK_EVERY_MS = 60_000

/**
 * Reserve the memory of the counts, fill it with those that outlived the last process, and keep their journal short. `threadIndex`
 * is the main thread's own, above those of the session threads.
 */
export function openSharedLedger(options: {
  readonly bytes: number
  readonly dir: string
  readonly secret: Uint8Array
  readonly threadIndex: number
  readonly clock: Clock
  readonly events: Pick<Events, 'faulted' | 'countsLetGo'>
}): KeptLedger {
  const { bytes, dir, secret, threadIndex, clock, events } = options
  const failed = (error: unknown): void => events.faulted({ what: 'writing down the counts behind the limits', error })
  const shared = reserveLedger({ bytes, secret, nowMs: clock.nowMs() })
  for (const notice of recoverLedger(shared, { dir }).notices) {
    events.faulted({
      what: 'reading the counts of the last start',
      error: new Fault(notice, { temporary: false }),
    })
  }
  const journal = openJournal(shared, { dir, threadIndex, failed })
  const ledger = openLedger(shared, { threadIndex, journal })
  const endCompaction = keepCompact(shared, { dir, clock, threadIndex, failed })

  let told = 0
  function look(): void {
    const { letGo, bytes: taken } = ledger.state()
    if (letGo > told) events.countsLetGo({ letGo: letGo - told, bytes: taken })
    told = letGo
    alarm = clock.after(LOOK_EVERY_MS, look)
  }
  let alarm = clock.after(LOOK_EVERY_MS, look)

  return {
    shared,
    ledger,
    released: (index) => releaseThread(shared, index),
    async close() {
      alarm.cancel()
      await endCompaction()
      journal.close()
    },
  }
}
