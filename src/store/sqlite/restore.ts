import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault, messageOf } from '#base/fault.ts'
import { createPrivate, syncFile, syncFolderOf } from './files.ts'
import { lockStore } from './lock.ts'
import { schemaOf } from './migrations.ts'
import { skipNumbers } from './sequences.ts'

/** Numbers left out after a restore: those that may have been given out since the backup was made. */
const NUMBERS_SKIPPED = 1_000_000

/**
 * Put a backup in the place of a store that no server has open. The backup is checked first, and the store is replaced in one
 * step, so that a failure at any moment leaves the old one. Numbers given out after the backup (uids, references) are not given again.
 */
export function restoreStore({ from, to }: { readonly from: string; readonly to: string }): void {
  if (!existsSync(from)) throw new Fault(`Cannot restore ${from}: there is no such file`, { temporary: false })
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
  const lock = lockStore(to)
  const partial = `${to}.restoring`
  try {
    clear(partial)
    createPrivate(partial)
    copyFileSync(from, partial)
    // The copy took the mode of the backup.
    chmodSync(partial, 0o600)
    prepare(partial, from)
    syncFile(partial)
    // The old log must not be played into the new file: it goes first, its content already in the old file if that opens.
    if (existsSync(to)) settle(to)
    rmSync(`${to}-wal`, { force: true })
    rmSync(`${to}-shm`, { force: true })
    renameSync(partial, to)
    syncFolderOf(to)
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault(`Cannot restore ${from} to ${to}: ${messageOf(cause)}`, { temporary: false, cause })
  } finally {
    clear(partial)
    lock.release()
  }
}

/** Check a copy of a backup and move its numbers on. */
function prepare(file: string, from: string): void {
  const db = new DatabaseSync(file)
  try {
    const check = db.prepare('PRAGMA quick_check(1)').get()?.quick_check
    if (check !== 'ok') throw new Fault(`Cannot restore ${from}: it is damaged (${check})`, { temporary: false })
    if (schemaOf(db, from) === 0)
      throw new Fault(`Cannot restore ${from}: it is not a backup of a store`, { temporary: false })
    // One file again, with no log beside it: a log left behind by a rename would be lost.
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL')
    skipNumbers(db, NUMBERS_SKIPPED)
  } finally {
    db.close()
  }
}

/** Carry a store's log into its file, so that the file alone is the store; one that does not open is left as it is. */
function settle(file: string): void {
  try {
    const db = new DatabaseSync(file)
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
  } catch {
    // It is about to be replaced.
  }
}

function clear(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true })
}
