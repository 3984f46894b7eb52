import type { DatabaseSync } from 'node:sqlite'
import type { QueueEntry, QueueStore } from '../contract.ts'
import { messageReleaser } from './mailboxes.ts'
import { withoutNulls } from './rows.ts'

/** Read the queue. */
export function readQueue(db: DatabaseSync): Pick<QueueStore, 'count' | 'list'> {
  const count = db.prepare('SELECT count(*) AS n FROM queue_entry')
  const list = db.prepare(
    `SELECT q.id, q.message AS messageId, q.recipient, q.notify, q.orcpt, q.ret, q.envid, q.body, q.smtputf8, q.user, q.ip,
       q.held, q.created_at AS createdAtMs, m.sender, m.size AS sizeBytes
     FROM queue_entry q JOIN message m ON m.id = q.message ORDER BY q.id LIMIT ?`,
  )
  return {
    count: () => Number(count.get()?.n),
    list: (limit) =>
      list.all(limit).map(({ smtputf8, held, ...row }) => ({
        ...withoutNulls<QueueEntry>(row),
        ...(smtputf8 === 1 ? { smtputf8: true as const } : {}),
        ...(held === 1 ? { held: true as const } : {}),
      })),
  }
}

export const QUEUE_WRITES = ['holdSome', 'releaseSome', 'removeSome'] as const

/** Entries that one write touches at most: whoever sends for it goes on until there is no more, and other writes come between. */
export const ENTRIES_AT_ONCE = 500

/** Write the queue. Each touches at most ENTRIES_AT_ONCE entries of a user, and gives how many it were. */
export function writeQueue(db: DatabaseSync) {
  const hold = db.prepare(someOf('UPDATE queue_entry SET held = 1', 'AND held = 0'))
  const release = db.prepare(someOf('UPDATE queue_entry SET held = 0', 'AND held = 1'))
  const remove = db.prepare(`${someOf('DELETE FROM queue_entry', '')} RETURNING message`)
  remove.setReturnArrays(true)
  const letGo = messageReleaser(db)
  return {
    holdSome: (user: string): number => Number(hold.run(user).changes),
    releaseSome: (user: string): number => Number(release.run(user).changes),
    removeSome(user: string): number {
      const gone = remove.all(user) as unknown as [number][]
      for (const [message] of gone) letGo(message)
      return gone.length
    },
  }
}

/** Put a statement's effect on some entries of a user. */
function someOf(effect: string, which: string): string {
  return `${effect} WHERE id IN (SELECT id FROM queue_entry WHERE user = ? ${which} LIMIT ${ENTRIES_AT_ONCE})`
}

/** Have a write of the queue done again and again until nothing is left for it; gives how many entries it were. */
export async function untilNoMore(some: () => Promise<number>): Promise<number> {
  for (let total = 0; ; ) {
    const touched = await some()
    total += touched
    if (touched < ENTRIES_AT_ONCE) return total
  }
}
