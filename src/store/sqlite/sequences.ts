import type { DatabaseSync } from 'node:sqlite'

/** Numbers taken from the database at once; a restart leaves at most so many unused. */
const RUN = 1000

type SequenceName = 'message' | 'body' | 'decision' | 'entry'

/**
 * Hands out numbers that rise and are never given twice, not after a restart either: the database always knows a bound above
 * all that are in use, so that most numbers cost no write. `forget` must be called after a rollback, which may have undone it.
 */
export class Sequences {
  readonly #runs = new Map<SequenceName, { next: number; end: number }>()
  readonly #take

  constructor(db: DatabaseSync) {
    this.#take = db.prepare('UPDATE sequence SET next = next + ? WHERE name = ? RETURNING next')
    this.#take.setReturnArrays(true)
  }

  /** Give the next number of a sequence. */
  next(name: SequenceName): number {
    const run = this.#runs.get(name)
    if (run !== undefined && run.next < run.end) return run.next++
    const first = this.reserve(name, RUN)
    this.#runs.set(name, { next: first + 1, end: first + RUN })
    return first
  }

  /** Take `count` numbers for the caller alone; gives the first. */
  reserve(name: SequenceName, count: number): number {
    const [end] = this.#take.get(count, name) as unknown as [number]
    return end - count
  }

  forget(): void {
    this.#runs.clear()
  }
}

/** Move every sequence on, so that numbers given out after a backup was made are not given again after it is restored. */
export function skipNumbers(db: DatabaseSync, count: number): void {
  db.prepare('UPDATE sequence SET next = next + ?').run(count)
  // A backup of an older schema has the queue's numbers here as well.
  db.prepare("UPDATE sqlite_sequence SET seq = seq + ? WHERE name IN ('mailbox', 'queue_entry')").run(count)
}
