import type { Alarm, Clock } from '#base/clock.ts'
import type { Events } from '#events/contract.ts'
import type { Settings } from '#settings/schema.ts'
import type { DecisionStore } from '#store/contract.ts'

const EVERY_MS = 10 * 60_000
/** Records forgotten in one write: short enough that mail does not wait behind it. */
const SLICE = 500

/** Forget what is past its time, every ten minutes, in small slices; the answer ends it. */
export function keepHouse(
  clock: Clock,
  decisions: Pick<DecisionStore, 'forgetBefore'>,
  settings: () => Settings,
  events: Pick<Events, 'faulted'>,
): () => void {
  let alarm: Alarm | undefined
  let ended = false

  async function round(): Promise<void> {
    try {
      while (!ended && (await decisions.forgetBefore(clock.nowMs() - settings().decisions.keep, SLICE)) === SLICE) {
        // Each slice is a write of its own, and mail's writes go between them.
      }
    } catch (error) {
      events.faulted({ what: 'forgetting old decision records', error })
    }
    if (!ended) alarm = clock.after(EVERY_MS, () => void round())
  }

  alarm = clock.after(EVERY_MS, () => void round())
  return () => {
    ended = true
    alarm?.cancel()
  }
}
