/** An entry's row: how it is put in, and how it is read. */
import type { DatabaseSync } from 'node:sqlite'
import { isAscii } from '#base/ascii.ts'
import { normalizeDnsName } from '#base/dns-name.ts'
import type { NewQueueEntry, QueueEntry } from '../contract.ts'
import type { Sequences } from './sequences.ts'

/** The columns of an entry that may be tried now, in the order of `EntryRow`; `q` is its row. */
export const READY_ENTRY = columns('NULL')

/** The columns of any entry: one that was made ready since it waited has no row in `queue_waiting`. */
export const ENTRY = columns(
  'iif(q.held, q.due_at, (SELECT w.due_at FROM queue_waiting w WHERE w.due_at = q.due_at AND w.entry = q.id))',
)

/** What holds of an entry that is not over. */
export const STANDS = 'NOT EXISTS (SELECT 1 FROM queue_gone g WHERE g.entry = q.id)'

function columns(dueAt: string): string {
  return `q.id, q.message, q.decision, q.created_at, ${dueAt}, q.held, q.attempts, q.warned, q.size, q.domain, q.origin, q.sender,
    q.recipient, q.user, q.ip, q.parameters, q.answers`
}

/** What a query of these columns gives, as an array. */
export type EntryRow = readonly [
  id: number,
  message: number,
  decision: number,
  createdAtMs: number,
  dueAtMs: number | null,
  held: number,
  attempts: number,
  warned: number,
  sizeBytes: number,
  domain: string,
  origin: string,
  sender: string,
  recipient: string,
  user: string | null,
  ip: string | null,
  parameters: string | null,
  answers: string | null,
]

/** Give the entry of a row. */
export function entryOf(row: EntryRow): QueueEntry {
  const [id, messageId, decision, createdAtMs, dueAtMs, held, attempts, warned, sizeBytes] = row
  const [, , , , , , , , , domain, origin, sender, recipient, user, ip, parameters, answers] = row
  const entry: { -readonly [K in keyof QueueEntry]: QueueEntry[K] } = {
    id,
    messageId,
    decision,
    createdAtMs,
    attempts,
    sizeBytes,
    domain,
    origin,
    sender,
    recipient,
  }
  if (dueAtMs !== null) entry.dueAtMs = dueAtMs
  if (held === 1) entry.held = true
  if (warned === 1) entry.warned = true
  if (user !== null) entry.user = user
  if (ip !== null) entry.ip = ip
  if (parameters !== null) Object.assign(entry, JSON.parse(parameters))
  if (answers !== null) entry.answers = answers
  return entry
}

/** What an entry has of its message. */
export interface EntryOfMessage {
  readonly id: number
  readonly decision: number
  readonly receivedAtMs: number
  readonly sizeBytes: number
  readonly sender: string
}

/** Give the function that puts the entries of a new message into the queue. */
export function entryInserter(db: DatabaseSync, sequences: Sequences) {
  const insert = db.prepare(
    `INSERT INTO queue_entry
       (id, message, decision, created_at, held, rested, size, domain, origin, sender, recipient, user, ip, parameters)
     VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)`,
  )
  const makeReady = db.prepare('INSERT INTO queue_ready (domain, origin, entry) VALUES (?, ?, ?)')
  // What was on its way here while its account was stopped was judged before, and is held with the rest.
  const isStopped = db.prepare('SELECT 1 FROM user INDEXED BY user_frozen WHERE address = ? AND frozen IS NOT NULL')
  return (message: EntryOfMessage, entries: readonly NewQueueEntry[]): void => {
    let asked: string | undefined
    let held = 0
    for (const { recipient, user, ip, ...parameters } of entries) {
      if (user !== asked) {
        held = user !== undefined && isStopped.get(user) !== undefined ? 1 : 0
        asked = user
      }
      const id = sequences.next('entry')
      const domain = domainOf(recipient)
      const origin = user ?? ip ?? ''
      insert.run(
        id,
        message.id,
        message.decision,
        message.receivedAtMs,
        held,
        message.sizeBytes,
        domain,
        origin,
        message.sender,
        recipient,
        user ?? null,
        ip ?? null,
        parametersOf(parameters),
      )
      if (held === 0) makeReady.run(domain, origin, id)
    }
  }
}

/** Give the domain that an entry goes by, as `QueueEntry.domain` says: one name is one domain, whichever way it is spelled. */
export function domainOf(recipient: string): string {
  const lower = recipient.slice(recipient.lastIndexOf('@') + 1).toLowerCase()
  return isAscii(lower) ? lower : (normalizeDnsName(lower) ?? lower)
}

/** Give what few clients say as JSON, null where nothing of it was said. */
function parametersOf(parameters: Omit<NewQueueEntry, 'recipient' | 'user' | 'ip'>): string | null {
  for (const name in parameters) {
    if (parameters[name as keyof typeof parameters] !== undefined) return JSON.stringify(parameters)
  }
  return null
}
