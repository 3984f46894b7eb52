import { DatabaseSync } from 'node:sqlite'
import type { DirectoryStore, NewUser } from '../contract.ts'
import { openContactKeeper } from './contacts.ts'
import { readDirectory, writeDirectory } from './directory.ts'
import { migrate } from './migrations.ts'

export interface DirectoryInMemory {
  readonly db: DatabaseSync
  readonly store: DirectoryStore
  /** Mailboxes that were made and not removed. */
  readonly mailboxes: ReadonlySet<number>
}

/** Open an empty directory in memory, for tests: the real tables, without a writer's thread. Its reads answer at once. */
export function openDirectoryInMemory(): DirectoryInMemory {
  const db = new DatabaseSync(':memory:')
  migrate(db, ':memory:')
  let mailboxes = new Set<number>()
  let made = 0
  const counted = {
    create() {
      mailboxes.add(++made)
      return made
    },
    remove: (id: number) => void mailboxes.delete(id),
  }
  const writes = writeDirectory(db, counted, openContactKeeper(db))

  function inTransaction<A extends unknown[]>(write: (...args: A) => void): (...args: A) => Promise<void> {
    return async (...args) => {
      const before = new Set(mailboxes)
      db.exec('BEGIN')
      try {
        write(...args)
        db.exec('COMMIT')
      } catch (error) {
        db.exec('ROLLBACK')
        mailboxes = before
        throw error
      }
    }
  }

  const store: DirectoryStore = {
    ...readDirectory(db),
    addDomain: inTransaction(writes.addDomain),
    setDomain: inTransaction(writes.setDomain),
    removeDomain: inTransaction(writes.removeDomain),
    addUsers: inTransaction(writes.addUsers),
    setUser: inTransaction(writes.setUser),
    removeUser: inTransaction(writes.removeUser),
    putGroup: inTransaction(writes.putGroup),
    removeGroup: inTransaction(writes.removeGroup),
    putAlias: inTransaction(writes.putAlias),
    removeAlias: inTransaction(writes.removeAlias),
  }
  return {
    db,
    store,
    get mailboxes() {
      return mailboxes
    },
  }
}

/** Describe a new user with the usual fields. */
export function newUser(address: string, fields: Partial<NewUser> = {}): NewUser {
  return { address, name: '', disabled: false, addresses: [], localDomainsOnly: false, ...fields }
}
