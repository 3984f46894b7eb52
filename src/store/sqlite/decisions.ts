import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DecisionRecord, DecisionStore } from '../contract.ts'
import type { Sequences } from './sequences.ts'

/** A record as it crosses threads and stands in its row: number, time, head, story. */
export type DecisionRow = readonly [id: number, atMs: number, head: string, story: string]

/** What a record is found by. */
type DecisionHead = readonly [
  outcome: DecisionRecord['outcome'],
  service: string,
  ip: string,
  sender: string | null,
  recipients: readonly string[],
  reply: string,
]

/** Records looked at in one turn of the event loop by a search: a few milliseconds. */
const ROWS_A_SLICE = 2000

/** Give the row of a record. */
export function decisionRow(record: DecisionRecord): DecisionRow {
  const { outcome, service, ip, sender = null, recipients, reply } = record
  const head: DecisionHead = [outcome, service, ip, sender, recipients, reply]
  return [record.id, record.atMs, JSON.stringify(head), record.story]
}

function decisionRecord([id, atMs, head, story]: DecisionRow): DecisionRecord {
  const [outcome, service, ip, sender, recipients, reply] = JSON.parse(head) as DecisionHead
  return { id, atMs, outcome, service, ip, ...(sender === null ? {} : { sender }), recipients, reply, story }
}

/** Read decisions. */
export function readDecisions(db: DatabaseSync): Pick<DecisionStore, 'get' | 'find' | 'key'> & {
  /** The numbers of records older than `atMs`, oldest first. */
  olderThan(atMs: number, limit: number): readonly number[]
} {
  const one = db.prepare('SELECT id, at, head, story FROM decision WHERE id = ?')
  one.setReturnArrays(true)
  const key = db.prepare("SELECT value FROM secret WHERE name = 'references'")
  const older = db.prepare('SELECT id FROM decision WHERE at < ? ORDER BY at LIMIT ?')
  older.setReturnArrays(true)

  const sliceBelow = db.prepare(
    `SELECT min(id) FROM (SELECT id FROM decision WHERE id < ? ORDER BY id DESC LIMIT ${ROWS_A_SLICE})`,
  )
  sliceBelow.setReturnArrays(true)

  return {
    get(id) {
      const row = one.get(id) as unknown as DecisionRow | undefined
      return row === undefined ? undefined : decisionRecord(row)
    },
    async find({ ip, sender, recipient, limit }) {
      // Numbers rise with time but for the runs that threads hold, so the newest number is near enough the newest record.
      // What records are found by is not indexed: an index would cost each message more than a rare search may.
      const wanted = [ip, sender, recipient].filter((value) => value !== undefined)
      const likes = wanted.map(() => "AND head LIKE ? ESCAPE '!'").join(' ')
      const rows = db.prepare(
        `SELECT id, at, head, story FROM decision WHERE id >= ? AND id < ? ${likes} ORDER BY id DESC`,
      )
      rows.setReturnArrays(true)
      const patterns = wanted.map(likeJson)
      const found: DecisionRecord[] = []
      for (let before = Number.MAX_SAFE_INTEGER; ; ) {
        const [from] = sliceBelow.get(before) as unknown as [number | null]
        if (from === null) return found
        for (const row of rows.iterate(from, before, ...patterns)) {
          if (found.length >= limit) return found
          const record = decisionRecord(row as unknown as DecisionRow)
          if (ip !== undefined && record.ip !== ip) continue
          if (sender !== undefined && !sameAddress(record.sender, sender)) continue
          if (recipient !== undefined && !record.recipients.some((one) => sameAddress(one, recipient))) continue
          found.push(record)
        }
        before = from
        // The thread has others to serve between two slices.
        await nextTurn()
      }
    },
    key: () => key.get()?.value as Uint8Array,
    olderThan: (atMs, limit) => older.all(atMs, limit).map((row) => (row as unknown as [number])[0]),
  }
}

/** A pattern that a JSON text holding this string matches. */
function likeJson(value: string): string {
  return `%${JSON.stringify(value).slice(1, -1).replaceAll(/[%_!]/g, '!$&')}%`
}

function sameAddress(one: string | undefined, other: string): boolean {
  return one !== undefined && one.toLowerCase() === other.toLowerCase()
}

export const DECISION_WRITES = ['reserve', 'add', 'forget'] as const

/** Write decisions. */
export function writeDecisions(db: DatabaseSync, sequences: Sequences) {
  const insert = db.prepare('INSERT INTO decision (id, at, head, story) VALUES (?, ?, ?, ?)')
  const remove = db.prepare('DELETE FROM decision WHERE id = ?')
  return {
    reserve: (count: number): number => sequences.reserve('decision', count),
    add(rows: readonly DecisionRow[]): void {
      for (const [id, atMs, head, story] of rows) insert.run(id, atMs, head, story)
    },
    forget(ids: readonly number[]): number {
      let gone = 0
      for (const id of ids) gone += Number(remove.run(id).changes)
      return gone
    },
  }
}
