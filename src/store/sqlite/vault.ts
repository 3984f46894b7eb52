import type { DatabaseSync } from 'node:sqlite'
import type { SealedSecret, VaultStore } from '../contract.ts'
import { withoutNulls } from './rows.ts'

const SECRET = 'SELECT kind, name, open, sealed, changed_at AS changedAtMs FROM vault WHERE kind = ?'

/** Read sealed secrets. */
export function readVault(db: DatabaseSync): Pick<VaultStore, 'get' | 'list'> {
  const one = db.prepare(`${SECRET} AND name = ?`)
  const all = db.prepare(`${SECRET} ORDER BY name`)
  return {
    get(kind, name) {
      const row = one.get(kind, name)
      return row === undefined ? undefined : withoutNulls<SealedSecret>(row)
    },
    list: (kind) => all.all(kind).map((row) => withoutNulls<SealedSecret>(row)),
  }
}

export const VAULT_WRITES = ['put', 'remove'] as const

/** Write sealed secrets. */
export function writeVault(db: DatabaseSync) {
  const put = db.prepare('INSERT OR REPLACE INTO vault (kind, name, open, sealed, changed_at) VALUES (?, ?, ?, ?, ?)')
  const remove = db.prepare('DELETE FROM vault WHERE kind = ? AND name = ?')
  return {
    put({ kind, name, open, sealed, changedAtMs }: SealedSecret): void {
      put.run(kind, name, open, sealed, changedAtMs)
    },
    remove: (kind: SealedSecret['kind'], name: string): boolean => remove.run(kind, name).changes > 0,
  }
}
