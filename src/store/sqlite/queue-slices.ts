/** By which index the entries that a filter may mean are come by, cut into slices of a few milliseconds. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { QueueFilter } from '../contract.ts'

/** Entries of a slice. */
const SLICE = 4000

/** One way through the table: `where` holds the places for what `slices` gives, which it finds out as it goes on. */
export interface Walk {
  readonly table: string
  readonly where: string
  slices(): Iterable<readonly SQLInputValue[]>
}

/** What must hold of an entry: SQL, all of it, and the values for its places. */
export interface Conditions {
  readonly where: readonly string[]
  readonly values: readonly SQLInputValue[]
}

/** Give the conditions that a filter puts. */
export function conditionsOf({ sender, recipient, domain, user, ip, held, decision }: QueueFilter): Conditions {
  const where: string[] = []
  const values: SQLInputValue[] = []
  for (const [column, pattern] of Object.entries({ sender, recipient, domain, user, ip })) {
    if (pattern === undefined) continue
    if (isPattern(pattern)) {
      // SQLite gives up on a pattern at the first part that is not found, so that its cost stays small. Case of ASCII does not count.
      where.push(`q.${column} LIKE ? ESCAPE '!'`)
      values.push(pattern.replaceAll(/[%_!]/g, '!$&').replaceAll('*', '%').replaceAll('?', '_'))
    } else {
      where.push(`q.${column} = ? COLLATE NOCASE`)
      values.push(pattern)
    }
  }
  if (held !== undefined) {
    where.push('q.held = ?')
    values.push(Number(held))
  }
  if (decision !== undefined) {
    where.push('decision = ?')
    values.push(decision)
  }
  return { where, values }
}

/**
 * Give the ways that lead together to all that a filter may mean; a single one goes in the order of the numbers. What is ready comes
 * before what has rested: an entry that begins to rest meanwhile is met twice rather than never. Behind `afterId` it is the table by
 * its numbers: whoever goes on from page to page goes through it once in all; by the other indexes he would go through
 * all that is ready with each page.
 */
export function slicesOf(
  db: DatabaseSync,
  filter: QueueFilter,
  descending: boolean,
  afterId?: number,
): readonly Walk[] {
  const { ids, user, domain } = filter
  if (ids !== undefined) return [byNumbers(ids, descending, afterId)]
  if (afterId !== undefined) return [byRange(db, 'NOT INDEXED', '?1 = ?1', 0, descending, afterId)]
  if (user !== undefined && !isPattern(user)) {
    const name = user.toLowerCase()
    const rested = 'q.user = ? AND q.rested = 1'
    return [readyOfOrigin(db, name), byRange(db, 'INDEXED BY queue_entry_user', rested, name, descending)]
  }
  if (domain !== undefined && !isPattern(domain)) {
    const name = domain.toLowerCase()
    const rested = 'q.domain = ? AND q.rested = 1'
    return [readyOfDomain(db, name), byRange(db, 'INDEXED BY queue_entry_domain', rested, name, descending)]
  }
  return [byRange(db, 'NOT INDEXED', '?1 = ?1', 0, descending)]
}

function isPattern(text: string): boolean {
  return /[*?]/.test(text)
}

/** Go through entries that are named by their numbers. */
function byNumbers(ids: readonly number[], descending: boolean, afterId?: number): Walk {
  return {
    table: 'queue_entry q',
    where: 'q.id IN (SELECT value FROM json_each(?))',
    *slices() {
      const isBehind = (id: number) => afterId === undefined || (descending ? id < afterId : id > afterId)
      const sorted = [...new Set(ids)].filter(isBehind).sort((a, b) => (descending ? b - a : a - b))
      for (let at = 0; at < sorted.length; at += SLICE) yield [JSON.stringify(sorted.slice(at, at + SLICE))]
    },
  }
}

/** Go through what an index has under one value, or through the whole table, by numbers. */
function byRange(
  db: DatabaseSync,
  index: string,
  of: string,
  value: SQLInputValue,
  descending: boolean,
  afterId = descending ? Number.MAX_SAFE_INTEGER : 0,
): Walk {
  const table = `queue_entry q ${index}`
  const [ahead, most, order] = descending ? ['q.id < ?', 'min', 'DESC'] : ['q.id > ?', 'max', 'ASC']
  return {
    table,
    where: `${of} AND q.id > ? AND q.id <= ?`,
    *slices() {
      const end = arrays(
        db,
        `SELECT ${most}(id) FROM (SELECT q.id FROM ${table} WHERE ${of} AND ${ahead} ORDER BY q.id ${order} LIMIT ${SLICE})`,
      )
      for (let from = afterId; ; ) {
        const [to] = end.get(value, from) as unknown as [number | null]
        if (to === null) return
        yield descending ? [value, to - 1, from - 1] : [value, from, to]
        from = to
      }
    },
  }
}

/** Go through what is ready of one domain and has never rested. */
function readyOfDomain(db: DatabaseSync, domain: string): Walk {
  return byKeys(db, 'r.domain = ? AND q.rested = 0', 'r.domain = ?', ['origin', 'entry'], domain, ['', 0])
}

/** Go through what is ready of one origin and has never rested: the keys of all that is ready are looked at, which are small. */
function readyOfOrigin(db: DatabaseSync, origin: string): Walk {
  return byKeys(db, 'r.origin = ? AND q.rested = 0', '?1 = ?1', ['domain', 'origin', 'entry'], origin, ['', '', 0])
}

function byKeys(
  db: DatabaseSync,
  where: string,
  of: string,
  key: readonly string[],
  value: string,
  start: readonly SQLInputValue[],
): Walk {
  const columns = key.map((column) => `r.${column}`)
  const [row, places] = [`(${columns})`, `(${key.map(() => '?')})`]
  return {
    table: 'queue_ready r CROSS JOIN queue_entry q ON q.id = r.entry',
    where: `${where} AND ${row} > ${places} AND ${row} <= ${places}`,
    *slices() {
      const end = arrays(
        db,
        `SELECT ${columns} FROM queue_ready r WHERE ${of} AND ${row} > ${places} ORDER BY ${columns} LIMIT 1 OFFSET ${SLICE - 1}`,
      )
      const last = arrays(
        db,
        `SELECT ${columns} FROM queue_ready r WHERE ${of} ORDER BY ${columns.map((column) => `${column} DESC`)} LIMIT 1`,
      )
      for (let from = start; ; ) {
        const full = end.get(value, ...from) as unknown as readonly SQLInputValue[] | undefined
        const to = full ?? (last.get(value) as unknown as readonly SQLInputValue[] | undefined)
        if (to !== undefined) yield [value, ...from, ...to]
        if (full === undefined) return
        from = full
      }
    },
  }
}

function arrays(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return statement
}
