import type { Alarm, Clock } from '#base/clock.ts'
import type { Events } from '#events/contract.ts'
import type { Settings } from '#settings/schema.ts'
import type { Store } from '#store/contract.ts'
import type { KeptBlocks } from './block-keeper.ts'

const EVERY_MS = 10 * 60_000
/** Records forgotten in one write: short enough that mail does not wait behind it. */
const SLICE = 500

export interface HousekeepingParts {
  readonly clock: Clock
  readonly store: {
    readonly decisions: Pick<Store['decisions'], 'forgetBefore'>
    readonly queue: Pick<Store['queue'], 'forgetDeliveriesBefore'>
    readonly transport: Pick<Store['transport'], 'forgetPoliciesBefore'>
  }
  readonly blocks: Pick<KeptBlocks, 'forgetOld'>
  readonly settings: () => Settings
  readonly events: Pick<Events, 'faulted'>
}

/** Forget what is past its time, every ten minutes, in small slices; the answer ends it. */
export function keepHouse({ clock, store, blocks, settings, events }: HousekeepingParts): () => void {
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
    const { decisions, queue, transport } = store
    const keptSinceMs = () => clock.nowMs() - settings().decisions.keep
    await forget('old decision records', () => decisions.forgetBefore(keptSinceMs(), SLICE))
    await forget('what became of old mail', () => queue.forgetDeliveriesBefore(keptSinceMs(), SLICE))
    await forget('policies whose time is over', () => transport.forgetPoliciesBefore(clock.nowMs(), SLICE))
    await forget('blocks that ended long ago', () => blocks.forgetOld())
    if (!ended) alarm = clock.after(EVERY_MS, () => void round())
  }

  alarm = clock.after(EVERY_MS, () => void round())
  return () => {
    ended = true
    alarm?.cancel()
  }
}
