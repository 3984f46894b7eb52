import { DatabaseSync } from 'node:sqlite'
import { Fault, messageOf } from '#base/fault.ts'
import { migrate, schemaOf } from './migrations.ts'

export const MiB = 1024 * 1024

/** Bytes of a page of a new store; see docs/decisions/store-layout.md. */
export const PAGE_BYTES = 16384

/** Milliseconds to wait for a lock of another connection. Readers and the log's carrier hold none that a commit needs. */
const BUSY_MS = 2000

/**
 * Open the one connection that writes, and bring the schema up to date. A commit is on disk when it returns (WAL with
 * synchronous=FULL). Throws a Fault when the file is not a store that this code can use, and leaves such a file as it is.
 */
export function openForWriting(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: BUSY_MS })
  try {
    schemaOf(db, file)
    configure(db)
    migrate(db, file)
    return db
  } catch (cause) {
    db.close()
    if (cause instanceof Fault) throw cause
    throw new Fault(`Cannot open the store ${file}: ${messageOf(cause)}`, { temporary: false, cause })
  }
}

function configure(db: DatabaseSync): void {
  db.exec(`
    PRAGMA page_size = ${PAGE_BYTES};
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = ${64 * MiB};
    PRAGMA cache_size = -${(32 * MiB) / 1024};
    PRAGMA temp_store = MEMORY;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
  `)
}

/** Open the connection that carries the log into the database, on a thread of its own. */
export function openForCarrying(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: BUSY_MS })
  db.exec('PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0')
  return db
}

/** Open a connection that reads, for one thread. It sees every commit made before each read begins. */
export function openForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS })
  db.exec(`
    PRAGMA query_only = ON;
    PRAGMA cache_size = -${(4 * MiB) / 1024};
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
  `)
  return db
}
