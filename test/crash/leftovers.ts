import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** What a message leaves in the store; with every mailbox empty there is none of it. */
const TABLES = ['message', 'placement', 'shared', 'piece', 'draft'] as const

/** Look into the store beside the running server for parts of messages that belong to nobody; gives a sentence for each kind. */
export function findLeftovers(dataDir: string): readonly string[] {
  const name = readdirSync(dataDir).find((file) => /\.(db|sqlite3?)$/.test(file))
  if (name === undefined) throw new Error(`Cannot find the store's file in ${dataDir}`)
  const store = new DatabaseSync(join(dataDir, name), { readOnly: true })
  try {
    return TABLES.flatMap((table) => {
      const count = Number(store.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count)
      return count === 0 ? [] : [`orphans: ${count} rows in ${table} while every mailbox is empty`]
    })
  } finally {
    store.close()
  }
}
