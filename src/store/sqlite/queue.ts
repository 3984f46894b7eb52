import type { DatabaseSync } from 'node:sqlite'
import type { QueueEntry, QueueStore } from '../contract.ts'

/** Read the queue. */
export function readQueue(db: DatabaseSync): QueueStore {
  const count = db.prepare('SELECT count(*) AS n FROM queue_entry')
  const list = db.prepare(
    `SELECT q.id, q.message AS messageId, q.recipient, q.notify, q.orcpt, q.created_at AS createdAtMs, m.sender, m.size AS sizeBytes
     FROM queue_entry q JOIN message m ON m.id = q.message ORDER BY q.id LIMIT ?`,
  )
  return {
    count: () => Number(count.get()?.n),
    list: (limit) =>
      list.all(limit).map(({ notify, orcpt, ...entry }) => ({
        ...(entry as unknown as QueueEntry),
        ...(notify === null ? {} : { notify: String(notify) }),
        ...(orcpt === null ? {} : { orcpt: String(orcpt) }),
      })),
  }
}
