import type { DatabaseSync } from 'node:sqlite'

/**
 * Keeps the number of entries, so that nobody counts a million. What a transaction adds and takes is written once, before it is
 * committed: the number and the entries are on disk together or not at all.
 */
export class QueueCount {
  readonly #write
  #change = 0
  #grew = false

  constructor(db: DatabaseSync) {
    this.#write = db.prepare('UPDATE queue_count SET entries = entries + ?')
  }

  /** Take note of entries that came, or that went where negative. */
  add(entries: number): void {
    this.#change += entries
    if (entries > 0) this.#grew = true
  }

  /** Write it down: the transaction is about to be committed. */
  finish(): void {
    if (this.#change === 0) return
    this.#write.run(this.#change)
    this.#change = 0
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#change = 0
    this.#grew = false
  }

  /** Tell whether entries came since the last time this was asked. */
  grew(): boolean {
    const grew = this.#grew
    this.#grew = false
    return grew
  }
}
