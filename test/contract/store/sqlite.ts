import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openStore } from '#store/sqlite/open.ts'
import { restoreStore } from '#store/sqlite/restore.ts'
import { startWriter } from '#store/sqlite/start.ts'
import type { StoreEngine, StoreUnderTest } from './engine.ts'

/** SQLite on real files, in a folder that goes when the tests of the calling file are done. */
export function sqliteEngine(): StoreEngine {
  const folder = mkdtempSync(join(tmpdir(), 'postern-store-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  let stores = 0

  function newFile(): string {
    stores += 1
    return join(folder, `store${stores}`, 'postern.db')
  }

  return {
    name: 'SQLite',
    create: () => open(newFile()),
    restore(backupFile) {
      const file = newFile()
      restoreStore({ from: backupFile, to: file })
      return open(file)
    },
    folder: () => folder,
  }
}

/** Take a store's file into use. */
async function open(file: string): Promise<StoreUnderTest> {
  const writer = await startWriter({ file })
  const store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
  let closing: Promise<void> | undefined
  function close(): Promise<void> {
    closing ??= store.close().then(() => writer.close())
    return closing
  }
  return {
    store,
    another: async () => openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges }),
    async restart() {
      await close()
      return open(file)
    },
    tidy: () => writer.tidy(),
    sizeBytes: () => statSync(file).size,
    close,
  }
}
