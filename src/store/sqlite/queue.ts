import type { DatabaseSync } from 'node:sqlite'
import type { Delivery, PausedDomain, QueueEntry, QueueStore } from '../contract.ts'
import { ENTRY, type EntryRow, entryOf, READY_ENTRY, STANDS } from './queue-rows.ts'
import { withoutNulls } from './rows.ts'

/** Entries between two numbers that are looked at one by one, before the numbers of all that are ready are sorted. */
const NEAR = 10_000

/** Deliveries told of one decision at most. */
const DELIVERIES = 1000

type Reads = 'count' | 'get' | 'arrivals' | 'readyDomains' | 'ready' | 'nextDueMs' | 'deliveries' | 'paused'

/** Read the queue: what the scheduler asks, and what is known by its number. */
export function readQueue(db: DatabaseSync): Pick<QueueStore, Reads> {
  const count = db.prepare('SELECT entries FROM queue_count')
  const one = db.prepare(`SELECT ${ENTRY} FROM queue_entry q WHERE q.id = ? AND ${STANDS}`)
  const last = db.prepare('SELECT max(id) FROM queue_entry')
  const newest = db.prepare(
    `SELECT ${READY_ENTRY} FROM queue_entry q WHERE q.id > ? AND q.id <= ? AND EXISTS
     (SELECT 1 FROM queue_ready r WHERE r.domain = q.domain AND r.origin = q.origin AND r.entry = q.id) ORDER BY q.id LIMIT ?`,
  )
  // What is sorted is small, and only what is given is read.
  const oldestReady = db.prepare(
    `SELECT ${READY_ENTRY} FROM (SELECT entry FROM queue_ready WHERE entry > ? ORDER BY entry LIMIT ?) r
     CROSS JOIN queue_entry q ON q.id = r.entry ORDER BY q.id`,
  )
  const nextDomain = db.prepare('SELECT domain FROM queue_ready WHERE domain > ? ORDER BY domain LIMIT 1')
  const firstOrigin = db.prepare('SELECT origin FROM queue_ready WHERE domain = ? ORDER BY origin LIMIT 1')
  const nextOrigin = db.prepare(
    'SELECT origin FROM queue_ready WHERE domain = ? AND origin > ? ORDER BY origin LIMIT 1',
  )
  const ofOrigin = db.prepare(
    `SELECT ${READY_ENTRY} FROM queue_ready r CROSS JOIN queue_entry q ON q.id = r.entry
     WHERE r.domain = ? AND r.origin = ? ORDER BY r.entry`,
  )
  const due = db.prepare('SELECT min(due_at) FROM queue_waiting')
  const deliveries = db.prepare(
    `SELECT decision, at AS atMs, recipient, outcome, story FROM delivery WHERE decision = ? ORDER BY id LIMIT ${DELIVERIES}`,
  )
  const paused = db.prepare('SELECT domain, since AS sinceMs, author, why FROM paused_domain ORDER BY domain')
  for (const statement of [count, one, last, newest, oldestReady, nextDomain, firstOrigin, nextOrigin, ofOrigin, due])
    statement.setReturnArrays(true)

  return {
    count: () => (count.get() as unknown as [number])[0],
    get(id) {
      const row = one.get(id) as unknown as EntryRow | undefined
      return row === undefined ? undefined : entryOf(row)
    },

    arrivals(afterId, limit) {
      const near = newest.all(afterId, afterId + NEAR, limit)
      const isEnough = near.length === limit || ((last.get() as unknown as [number | null])[0] ?? 0) <= afterId + NEAR
      const rows = isEnough ? near : oldestReady.all(afterId, limit)
      return (rows as unknown as EntryRow[]).map(entryOf)
    },

    readyDomains(after, limit) {
      const domains: string[] = []
      for (let domain = after; domains.length < limit; ) {
        const row = nextDomain.get(domain) as unknown as [string] | undefined
        if (row === undefined) break
        domain = row[0]
        domains.push(domain)
      }
      return domains
    },

    ready(domain, { afterOrigin, perOrigin, limit, skip }) {
      const entries: QueueEntry[] = []

      function take(origin: string): void {
        let left = Math.min(perOrigin, limit - entries.length)
        for (const row of ofOrigin.iterate(domain, origin) as unknown as Iterable<EntryRow>) {
          if (skip.has(row[0])) continue
          entries.push(entryOf(row))
          left -= 1
          if (left <= 0) break
        }
      }

      if (perOrigin <= 0 || limit <= 0) return entries
      let origin = nextOrigin.get(domain, afterOrigin) as unknown as [string] | undefined
      for (; origin !== undefined && entries.length < limit; ) {
        take(origin[0])
        origin = nextOrigin.get(domain, origin[0]) as unknown as [string] | undefined
      }
      // Around once: from the first to the one that the turn began after.
      origin = firstOrigin.get(domain) as unknown as [string] | undefined
      for (; origin !== undefined && origin[0] <= afterOrigin && entries.length < limit; ) {
        take(origin[0])
        origin = nextOrigin.get(domain, origin[0]) as unknown as [string] | undefined
      }
      return entries
    },

    nextDueMs: () => (due.get() as unknown as [number | null])[0] ?? undefined,

    deliveries: (decision) => deliveries.all(decision).map((row) => withoutNulls<Delivery>(row)),
    paused: () => paused.all().map((row) => withoutNulls<PausedDomain>(row)),
  }
}
