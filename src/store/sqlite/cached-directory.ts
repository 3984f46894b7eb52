import type { DirectoryStore } from '../contract.ts'

type Cached = Pick<DirectoryStore, 'domain' | 'owner'>

/** Answers kept of each kind; full, they are forgotten together, so that names an attacker makes up cost no more than that. */
const MOST_KEPT = 10_000

/**
 * Number of changes to the directory, in memory that all threads share: the writer adds one after each commit that changed it and
 * before anybody is told of the commit.
 */
export type DirectoryChangeCount = Int32Array<SharedArrayBuffer>

/** Reserve the number of changes. */
export function shareDirectoryChangeCount(): DirectoryChangeCount {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/**
 * Remember what every recipient asks: whether its domain is one of ours, and who has its address. What is remembered holds until
 * the directory changes, so a read still sees every write that was answered before it.
 */
export function cacheDirectory<D extends Cached>(read: D, changes: DirectoryChangeCount): D {
  const domain = remember(read.domain, changes)
  const owner = remember(read.owner, changes)
  return { ...read, domain, owner }
}

function remember<T>(read: (name: string) => T, changes: DirectoryChangeCount): (name: string) => T {
  const kept = new Map<string, T>()
  let keptAt = Atomics.load(changes, 0)
  return (name) => {
    // Before the database is read: a change in between makes what is then kept old, not new.
    const now = Atomics.load(changes, 0)
    if (now !== keptAt || kept.size >= MOST_KEPT) {
      kept.clear()
      keptAt = now
    }
    const known = kept.get(name)
    if (known !== undefined || kept.has(name)) return known as T
    const found = read(name)
    kept.set(name, found)
    return found
  }
}
