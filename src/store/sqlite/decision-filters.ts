import type { DatabaseSync } from 'node:sqlite'
import { type DecisionHead, filterOf } from './decision-rows.ts'

/** Numbers in a run. A thread uses the numbers that it reserved one after the other, so most records of a run are of one time. */
export const RUN = 1024

/** Runs written to last that have no filter: at least those that the threads are writing into. A search reads them all. */
const RUNS_LEFT_OPEN = 32

/** Give the run that a record's number is in. */
export function runOf(id: number): number {
  return Math.floor(id / RUN)
}

/**
 * Makes the filters of decisions, in the writer's thread and beside the commits: an index would cost each record more than a rare
 * search may. A record that comes into a run whose filter is made takes the filter away until it is made anew; so a filter
 * that is there never misses a record.
 */
export class DecisionFilters {
  /** Runs without a filter, the one written to longest ago first. */
  readonly #open = new Set<number>()
  /** The run of the last record: that its filter is gone need not be said twice. */
  #last: number | undefined
  readonly #remove
  readonly #removeOlder
  readonly #heads
  readonly #keep

  constructor(db: DatabaseSync) {
    this.#remove = db.prepare('DELETE FROM decision_filter WHERE run = ?')
    this.#removeOlder = db.prepare('DELETE FROM decision_filter WHERE newest < ?')
    this.#heads = db.prepare('SELECT at, head FROM decision WHERE id >= ? AND id < ?')
    this.#heads.setReturnArrays(true)
    this.#keep = db.prepare('INSERT OR REPLACE INTO decision_filter (run, newest, bits) VALUES (?, ?, ?)')
    const exists = db.prepare('SELECT 1 FROM decision_filter WHERE run = ?')
    for (const run of runsWithRecords(db)) if (exists.get(run) === undefined) this.#open.add(run)
  }

  /** Take note of a new record; within the transaction that writes it. */
  added(id: number): void {
    const run = runOf(id)
    if (run === this.#last) return
    this.#last = run
    this.#remove.run(run)
    this.#open.delete(run)
    this.#open.add(run)
  }

  /** Take away the filters of runs whose records are all older than this; within a transaction. */
  forgetBefore(atMs: number): void {
    this.#removeOlder.run(atMs)
  }

  /** Make at most so many filters that are due, in a transaction of its own; tells how many were made. */
  build(most: number, alone: (work: () => void) => void): number {
    const due = [...this.#open.values().take(Math.max(0, Math.min(most, this.#open.size - RUNS_LEFT_OPEN)))]
    if (due.length === 0) return 0
    alone(() => {
      for (const run of due) this.#make(run)
    })
    for (const run of due) this.#open.delete(run)
    this.#last = undefined
    return due.length
  }

  /** A transaction was undone, and with it perhaps the removal of a filter. */
  rolledBack(): void {
    this.#last = undefined
  }

  #make(run: number): void {
    const rows = this.#heads.all(run * RUN, (run + 1) * RUN) as unknown as [at: number, head: string][]
    const newest = rows.reduce((latest, [at]) => Math.max(latest, at), 0)
    const filter = filterOf(rows.map(([, head]) => JSON.parse(head) as DecisionHead))
    this.#keep.run(run, newest, filter.bytes)
  }
}

/** List the runs that hold a record, in order: one look-up by index for each. */
export function* runsWithRecords(db: DatabaseSync): Generator<number> {
  const first = db.prepare('SELECT id FROM decision WHERE id >= ? ORDER BY id LIMIT 1')
  first.setReturnArrays(true)
  for (let from = 0; ; ) {
    const row = first.get(from) as unknown as [number] | undefined
    if (row === undefined) return
    const run = runOf(row[0])
    yield run
    from = (run + 1) * RUN
  }
}
