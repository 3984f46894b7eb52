import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { MiB, PAGE_BYTES } from './connection.ts'
import type { DecisionFilters } from './decision-filters.ts'
import type { GroupCommit } from './group-commit.ts'
import { clearRemovedMailboxes } from './mailboxes.ts'
import { clearGoneEntries } from './queue-entries.ts'

/** Pages in the write-ahead log at which it is carried into the database; beside the commits, and in their way. */
const LOG_PAGES = (32 * MiB) / PAGE_BYTES
const LOG_PAGES_AT_MOST = (256 * MiB) / PAGE_BYTES

/** Pages in the log that are left there while nobody is busy. */
const LOG_PAGES_IDLE = (4 * MiB) / PAGE_BYTES

/** Free pages that are kept for the mail to come: so many, and so large a share of the file. */
const FREE_PAGES_KEPT = (16 * MiB) / PAGE_BYTES
const FREE_SHARE_KEPT = 0.1

/** Placements taken out, and pages given back, in one slice: a few milliseconds. */
const PLACEMENTS_A_SLICE = 200
const PAGES_A_SLICE = (4 * MiB) / PAGE_BYTES

/** Entries of the queue that are gone taken out in one slice, and in one while mail is busy, once there are too many to wait. */
const ENTRIES_A_SLICE = 500
const ENTRIES_A_BUSY_SLICE = 2000
const GONE_AT_MOST = 50_000

/** Filters of decisions made in one slice: some milliseconds, and enough for 16,000 records a second. */
const FILTERS_A_SLICE = 4

/**
 * The writer's own work: has the write-ahead log carried into the database, clears mailboxes that were removed and entries of the
 * queue that are gone, makes filters for the search of decisions, and gives free pages back to the file system. In slices, so that no commit waits long.
 */
export class Housekeeping {
  readonly #db: DatabaseSync
  readonly #commits: GroupCommit
  readonly #filters: DecisionFilters
  readonly #carrier: Worker
  readonly #log: StatementSync
  readonly #free: StatementSync
  readonly #pages: StatementSync
  readonly #gone: StatementSync
  #carrying = false

  constructor(db: DatabaseSync, file: string, commits: GroupCommit, filters: DecisionFilters) {
    this.#db = db
    this.#commits = commits
    this.#filters = filters
    // NOOP only tells how far the log is (sqlite.org/pragma.html#pragma_wal_checkpoint).
    this.#log = single(db, 'PRAGMA wal_checkpoint(NOOP)')
    this.#free = single(db, 'PRAGMA freelist_count')
    this.#pages = single(db, 'PRAGMA page_count')
    this.#gone = single(db, `SELECT count(*) FROM (SELECT 1 FROM queue_gone LIMIT ${GONE_AT_MOST + 1})`)
    this.#carrier = new Worker(new URL('./log-carrier.ts', import.meta.url), {
      workerData: { file },
      name: 'store-log',
    })
    this.#carrier.on('message', () => this.#carried())
    // Without it the log is carried in the commits' way when it is at its largest: slower, and nothing else.
    this.#carrier.on('error', () => undefined)
  }

  /** Take note of a commit. */
  committed(): void {
    const pages = this.#logPages()
    if (pages > LOG_PAGES_AT_MOST) this.#carryNow()
    else if (pages > LOG_PAGES) this.#carry()
  }

  /** Do a slice of what there is to do; `busy` when commits were made since the last one. */
  tick(busy: boolean): void {
    if (this.#clearMailboxes() || this.#makeFilters()) return
    if (busy) {
      if (number(this.#gone) > GONE_AT_MOST) this.#clearEntries(ENTRIES_A_BUSY_SLICE)
      return
    }
    if (this.#clearEntries(ENTRIES_A_SLICE)) return
    const kept = Math.max(FREE_PAGES_KEPT, number(this.#pages) * FREE_SHARE_KEPT)
    if (number(this.#free) > kept) this.#giveBack()
    else if (this.#logPages() > LOG_PAGES_IDLE) this.#carry()
  }

  /** Do all there is to do. */
  all(): void {
    while (this.#clearMailboxes());
    while (this.#makeFilters());
    while (this.#clearEntries(ENTRIES_A_SLICE));
    while (number(this.#free) > 0) this.#giveBack()
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  close(): void {
    this.#carrier.postMessage('close')
  }

  #clearMailboxes(): boolean {
    return this.#commits.alone(() => clearRemovedMailboxes(this.#db, PLACEMENTS_A_SLICE))
  }

  #clearEntries(limit: number): boolean {
    return this.#commits.alone(() => clearGoneEntries(this.#db, limit))
  }

  #makeFilters(): boolean {
    return this.#filters.build(FILTERS_A_SLICE, (work) => this.#commits.alone(work)) > 0
  }

  #giveBack(): void {
    this.#db.exec(`PRAGMA incremental_vacuum(${PAGES_A_SLICE})`)
  }

  #carry(): void {
    if (this.#carrying) return
    this.#carrying = true
    this.#carrier.postMessage('carry')
  }

  /** The log begins anew only when all of it is carried: what came meanwhile is little, and is carried here. */
  #carried(): void {
    this.#carrying = false
    this.#carryNow()
  }

  #carryNow(): void {
    try {
      this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)')
    } catch {
      // A full disk is the usual reason. The log keeps everything, and a later commit tries again.
    }
  }

  /** Pages in the log that the next commit comes after; 0 when it begins anew. */
  #logPages(): number {
    const [, pages, carried] = this.#log.get() as unknown as [busy: number, pages: number, carried: number]
    return pages === carried ? 0 : pages
  }
}

function single(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return statement
}

function number(statement: StatementSync): number {
  return (statement.get() as unknown as [number])[0]
}
