import { setImmediate as turn } from 'node:timers/promises'

/**
 * Number of times that mail for elsewhere was kept, in memory that all threads share: the writer adds one after each commit with
 * new entries of the queue, and wakes who waits for it. So a message is taken up at once, and nobody asks in vain.
 */
export type QueueChangeCount = Int32Array<SharedArrayBuffer>

/** Reserve the number of changes. */
export function shareQueueChangeCount(): QueueChangeCount {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/** Say that entries were committed; for the writer. */
export function tellQueueChanged(changes: QueueChangeCount): void {
  Atomics.add(changes, 0, 1)
  Atomics.notify(changes, 0)
}

/** Call `changed` whenever the number has grown, not more often than once in a turn of the event loop; the answer ends it. */
export function watchQueueChanges(changes: QueueChangeCount, changed: () => void): () => void {
  let ended = false
  async function watch(): Promise<void> {
    let seen = Atomics.load(changes, 0)
    while (!ended) {
      const woken = Atomics.waitAsync(changes, 0, seen)
      if (woken.async) await woken.value
      // Under load the number has always grown: other work gets its turn in between.
      else await turn()
      seen = Atomics.load(changes, 0)
      if (!ended) changed()
    }
  }
  void watch()
  return () => {
    ended = true
    // Whoever waits is let go; others see nothing new.
    Atomics.notify(changes, 0)
  }
}
