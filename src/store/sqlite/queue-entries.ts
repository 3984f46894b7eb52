/** How an entry moves between its states; see `migrations/005-delivery.ts` for what each leaves in the tables. */
import type { DatabaseSync } from 'node:sqlite'
import { messageReleaser } from './mailboxes.ts'
import type { QueueCount } from './queue-count.ts'
import type { WaitingRow } from './queue-wire.ts'

/**
 * An entry that came so shortly before the newest is taken out at once, since its page is written with others of its time. Any other
 * is only noted as gone: a thousand of them would be a thousand pages.
 */
const NEAR = 4096

/** What an entry is known by within a write. */
interface Standing {
  readonly message: number
  readonly decision: number
  readonly createdAtMs: number
  readonly sender: string
  readonly recipient: string
  readonly sizeBytes: number
  readonly held: boolean
}

type StateRow = readonly [domain: string, origin: string, dueAtMs: number | null, held: number, rested: number]

/** Give the steps of entries; all of them tell whether there was such an entry, and it was not in that state already. */
export function openQueueEntries(db: DatabaseSync, entryCount: QueueCount) {
  const last = db.prepare('SELECT max(id) FROM queue_entry')
  const state = db.prepare('SELECT domain, origin, due_at, held, rested FROM queue_entry WHERE id = ?')
  const standing = db.prepare(
    'SELECT message, decision, created_at, sender, recipient, size, held FROM queue_entry WHERE id = ?',
  )
  const isGone = db.prepare('SELECT 1 FROM queue_gone WHERE entry = ?')
  const addGone = db.prepare('INSERT INTO queue_gone (entry) VALUES (?)')
  const remove = db.prepare('DELETE FROM queue_entry WHERE id = ? RETURNING domain, origin, due_at, held, message')
  const addReady = db.prepare('INSERT INTO queue_ready (domain, origin, entry) VALUES (?, ?, ?)')
  const takeReady = db.prepare('DELETE FROM queue_ready WHERE domain = ? AND origin = ? AND entry = ?')
  const addWaiting = db.prepare('INSERT INTO queue_waiting (due_at, entry, domain, origin) VALUES (?, ?, ?, ?)')
  const takeWaiting = db.prepare('DELETE FROM queue_waiting WHERE due_at = ? AND entry = ?')
  const due = db.prepare(
    'SELECT domain, origin, entry, due_at FROM queue_waiting WHERE due_at <= ? ORDER BY due_at, entry LIMIT ?',
  )
  const takeDue = db.prepare('DELETE FROM queue_waiting WHERE (due_at, entry) <= (?, ?)')
  const wait = db.prepare('UPDATE queue_entry SET due_at = ?, attempts = ?, warned = ?, answers = ? WHERE id = ?')
  // The indexes of what has rested are written when that changes, and else left alone.
  const rest = db.prepare('UPDATE queue_entry SET rested = 1 WHERE id = ?')
  const hold = db.prepare('UPDATE queue_entry SET held = 1, due_at = ? WHERE id = ?')
  const release = db.prepare('UPDATE queue_entry SET held = 0 WHERE id = ?')
  for (const statement of [last, state, standing, remove, due]) statement.setReturnArrays(true)
  const letGo = messageReleaser(db)

  /** Take an entry's key from where it stands: `held` is nowhere; undefined when it is gone. */
  function leave(id: number, [domain, origin, dueAtMs, held]: StateRow): 'ready' | 'waiting' | 'held' | undefined {
    if (held === 1) return isGone.get(id) === undefined ? 'held' : undefined
    if (takeReady.run(domain, origin, id).changes > 0) return 'ready'
    return dueAtMs !== null && takeWaiting.run(dueAtMs, id).changes > 0 ? 'waiting' : undefined
  }

  function stateOf(id: number): StateRow | undefined {
    return state.get(id) as unknown as StateRow | undefined
  }

  return {
    /** Give what an entry is known by, and undefined when it is gone. */
    find(id: number): Standing | undefined {
      const row = standing.get(id) as unknown as [number, number, number, string, string, number, number] | undefined
      if (row === undefined || isGone.get(id) !== undefined) return undefined
      const [message, decision, createdAtMs, sender, recipient, sizeBytes, held] = row
      return { message, decision, createdAtMs, sender, recipient, sizeBytes, held: held === 1 }
    },

    /** Take an entry out, and its message with the last that holds it. */
    takeOut(id: number): boolean {
      const [newest] = last.get() as unknown as [number | null]
      if (newest !== null && id > newest - NEAR && isGone.get(id) === undefined) {
        const row = remove.get(id) as unknown as [string, string, number | null, number, number] | undefined
        if (row === undefined) return false
        leave(id, [row[0], row[1], row[2], row[3], 0])
        letGo(row[4])
      } else {
        const row = stateOf(id)
        if (row === undefined || leave(id, row) === undefined) return false
        addGone.run(id)
      }
      entryCount.add(-1)
      return true
    },

    /** Have an entry wait; one that is held stays so, and will wait when it is released. */
    wait(id: number, [dueAtMs, attempts, warned, answers]: WaitingRow): boolean {
      const row = stateOf(id)
      if (row === undefined) return false
      const left = leave(id, row)
      if (left === undefined) return false
      wait.run(dueAtMs, attempts, warned, answers, id)
      if (row[4] === 0) rest.run(id)
      if (left !== 'held') addWaiting.run(dueAtMs, id, row[0], row[1])
      return true
    },

    /** Make what is due by then ready, the earliest first. */
    wake(nowMs: number, limit: number): { readonly domains: readonly string[]; readonly more: boolean } {
      const rows = due.all(nowMs, limit) as unknown as (readonly [string, string, number, number])[]
      const domains = new Set<string>()
      for (const [domain, origin, entry] of rows) {
        addReady.run(domain, origin, entry)
        domains.add(domain)
      }
      const [, , entry, dueAtMs] = rows.at(-1) ?? ['', '', 0, 0]
      if (rows.length > 0) takeDue.run(dueAtMs, entry)
      return { domains: [...domains], more: rows.length === limit }
    },

    hold(id: number): boolean {
      const row = stateOf(id)
      if (row === undefined || row[3] === 1) return false
      const left = leave(id, row)
      if (left === undefined) return false
      hold.run(left === 'waiting' ? row[2] : null, id)
      if (row[4] === 0) rest.run(id)
      return true
    },

    release(id: number): boolean {
      const row = stateOf(id)
      if (row === undefined || row[3] === 0 || isGone.get(id) !== undefined) return false
      const [domain, origin, dueAtMs] = row
      release.run(id)
      if (dueAtMs === null) addReady.run(domain, origin, id)
      else addWaiting.run(dueAtMs, id, domain, origin)
      return true
    },

    /** Make an entry that waits ready. */
    retry(id: number): boolean {
      const row = stateOf(id)
      if (row === undefined || row[3] === 1 || row[2] === null) return false
      if (takeWaiting.run(row[2], id).changes === 0) return false
      addReady.run(row[0], row[1], id)
      return true
    },
  }
}

export type QueueEntries = ReturnType<typeof openQueueEntries>

/** Take at most so many rows of entries that are gone out of the table, with their messages; tells whether there were any. */
export function clearGoneEntries(db: DatabaseSync, limit: number): boolean {
  // In the order of their numbers, so that those that share a page are taken out of it together.
  const gone = db.prepare('SELECT entry FROM queue_gone ORDER BY entry LIMIT ?').all(limit)
  if (gone.length === 0) return false
  const remove = db.prepare('DELETE FROM queue_entry WHERE id = ? RETURNING message')
  const letGo = messageReleaser(db)
  for (const { entry } of gone) letGo(Number(remove.get(Number(entry))?.message))
  db.prepare('DELETE FROM queue_gone WHERE entry <= ?').run(Number(gone.at(-1)?.entry))
  return true
}
