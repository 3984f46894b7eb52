import type { DatabaseSync } from 'node:sqlite'
import type { ContactStore } from '../contract.ts'

/** Contacts that one account may have, and how many of the oldest go at once when it has more. */
const MOST_CONTACTS = 50_000
const OLDEST_AT_ONCE = 5_000

/** Read whom accounts have written to. */
export function readContacts(db: DatabaseSync): ContactStore {
  const one = db.prepare('SELECT 1 FROM contact WHERE user_id = ? AND recipient = ?')
  return { knows: (userId, recipient) => one.get(userId, recipient) !== undefined }
}

/** Give what keeps contacts, for messages and the directory to call within their own writes. */
export function openContactKeeper(db: DatabaseSync) {
  const userExists = db.prepare('SELECT 1 FROM user WHERE id = ?')
  const insert = db.prepare('INSERT OR IGNORE INTO contact (user_id, recipient, at) VALUES (?, ?, ?)')
  const count = db.prepare(
    `INSERT INTO contact_count (user_id, contacts) VALUES (?, ?)
     ON CONFLICT (user_id) DO UPDATE SET contacts = contacts + excluded.contacts RETURNING contacts`,
  )
  count.setReturnArrays(true)
  const removeOldest = db.prepare(
    `DELETE FROM contact WHERE user_id = ?1 AND recipient IN
     (SELECT recipient FROM contact WHERE user_id = ?1 ORDER BY at LIMIT ?2)`,
  )
  const removeAll = db.prepare('DELETE FROM contact WHERE user_id = ?')
  const removeCount = db.prepare('DELETE FROM contact_count WHERE user_id = ?')

  return {
    /** Remember that an account wrote to these for the first time. */
    remember(userId: number, recipients: readonly string[], atMs: number): void {
      // The account may have been removed since its message was begun.
      if (userExists.get(userId) === undefined) return
      let added = 0
      for (const recipient of recipients) added += Number(insert.run(userId, recipient, atMs).changes)
      if (added === 0) return
      const [contacts] = count.get(userId, added) as unknown as [number]
      if (contacts <= MOST_CONTACTS) return
      const surplus = Math.max(contacts - MOST_CONTACTS, OLDEST_AT_ONCE)
      count.get(userId, -Number(removeOldest.run(userId, surplus).changes))
    },

    /** Forget everything of an account. */
    forget(userId: number): void {
      removeAll.run(userId)
      removeCount.run(userId)
    },
  }
}

export type ContactKeeper = ReturnType<typeof openContactKeeper>
