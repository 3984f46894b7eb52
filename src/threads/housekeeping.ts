import type { Alarm, Clock } from '#base/clock.ts'
import type { Events } from '#events/contract.ts'
import type { Settings } from '#settings/schema.ts'
import type { DecisionStore } from '#store/contract.ts'
import type { KeptBlocks } from './block-keeper.ts'

const EVERY_MS = 10 * 60_000
/** Records forgotten in one write: short enough that mail does not wait behind it. */
const SLICE = 500

export interface HousekeepingParts {
  readonly clock: Clock
  readonly decisions: Pick<DecisionStore, 'forgetBefore'>
  readonly blocks: Pick<KeptBlocks, 'forgetOld'>
  readonly settings: () => Settings
  readonly events: Pick<Events, 'faulted'>
}

/** Forget what is past its time, every ten minutes, in small slices; the answer ends it. */
export function keepHouse({ clock, decisions, blocks, settings, events }: HousekeepingParts): () => void {
  let alarm: Alarm | undefined
  let ended = false

  async function forget(what: string, slice: () => Promise<number>): Promise<void> {
    try {
      // Each slice is a write of its own, and mail's writes go between them.
      while (!ended && (await slice()) === SLICE);
    } catch (error) {
      events.faulted({ what: `forgetting ${what}`, error })
    }
  }

  async function round(): Promise<void> {
    await forget('old decision records', () => decisions.forgetBefore(clock.nowMs() - settings().decisions.keep, SLICE))
    await forget('blocks that ended long ago', () => blocks.forgetOld())
    if (!ended) alarm = clock.after(EVERY_MS, () => void round())
  }

  alarm = clock.after(EVERY_MS, () => void round())
  return () => {
    ended = true
    alarm?.cancel()
  }
}
