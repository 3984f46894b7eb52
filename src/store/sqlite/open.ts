import type { MessagePort } from 'node:worker_threads'
import type { Store } from '../contract.ts'
import { backupStore } from './backup.ts'
import { BLOCK_WRITES, readBlocks, type writeBlocks } from './blocks.ts'
import { cacheDirectory, type DirectoryChangeCount } from './cached-directory.ts'
import { openForReading } from './connection.ts'
import { readContacts } from './contacts.ts'
import { decisionRow } from './decision-rows.ts'
import { DECISION_WRITES, readDecisions, type writeDecisions } from './decisions.ts'
import { DIRECTORY_WRITES, readDirectory, type writeDirectory } from './directory.ts'
import { MAILBOX_WRITES, readMailboxes, type writeMailboxes } from './mailboxes.ts'
import { sendWrites } from './matter.ts'
import { openMessageStore } from './message-store.ts'
import { openQueueStore } from './queue-store.ts'
import { readSettingsVersions, SETTINGS_WRITES, type writeSettingsVersions } from './settings-versions.ts'
import { readTransport, TRANSPORT_WRITES, type writeTransport } from './transport.ts'
import { readVault, VAULT_WRITES, type writeVault } from './vault.ts'
import { WriterClient } from './writer-client.ts'

export interface OpenOptions {
  readonly file: string
  readonly port: MessagePort
  /** Of the writer (`StoreWriter`). */
  readonly directoryChanges: DirectoryChangeCount
}

/** Open a store whose writer runs, for the calling thread: it reads by a connection of its own, and writes over `port`. */
export function openStore({ file, port, directoryChanges }: OpenOptions): Store {
  const db = openForReading(file)
  const writer = new WriterClient(port)
  const send = writer.send.bind(writer)
  const decisions = readDecisions(db)
  const decisionWrites = sendWrites<ReturnType<typeof writeDecisions>>('decisions', DECISION_WRITES, send)
  return {
    settings: {
      ...readSettingsVersions(db),
      ...sendWrites<ReturnType<typeof writeSettingsVersions>>('settings', SETTINGS_WRITES, send),
    },
    directory: {
      ...cacheDirectory(readDirectory(db), directoryChanges),
      ...sendWrites<ReturnType<typeof writeDirectory>>('directory', DIRECTORY_WRITES, send),
    },
    messages: openMessageStore(db, writer),
    mailboxes: {
      ...readMailboxes(db),
      ...sendWrites<ReturnType<typeof writeMailboxes>>('mailboxes', MAILBOX_WRITES, send),
    },
    decisions: {
      get: decisions.get,
      find: decisions.find,
      key: decisions.key,
      reserve: decisionWrites.reserve,
      add: (records) => decisionWrites.add(records.map(decisionRow)),
      async forgetBefore(atMs, limit) {
        const old = decisions.olderThan(atMs, limit)
        const [, lastMs] = old.at(-1) ?? [0, undefined]
        if (lastMs === undefined) return 0
        return decisionWrites.forget(
          old.map(([id]) => id),
          lastMs,
        )
      },
    },
    queue: openQueueStore(db, writer),
    vault: { ...readVault(db), ...sendWrites<ReturnType<typeof writeVault>>('vault', VAULT_WRITES, send) },
    transport: {
      ...readTransport(db),
      ...sendWrites<ReturnType<typeof writeTransport>>('transport', TRANSPORT_WRITES, send),
    },
    contacts: readContacts(db),
    blocks: { ...readBlocks(db), ...sendWrites<ReturnType<typeof writeBlocks>>('blocks', BLOCK_WRITES, send) },
    backup: (to) => backupStore({ from: file, to }),
    async close() {
      await writer.close()
      db.close()
    },
  }
}
