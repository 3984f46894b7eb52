import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DecisionRecord, DecisionStore } from '../contract.ts'
import { BloomFilter } from './bloom-filter.ts'
import { type DecisionFilters, RUN, runsWithRecords } from './decision-filters.ts'
import { type DecisionRow, decisionRecord, mayMeet, meets, type Wanted } from './decision-rows.ts'
import type { Sequences } from './sequences.ts'

/** Filters that a search looks at in one turn of the event loop: a few milliseconds, as the records of one run take. */
const FILTERS_A_TURN = 256

/** Read decisions. */
export function readDecisions(db: DatabaseSync): Pick<DecisionStore, 'get' | 'find' | 'key'> & {
  /** The numbers and times of records older than `atMs`, oldest first. */
  olderThan(atMs: number, limit: number): readonly (readonly [id: number, atMs: number])[]
} {
  const one = db.prepare('SELECT id, at, head, story FROM decision WHERE id = ?')
  const newest = db.prepare('SELECT id, at, head, story FROM decision WHERE at >= ? ORDER BY at DESC, id DESC LIMIT ?')
  const key = db.prepare("SELECT value FROM secret WHERE name = 'references'")
  const older = db.prepare('SELECT id, at FROM decision WHERE at < ? ORDER BY at LIMIT ?')
  for (const statement of [one, newest, older]) statement.setReturnArrays(true)

  return {
    get(id) {
      const row = one.get(id) as unknown as DecisionRow | undefined
      return row === undefined ? undefined : decisionRecord(row)
    },

    async find({ sinceMs = Number.MIN_SAFE_INTEGER, limit, ...wanted }) {
      if (Object.values(wanted).every((value) => value === undefined))
        return (newest.all(sinceMs, limit) as unknown as DecisionRow[]).map(decisionRecord)
      const matching = openMatching(db, wanted)
      const found: DecisionRecord[] = []
      for (const { run, newestMs } of await runsToRead(db, wanted, sinceMs)) {
        // The newest runs come first: all in this one and those after it is older than what was found.
        if (found.length >= limit && newestMs < (found.at(-1)?.atMs ?? 0)) break
        for (const record of matching(run)) if (record.atMs >= sinceMs) found.push(record)
        found.sort((a, b) => b.atMs - a.atMs || b.id - a.id)
        found.length = Math.min(found.length, limit)
        // The thread has others to serve between two runs.
        await nextTurn()
      }
      return found
    },

    key: () => key.get()?.value as Uint8Array,
    olderThan: (atMs, limit) => older.all(atMs, limit) as unknown as [number, number][],
  }
}

interface RunToRead {
  readonly run: number
  readonly newestMs: number
}

/** List the runs that may hold what is looked for, the newest first: those whose filter does not deny it, and those without one. */
async function runsToRead(db: DatabaseSync, wanted: Wanted, sinceMs: number): Promise<readonly RunToRead[]> {
  const filterOf = db.prepare('SELECT newest, bits FROM decision_filter WHERE run = ?')
  filterOf.setReturnArrays(true)
  const runs: RunToRead[] = []
  let looked = 0
  for (const run of runsWithRecords(db)) {
    const filter = filterOf.get(run) as unknown as [newest: number, bits: Uint8Array] | undefined
    if (filter === undefined) runs.push({ run, newestMs: Number.POSITIVE_INFINITY })
    else if (filter[0] >= sinceMs && mayMeet(new BloomFilter(filter[1]), wanted))
      runs.push({ run, newestMs: filter[0] })
    looked += 1
    if (looked % FILTERS_A_TURN === 0) await nextTurn()
  }
  return runs.sort((a, b) => b.newestMs - a.newestMs)
}

/** Give the function that reads the records of a run that are wanted. */
function openMatching(db: DatabaseSync, wanted: Wanted): (run: number) => Generator<DecisionRecord> {
  // SQLite looks through a record's head faster than it can be handed over. It knows upper and lower case of ASCII alone.
  const likes = Object.values(wanted).filter((value) => value !== undefined && /^[\x20-\x7e]*$/.test(value))
  const rows = db.prepare(
    `SELECT id, at, head, story FROM decision WHERE id >= ? AND id < ? ${"AND head LIKE ? ESCAPE '!' ".repeat(likes.length)}`,
  )
  rows.setReturnArrays(true)
  const patterns = likes.map(likeJson)
  return function* matching(run) {
    for (const row of rows.iterate(run * RUN, (run + 1) * RUN, ...patterns)) {
      const record = decisionRecord(row as unknown as DecisionRow)
      if (meets(record, wanted)) yield record
    }
  }
}

/** Give a pattern that a JSON text holding this string matches. */
function likeJson(value: string): string {
  return `%${JSON.stringify(value).slice(1, -1).replaceAll(/[%_!]/g, '!$&')}%`
}

export const DECISION_WRITES = ['reserve', 'add', 'forget'] as const

/** Write decisions. */
export function writeDecisions(db: DatabaseSync, sequences: Sequences, filters: DecisionFilters) {
  const insert = db.prepare('INSERT INTO decision (id, at, head, story) VALUES (?, ?, ?, ?)')
  const update = db.prepare('UPDATE decision SET head = ?, story = ? WHERE id = ?')
  const remove = db.prepare('DELETE FROM decision WHERE id = ?')
  return {
    reserve: (count: number): number => sequences.reserve('decision', count),
    add(rows: readonly DecisionRow[]): void {
      for (const [id, atMs, head, story] of rows) {
        // What a record is found by never changes, so its filter stays.
        if (update.run(head, story, id).changes > 0) continue
        insert.run(id, atMs, head, story)
        filters.added(id)
      }
    },
    /** Forget these; `beforeMs` is a moment before which no record is left. */
    forget(ids: readonly number[], beforeMs: number): number {
      let gone = 0
      for (const id of ids) gone += Number(remove.run(id).changes)
      filters.forgetBefore(beforeMs)
      return gone
    },
  }
}
