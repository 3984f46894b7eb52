import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { Fault } from '#base/fault.ts'
import type { StoreEngine } from './engine.ts'
import { asRead, makeMailboxes, readWhole, sampleMessage, sampleRecord } from './samples.ts'
import { withStore } from './with-store.ts'

/** What every engine must do with backups. */
export function backupContract(engine: StoreEngine): void {
  it('makes a consistent copy while messages come in, with all that was acknowledged before', async () => {
    await withStore(engine, async ({ store }) => {
      const [one, two] = (await makeMailboxes(store, 2)) as [number, number]
      const before: number[] = []
      for (let at = 0; at < 20; at += 1) {
        before.push((await store.messages.accept(sampleMessage([one, two], `message ${at}\r\n`))).messageId)
      }
      const file = join(engine.folder(), 'busy.backup')
      let running = true
      const load = Array.from({ length: 5 }, async () => {
        while (running) await store.messages.accept(sampleMessage([one, two], 'meanwhile\r\n'))
      })
      const { bytes } = await store.backup(file)
      running = false
      await Promise.all(load)
      assert.ok(bytes > 0)

      const restored = await engine.restore(file)
      for (const [at, uid] of before.entries()) {
        assert.deepEqual(await readWhole(restored.store, one, uid), asRead(`message ${at}\r\n`))
      }
      // Each message is in both mailboxes or in neither, and the counts agree.
      const lists = [await restored.store.mailboxes.list(one), await restored.store.mailboxes.list(two)]
      assert.deepEqual(lists[0], lists[1])
      assert.equal((await restored.store.mailboxes.usage(one)).messages, lists[0]?.length)
      await restored.close()
    })
  })

  it('gives no number again after a restore that was given out after the backup', async () => {
    await withStore(engine, async ({ store }) => {
      const [mailbox] = (await makeMailboxes(store, 1)) as [number]
      const key = await store.decisions.key()
      const file = join(engine.folder(), 'numbers.backup')
      await store.backup(file)
      const { messageId } = await store.messages.accept(sampleMessage([mailbox], 'x\r\n', { record: sampleRecord() }))
      const reserved = await store.decisions.reserve(1)

      const restored = await engine.restore(file)
      const later = await restored.store.messages.accept(sampleMessage([mailbox]))
      assert.ok(later.messageId > messageId, `uid ${later.messageId} after ${messageId}`)
      assert.ok((await restored.store.decisions.reserve(1)) > reserved)
      assert.deepEqual(await restored.store.decisions.key(), key)
      await restored.close()
    })
  })

  it('does not write over a file', async () => {
    await withStore(engine, async ({ store }) => {
      const file = join(engine.folder(), 'exists.backup')
      writeFileSync(file, 'precious')
      await assert.rejects(
        () => store.backup(file),
        (error) => error instanceof Fault && /exists/.test(error.message),
      )
    })
  })
}
