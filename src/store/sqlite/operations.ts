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
import { QueueCount } from './queue-count.ts'
import { openQueueEntries } from './queue-entries.ts'
import { writeQueue } from './queue-writes.ts'
import { Sequences } from './sequences.ts'
import { writeSettingsVersions } from './settings-versions.ts'
import { writeTransport } from './transport.ts'
import { writeVault } from './vault.ts'

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
  /** Tell whether entries of the queue were added since the last time this was asked. */
  readonly queueGrew: () => boolean
  /** Write down what is written once a transaction, before it is committed. */
  readonly finish: () => void
  /** Undo what a transaction changed outside the database. */
  readonly rolledBack: () => void
}

/** What goes out for accounts that are stopped. They are few, which an index tells; what is ready is looked through by its keys. */
const OF_FROZEN = `
  WITH frozen (address) AS MATERIALIZED (SELECT address FROM user WHERE frozen IS NOT NULL)
  SELECT id FROM queue_entry WHERE rested = 1 AND user IS NOT NULL AND held = 0 AND user IN frozen
  UNION SELECT entry FROM queue_ready WHERE EXISTS (SELECT 1 FROM frozen) AND origin IN frozen`

/** Gather the writes of every matter on the writer's connection. */
export function openOperations(db: DatabaseSync): Operations {
  const sequences = new Sequences(db)
  const byName = new Map<string, Operation>()
  function add(matter: string, writes: Writes): void {
    for (const [name, write] of Object.entries(writes)) byName.set(`${matter}.${name}`, write as Operation)
  }
  const contacts = openContactKeeper(db)
  const filters = new DecisionFilters(db)
  const entryCount = new QueueCount(db)
  const entries = openQueueEntries(db, entryCount)
  const messages = writeMessages(db, sequences, filters, contacts, entryCount)
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
  add('queue', writeQueue(db, entries, messages))
  add('vault', writeVault(db))
  add('transport', writeTransport(db))
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
      for (const { id } of db.prepare(OF_FROZEN).all()) entries.hold(Number(id))
      // What makes references in replies unguessable (DecisionStore.key).
      db.prepare("INSERT OR IGNORE INTO secret (name, value) VALUES ('references', ?)").run(randomBytes(32))
    },
    queueGrew: () => entryCount.grew(),
    finish: () => entryCount.finish(),
    rolledBack() {
      entryCount.forget()
      sequences.forget()
      filters.rolledBack()
    },
  }
}
