import type { Clock } from '#base/clock.ts'
import type { Events } from '#events/contract.ts'
import type { DecisionRecord, DecisionStore } from '#store/contract.ts'

/** How long a record may wait for others, so that a flood of refusals is a few writes. */
const GATHER_MS = 10
const MOST_AT_ONCE = 256
/** Characters of records not yet on disk. Beyond it the newest are given up: a flood must not become memory. */
const MOST_UNSAVED = 4_000_000

/** Keeps the records of refusals without making anybody wait for the disk. */
export class RefusalRecords {
  readonly #store: Pick<DecisionStore, 'add'>
  readonly #clock: Clock
  readonly #events: Pick<Events, 'faulted'>
  #gathered: DecisionRecord[] = []
  #unsaved = 0
  #givenUp = 0

  constructor(store: Pick<DecisionStore, 'add'>, clock: Clock, events: Pick<Events, 'faulted'>) {
    this.#store = store
    this.#clock = clock
    this.#events = events
  }

  add(record: DecisionRecord): void {
    if (this.#unsaved > MOST_UNSAVED) {
      this.#givenUp += 1
      return
    }
    this.#unsaved += sizeOf(record)
    if (this.#gathered.push(record) === 1) this.#clock.after(GATHER_MS, () => void this.flush())
    else if (this.#gathered.length >= MOST_AT_ONCE) void this.flush()
  }

  /** Hand what is gathered to the store; resolves when it is kept or given up. */
  async flush(): Promise<void> {
    const records = this.#gathered
    if (records.length === 0) return
    this.#gathered = []
    try {
      await this.#store.add(records)
    } catch (error) {
      this.#events.faulted({ what: `keeping the records of ${records.length} refusals`, error })
    }
    for (const record of records) this.#unsaved -= sizeOf(record)
    if (this.#givenUp > 0 && this.#unsaved < MOST_UNSAVED / 2) {
      const error = new Error(`Cannot keep the records of ${this.#givenUp} refusals: too many wait for the disk`)
      this.#givenUp = 0
      this.#events.faulted({ what: 'keeping the records of refusals', error })
    }
  }
}

function sizeOf({ story, reply }: DecisionRecord): number {
  return story.length + reply.length + 200
}
