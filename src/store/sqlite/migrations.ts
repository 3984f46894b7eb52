import type { DatabaseSync } from 'node:sqlite'
import { Fault } from '#base/fault.ts'
import { SPINE } from './migrations/001-spine.ts'
import { DIRECTORY_MIGRATION } from './migrations/002-directory.ts'
import { QUEUE_PARAMETERS } from './migrations/003-queue-parameters.ts'
import { GATE } from './migrations/004-gate.ts'
import { DELIVERY } from './migrations/005-delivery.ts'
import type { Migration } from './migrations/migration.ts'

/** Every step of the schema, in order. */
export const MIGRATIONS: readonly Migration[] = [SPINE, DIRECTORY_MIGRATION, QUEUE_PARAMETERS, GATE, DELIVERY]

/** The schema this code knows. */
export const SCHEMA = MIGRATIONS.length

/** Marks the file as ours for `file(1)` and for whoever opens it (PRAGMA application_id): "Post". */
export const APPLICATION_ID = 0x506f7374

/** Give the schema of a database, 0 for an empty one; throws a Fault when it is not ours or newer than this code. */
export function schemaOf(db: DatabaseSync, file: string): number {
  const schema = pragma(db, 'user_version')
  const application = pragma(db, 'application_id')
  const tables = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n
  if (application !== APPLICATION_ID && (application !== 0 || tables !== 0)) {
    throw new Fault(`Cannot open the store ${file}: it is a database of another program`, { temporary: false })
  }
  if (schema > SCHEMA) {
    throw new Fault(
      `Cannot open the store ${file}: its schema ${schema} is newer than ${SCHEMA}, which this version knows; run the newer version`,
      { temporary: false },
    )
  }
  return schema
}

/** Bring a database to the schema of this code, each step in a transaction of its own. */
export function migrate(db: DatabaseSync, file: string, migrations: readonly Migration[] = MIGRATIONS): void {
  const schema = schemaOf(db, file)
  for (const migration of migrations) {
    if (migration.number <= schema) continue
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec(migration.sql)
      db.exec(`PRAGMA user_version = ${migration.number}; PRAGMA application_id = ${APPLICATION_ID}`)
      db.exec('COMMIT')
    } catch (cause) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw new Fault(`Cannot bring the store ${file} to schema ${migration.number} (${migration.name})`, {
        temporary: false,
        cause,
      })
    }
  }
}

function pragma(db: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0)
}
