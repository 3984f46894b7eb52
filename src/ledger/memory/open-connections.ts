import type { OpenConnections } from '../contract.ts'
import { HEADER, type SharedLedger, WAYS } from './cell-table.ts'
import { type Hash, KeyedHash } from './keyed-hash.ts'
import { releaseLockOf, SharedLock } from './shared-lock.ts'

/**
 * Connections open at once, one row for each network and thread: the network's hash, the thread and its count. A row at 0 is
 * free. Far more rows than a machine holds connections; should the set of a network be full all the same, its connections count
 * in their own thread only, and the limit is held there.
 */
const ROWS = 4096 * WAYS
/** Words of a row: two of the hash, the thread's index + 1 (0: free), the count. */
const ROW = 4
const [HIGH, LOW, THREAD, COUNT] = [0, 1, 2, 3] as const

export const connectionsBytes = ROWS * ROW * 4

/** Open the shared table of open connections in one thread, which counts as its own what enters here. */
export function openOpenConnections(shared: SharedLedger, threadIndex: number): OpenConnections {
  const words = new Int32Array(shared.header)
  const rows = new Int32Array(shared.connections)
  const lock = new SharedLock(words, HEADER.connectionsLock, threadIndex)
  const hash = new KeyedHash(words[HEADER.key0] as number, words[HEADER.key1] as number)
  const key: Hash = { high: 0, low: 0 }
  const thread = threadIndex + 1
  /** What found no row. */
  const overflow = new Map<string, number>()

  function hashOf(network: string): number {
    hash.begin()
    hash.text(network)
    hash.end(key)
    return Math.floor(((key.high >>> 0) / 2 ** 32) * (ROWS / WAYS)) * WAYS * ROW
  }

  /** Find the thread's own row of the hashed network; -1 where there is none. */
  function own(first: number): number {
    for (let row = first; row < first + WAYS * ROW; row += ROW) {
      if (rows[row + THREAD] === thread && rows[row + HIGH] === key.high && rows[row + LOW] === key.low) return row
    }
    return -1
  }

  function free(first: number): number {
    for (let row = first; row < first + WAYS * ROW; row += ROW) if (rows[row + THREAD] === 0) return row
    return -1
  }

  function sum(network: string, first: number): number {
    let count = overflow.get(network) ?? 0
    for (let row = first; row < first + WAYS * ROW; row += ROW) {
      if (rows[row + THREAD] !== 0 && rows[row + HIGH] === key.high && rows[row + LOW] === key.low)
        count += rows[row + COUNT] as number
    }
    return count
  }

  function enter(network: string): number {
    const first = hashOf(network)
    let row = own(first)
    if (row === -1) {
      row = free(first)
      if (row === -1) {
        overflow.set(network, (overflow.get(network) ?? 0) + 1)
        return sum(network, first)
      }
      rows[row + HIGH] = key.high
      rows[row + LOW] = key.low
      rows[row + COUNT] = 0
      rows[row + THREAD] = thread
    }
    rows[row + COUNT] = (rows[row + COUNT] as number) + 1
    return sum(network, first)
  }

  function leave(network: string): number {
    const over = overflow.get(network)
    if (over !== undefined) {
      if (over > 1) overflow.set(network, over - 1)
      else overflow.delete(network)
      return over - 1
    }
    const row = own(hashOf(network))
    if (row === -1) throw new Error('Cannot leave the open connections: this thread has none from there')
    const left = (rows[row + COUNT] as number) - 1
    rows[row + COUNT] = left
    if (left === 0) rows[row + THREAD] = 0
    return left
  }

  /** Do something for each network under the lock, and allocate nothing there: a collection of garbage would hold up all. */
  function each(by: readonly string[], run: (network: string) => number): readonly number[] {
    const counts = new Array<number>(by.length).fill(0)
    lock.acquire()
    try {
      for (let index = 0; index < by.length; index += 1) counts[index] = run(by[index] as string)
    } finally {
      lock.release()
    }
    return counts
  }

  return {
    enter: (by) => each(by, enter),
    leave(by) {
      each(by, leave)
    },
    look: (by) => each(by, (network) => sum(network, hashOf(network))),
  }
}

/** Forget what a thread that ended left behind: the locks it held, and its open connections. */
export function releaseThread(shared: SharedLedger, threadIndex: number): void {
  const words = new Int32Array(shared.header)
  releaseLockOf(words, HEADER.lock, threadIndex)
  releaseLockOf(words, HEADER.connectionsLock, threadIndex)
  const rows = new Int32Array(shared.connections)
  for (let row = 0; row < rows.length; row += ROW) {
    // No lock: the rows of a dead thread have no other writer, and a row is free from this one word on.
    if (rows[row + THREAD] === threadIndex + 1) rows[row + THREAD] = 0
  }
}
