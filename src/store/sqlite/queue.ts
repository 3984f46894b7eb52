import type { DatabaseSync } from 'node:sqlite'
import type { QueueEntry, QueueStore } from '../contract.ts'

/** Read the queue. */
export function readQueue(db: DatabaseSync): QueueStore {
  const count = db.prepare('SELECT count(*) AS n FROM queue_entry')
  const list = db.prepare(
    `SELECT q.id, q.message AS messageId, q.recipient, q.notify, q.orcpt, q.ret, q.envid, q.body, q.smtputf8,
       q.created_at AS createdAtMs, m.sender, m.size AS sizeBytes
     FROM queue_entry q JOIN message m ON m.id = q.message ORDER BY q.id LIMIT ?`,
  )
  return {
    count: () => Number(count.get()?.n),
    list: (limit) =>
      list.all(limit).map(({ smtputf8, ...row }) => {
        const given = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
        return { ...(given as unknown as QueueEntry), ...(smtputf8 === 1 ? { smtputf8: true as const } : {}) }
      }),
  }
}
