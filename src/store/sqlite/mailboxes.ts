import type { DatabaseSync } from 'node:sqlite'
import type { MailboxStore, Placement } from '../contract.ts'
import { openPieces, piecesOf, RETURN_PATH_BYTES, returnPath } from './bodies.ts'

/** Read mailboxes. */
export function readMailboxes(db: DatabaseSync): Omit<MailboxStore, 'remove'> {
  const usage = db.prepare('SELECT messages, bytes FROM mailbox WHERE id = ?')
  const list = db.prepare(
    'SELECT message, size FROM placement WHERE mailbox = ?1 AND EXISTS (SELECT 1 FROM mailbox WHERE id = ?1) ORDER BY message',
  )
  list.setReturnArrays(true)
  const message = db.prepare(
    `SELECT m.sender, m.size, m.body, m.content FROM placement p JOIN message m ON m.id = p.message
     WHERE p.mailbox = ?1 AND p.message = ?2 AND EXISTS (SELECT 1 FROM mailbox WHERE id = ?1)`,
  )
  message.setReturnArrays(true)
  const pieces = openPieces(db)

  return {
    usage(mailboxId) {
      const row = usage.get(mailboxId)
      return row === undefined
        ? { messages: 0, bytes: 0 }
        : { messages: Number(row.messages), bytes: Number(row.bytes) }
    },
    list(mailboxId) {
      const rows = list.all(mailboxId) as unknown as [number, number][]
      const placements = new Array<Placement>(rows.length)
      for (let at = 0; at < rows.length; at += 1) {
        const row = rows[at] as [number, number]
        placements[at] = { uid: row[0], sizeBytes: row[1] }
      }
      return placements
    },
    read(mailboxId, uid) {
      const row = message.get(mailboxId, uid)
      if (row === undefined) return undefined
      const [sender, size, body, content] = row as unknown as [string, number, number | null, Uint8Array]
      const head = [returnPath(sender), content]
      return body === null ? head : pieces(head, body, size - content.length)
    },
  }
}

export const MAILBOX_WRITES = ['remove'] as const

/** Write mailboxes. */
export function writeMailboxes(db: DatabaseSync) {
  const takeOut = db.prepare('DELETE FROM placement WHERE mailbox = ? AND message = ? RETURNING size')
  takeOut.setReturnArrays(true)
  const count = db.prepare('UPDATE mailbox SET messages = messages - ?, bytes = bytes - ? WHERE id = ?')
  const letGo = messageReleaser(db)
  return {
    remove(mailboxId: number, uids: readonly number[]): number {
      let messages = 0
      let bytes = 0
      for (const uid of uids) {
        const row = takeOut.get(mailboxId, uid) as unknown as [number] | undefined
        if (row === undefined) continue
        letGo(uid)
        messages += 1
        bytes += row[0]
      }
      if (messages > 0) count.run(messages, bytes, mailboxId)
      return messages
    },
  }
}

/** Give what makes and removes mailboxes, for the directory to call within its own writes. */
export function openMailboxKeeper(db: DatabaseSync) {
  const insert = db.prepare('INSERT INTO mailbox DEFAULT VALUES')
  const takeAway = db.prepare('DELETE FROM mailbox WHERE id = ?')
  const clearLater = db.prepare('INSERT INTO removed_mailbox (id) VALUES (?)')
  return {
    /** Make an empty mailbox; gives its number. */
    create: (): number => Number(insert.run().lastInsertRowid),
    /** Remove a mailbox: it and its mail are gone at once for every reader; the space is given back bit by bit. */
    remove(id: number): void {
      if (takeAway.run(id).changes > 0) clearLater.run(id)
    },
  }
}

/** Take at most `limit` placements out of mailboxes that are gone; tells whether some are left. */
export function clearRemovedMailboxes(db: DatabaseSync, limit: number): boolean {
  const removed = db.prepare('SELECT id FROM removed_mailbox LIMIT 1').get()
  if (removed === undefined) return false
  const id = Number(removed.id)
  const gone = db
    .prepare(
      `DELETE FROM placement WHERE mailbox = ?1 AND message IN
       (SELECT message FROM placement WHERE mailbox = ?1 ORDER BY message LIMIT ?2) RETURNING message`,
    )
    .all(id, limit)
  const letGo = messageReleaser(db)
  for (const row of gone) letGo(Number(row.message))
  if (gone.length < limit) db.prepare('DELETE FROM removed_mailbox WHERE id = ?').run(id)
  return true
}

/** Give the function that takes one holder from a message, and the message away with its last. */
export function messageReleaser(db: DatabaseSync): (message: number) => void {
  const share = db.prepare('UPDATE shared SET holders = holders - 1 WHERE message = ? RETURNING holders')
  share.setReturnArrays(true)
  const unshare = db.prepare('DELETE FROM shared WHERE message = ?')
  const remove = db.prepare('DELETE FROM message WHERE id = ? RETURNING body')
  remove.setReturnArrays(true)
  const removePieces = db.prepare('DELETE FROM piece WHERE id BETWEEN ? AND ?')
  return (message) => {
    const shared = share.get(message) as unknown as [number] | undefined
    if (shared !== undefined) {
      if (shared[0] === 1) unshare.run(message)
      return
    }
    const row = remove.get(message) as unknown as [number | null] | undefined
    if (row === undefined || row[0] === null) return
    const { first, last } = piecesOf(row[0])
    removePieces.run(first, last)
  }
}

/**
 * Give the function that puts a message that is kept already into mailboxes, as a further holder of it each; those that are gone
 * or hold it are passed over. It tells whether one of the mailboxes has it now.
 */
export function openPlacer(db: DatabaseSync) {
  const exists = db.prepare('SELECT 1 FROM mailbox WHERE id = ?')
  const place = db.prepare('INSERT OR IGNORE INTO placement (mailbox, message, size) VALUES (?, ?, ?)')
  const count = db.prepare('UPDATE mailbox SET messages = messages + 1, bytes = bytes + ? WHERE id = ?')
  const share = db.prepare(
    `INSERT INTO shared (message, holders) VALUES (?1, 1 + ?2)
     ON CONFLICT (message) DO UPDATE SET holders = holders + ?2`,
  )
  return (message: number, sender: string, sizeBytes: number, mailboxIds: readonly number[]): boolean => {
    const bytes = placementBytes(sender, sizeBytes)
    let found = false
    let holders = 0
    for (const mailbox of mailboxIds) {
      if (exists.get(mailbox) === undefined) continue
      found = true
      if (place.run(mailbox, message, bytes).changes === 0) continue
      count.run(bytes, mailbox)
      holders += 1
    }
    if (holders > 0) share.run(message, holders)
    return found
  }
}

/** Give the bytes of a message in a mailbox whose trace header and body are `sizeBytes`. */
export function placementBytes(sender: string, sizeBytes: number): number {
  return RETURN_PATH_BYTES + Buffer.byteLength(sender) + sizeBytes
}
