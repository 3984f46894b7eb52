import type { DatabaseSync } from 'node:sqlite'
import { Fault } from '#base/fault.ts'
import type { MessageStore, NewMessage, NewQueueEntry } from '../contract.ts'
import { openPieces, piecesOf } from './bodies.ts'
import type { ContactKeeper } from './contacts.ts'
import type { DecisionFilters } from './decision-filters.ts'
import type { DecisionRow } from './decision-rows.ts'
import { placementBytes } from './mailboxes.ts'
import type { QueueCount } from './queue-count.ts'
import { type EntryOfMessage, entryInserter } from './queue-rows.ts'
import type { Sequences } from './sequences.ts'

/** A message as it crosses threads. Its content (the trace header, and the body unless `body` names pieces) travels beside it. */
export type MessageRow = readonly [
  sender: string,
  receivedAtMs: number,
  /** Bytes of the pieces that stand under `body`. */
  pieceBytes: number,
  body: number | undefined,
  mailboxIds: readonly number[],
  queue: readonly NewQueueEntry[],
  record: DecisionRow,
  contacts: NewMessage['contacts'],
]

/** Read messages that wait, whoever they wait for. */
export function readMessages(db: DatabaseSync): Pick<MessageStore, 'read'> {
  const message = db.prepare('SELECT size, body, content FROM message WHERE id = ?')
  message.setReturnArrays(true)
  const pieces = openPieces(db)
  return {
    read(messageId) {
      const row = message.get(messageId) as unknown as [number, number | null, Uint8Array] | undefined
      if (row === undefined) return undefined
      const [size, body, content] = row
      return body === null ? [content] : pieces([content], body, size - content.length)
    },
  }
}

/** Write messages and the pieces of their bodies; `message-store.ts` sends for it from other threads. */
export function writeMessages(
  db: DatabaseSync,
  sequences: Sequences,
  filters: Pick<DecisionFilters, 'added'>,
  contactKeeper: Pick<ContactKeeper, 'remember'>,
  entryCount: QueueCount,
) {
  const insert = db.prepare(
    'INSERT INTO message (id, received_at, size, body, sender, content) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const share = db.prepare('INSERT INTO shared (message, holders) VALUES (?, ?)')
  const shareMore = db.prepare(
    `INSERT INTO shared (message, holders) VALUES (?1, 1 + ?2)
     ON CONFLICT (message) DO UPDATE SET holders = holders + ?2`,
  )
  const place = db.prepare('INSERT INTO placement (mailbox, message, size) VALUES (?, ?, ?)')
  const count = db.prepare('UPDATE mailbox SET messages = messages + 1, bytes = bytes + ? WHERE id = ?')
  const enqueue = entryInserter(db, sequences)
  const decide = db.prepare('INSERT INTO decision (id, at, head, story) VALUES (?, ?, ?, ?)')
  const openDraft = db.prepare('INSERT INTO draft (body, line) VALUES (?, ?)')
  const closeDraft = db.prepare('DELETE FROM draft WHERE body = ?')
  const addPiece = db.prepare('INSERT INTO piece (id, data) VALUES (?, ?)')
  const removePieces = db.prepare('DELETE FROM piece WHERE id BETWEEN ? AND ?')
  const drafts = db.prepare('SELECT body FROM draft WHERE line = coalesce(?, line)')

  function abandon(body: number): void {
    if (closeDraft.run(body).changes === 0) return
    const { first, last } = piecesOf(body)
    removePieces.run(first, last)
  }

  const exists = db.prepare('SELECT 1 FROM mailbox WHERE id = ?')

  function accept(row: MessageRow, content: Uint8Array): number {
    const [sender, receivedAtMs, pieceBytes, body, mailboxIds, entries, record, contacts] = row
    if (body !== undefined && closeDraft.run(body).changes === 0) {
      throw new Fault('Cannot keep the message: its draft is gone', { temporary: true })
    }
    const id = sequences.next('message')
    const sizeBytes = content.length + pieceBytes
    insert.run(id, receivedAtMs, sizeBytes, body ?? null, sender, content)

    const placedBytes = placementBytes(sender, sizeBytes)
    const mailboxes = mailboxIds.length > 1 ? new Set(mailboxIds) : mailboxIds
    let holders = entries.length
    for (const mailbox of mailboxes) {
      if (count.run(placedBytes, mailbox).changes === 0) {
        throw new Fault(`Cannot put the message into mailbox ${mailbox}: it does not exist`, { temporary: true })
      }
      place.run(mailbox, id, placedBytes)
      holders += 1
    }
    if (entries.length > 0) {
      enqueue({ id, decision: record[0], receivedAtMs, sizeBytes, sender }, entries)
      entryCount.add(entries.length)
    }
    if (holders === 0) throw new Error('A message needs a mailbox or a queue entry to stand in')
    if (holders > 1) share.run(id, holders)
    decide.run(record[0], record[1], record[2], record[3])
    filters.added(record[0])
    if (contacts !== undefined) contactKeeper.remember(contacts.userId, contacts.recipients, receivedAtMs)
    return id
  }

  return {
    accept,

    /** Keep a report: its mailboxes may be gone since it was written, and where nobody is left to read it none is kept. */
    acceptReport(row: MessageRow, content: Uint8Array): void {
      const [sender, receivedAtMs, pieceBytes, body, mailboxIds, entries, record, contacts] = row
      const there = mailboxIds.filter((mailbox) => exists.get(mailbox) !== undefined)
      if (there.length + entries.length === 0) return
      accept([sender, receivedAtMs, pieceBytes, body, there, entries, record, contacts], content)
    },

    /** Put further entries of a message that is kept into the queue. */
    forward(message: EntryOfMessage, entries: readonly NewQueueEntry[]): void {
      if (entries.length === 0) return
      enqueue(message, entries)
      entryCount.add(entries.length)
      shareMore.run(message.id, entries.length)
    },

    reserveBodies: (run: number): number => sequences.reserve('body', run),

    addPiece(line: number, body: number, place: number, data: Uint8Array): void {
      if (place === 0) openDraft.run(body, line)
      addPiece.run(piecesOf(body).first + place, data)
    },

    abandon,

    /** Take away the drafts that a lost line left, or without one all that an earlier run of the server left. */
    abandonOf(line?: number): void {
      for (const row of drafts.all(line ?? null)) abandon(Number(row.body))
    },
  }
}

export type MessageWrites = ReturnType<typeof writeMessages>
