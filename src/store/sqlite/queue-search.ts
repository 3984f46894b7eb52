/** Finding entries among a million: by index where the filter allows it, and else in slices between which others are served. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { QueueEntry, QueueFilter, QueueOrder, QueueStore } from '../contract.ts'
import { ENTRY, type EntryRow, entryOf, STANDS } from './queue-rows.ts'
import { type Conditions, conditionsOf, slicesOf } from './queue-slices.ts'

/** What each order goes by. */
const KEYS: Readonly<Record<QueueOrder, string>> = {
  id: 'q.id',
  due: 'q.due_at',
  size: 'q.size',
  attempts: 'q.attempts',
  sender: 'q.sender',
  recipient: 'q.recipient',
}

/** What an entry is put in order by; null is a moment to be tried at that is now. */
type Placed = readonly [key: string | number | null, id: number]

/** What is asked of each slice, and which of the slices; `tail` is what follows the conditions. */
interface Wanted {
  readonly columns: string
  readonly tail?: string
  readonly descending?: boolean
  readonly afterId?: number | undefined
}

/** Entries kept beyond those that are wanted before the rest is thrown away. */
const SPARE = 5000

export interface QueueSearch extends Pick<QueueStore, 'find' | 'measure'> {
  /** The numbers of the entries that a filter means, in lots. */
  matching(filter: QueueFilter): AsyncGenerator<readonly number[]>
}

/** Search the queue on a thread's own connection. */
export function openQueueSearch(db: DatabaseSync): QueueSearch {
  const one = db.prepare(`SELECT ${ENTRY} FROM queue_entry q WHERE q.id = ? AND ${STANDS}`)
  one.setReturnArrays(true)

  /** Run a query on each slice of what may match. */
  async function* each<Row>(
    filter: QueueFilter,
    { columns, tail = '', descending = false, afterId }: Wanted,
    ...last: readonly SQLInputValue[]
  ): AsyncGenerator<readonly Row[]> {
    const conditions: Conditions = conditionsOf(filter)
    for (const walk of slicesOf(db, filter, descending, afterId)) {
      const rows = db.prepare(
        `SELECT ${columns} FROM ${walk.table} WHERE ${[walk.where, ...conditions.where, STANDS].join(' AND ')} ${tail}`,
      )
      rows.setReturnArrays(true)
      for (const bounds of walk.slices()) {
        yield rows.all(...bounds, ...conditions.values, ...last) as unknown as Row[]
        await nextTurn()
      }
    }
  }

  return {
    async find(filter, { order = 'id', descending = false, afterId, offset = 0, limit }) {
      const wanted = offset + limit
      const direction = descending ? 'DESC' : 'ASC'
      const tail = `ORDER BY ${KEYS[order]} ${direction}, q.id ${direction} LIMIT ?`
      // Slices come in the order of the numbers, unless they come from two indexes.
      const inOrder = order === 'id' && slicesOf(db, filter, descending, afterId).length === 1
      const precedes = descending ? (a: Placed, b: Placed) => compare(b, a) : compare
      let found: Placed[] = []
      const query = { columns: `${KEYS[order]}, q.id`, tail, descending, afterId }
      for await (const rows of each<Placed>(filter, query, wanted)) {
        for (const row of rows) found.push(row)
        if (inOrder && found.length >= wanted) break
        if (found.length > wanted + SPARE) found = found.sort(precedes).slice(0, wanted)
      }
      const entries = new Map<number, QueueEntry>()
      for (const [, id] of found.sort(precedes).slice(offset, wanted)) {
        const row = one.get(id) as unknown as EntryRow | undefined
        if (row !== undefined) entries.set(id, entryOf(row))
      }
      return [...entries.values()]
    },

    async measure(filter) {
      const sum = { entries: 0, bytes: 0, held: 0 }
      const columns = 'count(*), coalesce(sum(q.size), 0), coalesce(sum(q.held), 0)'
      for await (const [row] of each<readonly [number, number, number]>(filter, { columns })) {
        if (row === undefined) continue
        sum.entries += row[0]
        sum.bytes += row[1]
        sum.held += row[2]
      }
      return sum
    },

    async *matching(filter) {
      for await (const rows of each<readonly [number]>(filter, { columns: 'q.id' })) {
        if (rows.length > 0) yield rows.map(([id]) => id)
      }
    },
  }
}

/** Compare as SQLite does for text and numbers that are not mixed: nothing comes first. */
function compare([a, idA]: Placed, [b, idB]: Placed): number {
  if (a === b) return idA - idB
  if (a === null) return -1
  if (b === null) return 1
  return a < b ? -1 : 1
}
