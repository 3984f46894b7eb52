import { DatabaseSync } from 'node:sqlite'
import { Fault } from '#base/fault.ts'
import { createPrivate } from './files.ts'

/** Held while a process owns a store; the system lets go of it when the process ends, however it ends. */
export interface StoreLock {
  release(): void
}

/**
 * Make this the one process that writes a store; throws a Fault that names the other one. The lock is a transaction that stays
 * open on a small database beside the store: it names its holder, and no process that died can leave it locked.
 */
export function lockStore(file: string): StoreLock {
  const lockFile = `${file}.lock`
  createPrivate(lockFile)
  const db = new DatabaseSync(lockFile, { timeout: 0 })
  try {
    db.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; BEGIN IMMEDIATE')
    db.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL); DELETE FROM holder')
    db.prepare('INSERT INTO holder (pid) VALUES (?)').run(process.pid)
    // Others can read who holds it only once it is committed; taken again at once, it is never free in between for long
    // enough to matter: a second holder is caught by the BEGIN.
    db.exec('COMMIT; BEGIN IMMEDIATE')
  } catch (cause) {
    const holder = holderOf(lockFile)
    db.close()
    throw new Fault(
      `Cannot open the store ${file}: ${holder === undefined ? 'another process' : `process ${holder}`} has it open; stop that one first`,
      { temporary: false, cause },
    )
  }
  return { release: () => db.close() }
}

/** Give the process that holds a lock, if it can be read. */
function holderOf(lockFile: string): number | undefined {
  try {
    const db = new DatabaseSync(lockFile, { readOnly: true, timeout: 100 })
    try {
      const pid = db.prepare('SELECT pid FROM holder').get()?.pid
      return typeof pid === 'number' ? pid : undefined
    } finally {
      db.close()
    }
  } catch {
    return undefined
  }
}
