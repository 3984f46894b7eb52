import { existsSync, linkSync, rmSync, statSync } from 'node:fs'
import { backup } from 'node:sqlite'
import { Fault, messageOf } from '#base/fault.ts'
import { openForReading } from './connection.ts'
import { createPrivate, syncFile, syncFolderOf } from './files.ts'

/**
 * Write a consistent copy of a store in use; `to` must not exist. The copy is one read transaction on the thread pool: nothing
 * waits for it, and it holds what was committed before it began. It is complete and on disk when it appears under its name.
 */
export async function backupStore({
  from,
  to,
}: {
  readonly from: string
  readonly to: string
}): Promise<{ bytes: number }> {
  if (existsSync(to))
    throw new Fault(`Cannot write the backup ${to}: the file exists; name another`, { temporary: false })
  const partial = `${to}.partial`
  try {
    rmSync(partial, { force: true })
    createPrivate(partial)
    const db = openForReading(from)
    try {
      // All pages in one step: a copy in several begins anew whenever another connection commits (sqlite.org/backup.html).
      await backup(db, partial, { rate: 2 ** 31 - 1 })
    } finally {
      db.close()
    }
    syncFile(partial)
    // Unlike a rename, a link never takes the place of a file that appeared meanwhile.
    linkSync(partial, to)
    rmSync(partial)
    syncFolderOf(to)
    return { bytes: statSync(to).size }
  } catch (cause) {
    rmSync(partial, { force: true })
    throw new Fault(`Cannot write the backup ${to}: ${messageOf(cause)}`, { temporary: true, cause })
  }
}
