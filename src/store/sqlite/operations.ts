import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { writeBlocks } from './blocks.ts'
import { openContactKeeper } from './contacts.ts'
import { DecisionFilters } from './decision-filters.ts'
import { writeDecisions } from './decisions.ts'
import { writeDirectory } from './directory.ts'
import { openMailboxKeeper, writeMailboxes } from './mailboxes.ts'
import type { Writes } from './matter.ts'
import { writeMessages } from './messages.ts'
import { writeQueue } from './queue.ts'
import { Sequences } from './sequences.ts'
import { writeSettingsVersions } from './settings-versions.ts'

/** A write by its name: its arguments, and the bytes that travelled beside them as the last one. */
export type Operation = (...args: readonly unknown[]) => unknown

/** Everything that can be written. */
export interface Operations {
  readonly byName: ReadonlyMap<string, Operation>
  /** Take away the drafts that a lost line left. */
  readonly abandonOf: (line: number) => void
  readonly filters: DecisionFilters
  /** Clear up after an earlier run of the server, and make what a new store needs. */
  readonly recover: () => void
  /** Tell whether the directory was written since the last time this was asked. */
  readonly directoryChanged: () => boolean
  /** Undo what a transaction changed outside the database. */
  readonly rolledBack: () => void
}

/** From the queue's side, whose entries of users have an index: there may be a million users. */
const HOLD_OF_FROZEN = `UPDATE queue_entry SET held = 1 WHERE held = 0 AND user IN (
  SELECT u.address FROM user u JOIN (SELECT DISTINCT user AS address FROM queue_entry WHERE user IS NOT NULL) q
  ON q.address = u.address WHERE u.frozen IS NOT NULL)`

/** Gather the writes of every matter on the writer's connection. */
export function openOperations(db: DatabaseSync): Operations {
  const sequences = new Sequences(db)
  const byName = new Map<string, Operation>()
  function add(matter: string, writes: Writes): void {
    for (const [name, write] of Object.entries(writes)) byName.set(`${matter}.${name}`, write as Operation)
  }
  const contacts = openContactKeeper(db)
  const filters = new DecisionFilters(db)
  const messages = writeMessages(db, sequences, filters, contacts)
  add('messages', messages)
  add('mailboxes', writeMailboxes(db))
  add('decisions', writeDecisions(db, sequences, filters))
  add('settings', writeSettingsVersions(db))
  let directoryChanged = false
  for (const [name, write] of Object.entries(writeDirectory(db, openMailboxKeeper(db), contacts))) {
    byName.set(`directory.${name}`, (...args) => {
      directoryChanged = true
      return (write as Operation)(...args)
    })
  }
  add('queue', writeQueue(db))
  add('blocks', writeBlocks(db))
  return {
    byName,
    abandonOf: messages.abandonOf,
    filters,
    directoryChanged() {
      const changed = directoryChanged
      directoryChanged = false
      return changed
    },
    recover() {
      messages.abandonOf()
      // A kill between the two steps of stopping an account must not let its mail go.
      db.exec(HOLD_OF_FROZEN)
      // What makes references in replies unguessable (DecisionStore.key).
      db.prepare("INSERT OR IGNORE INTO secret (name, value) VALUES ('references', ?)").run(randomBytes(32))
    },
    rolledBack() {
      sequences.forget()
      filters.rolledBack()
    },
  }
}
