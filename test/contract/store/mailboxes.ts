import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import type { StoreEngine } from './engine.ts'
import { asRead, makeMailboxes, readWhole, sampleBytes, sampleMessage } from './samples.ts'
import { withStore } from './with-store.ts'

/** What every engine must do with mailboxes. */
export function mailboxesContract(engine: StoreEngine): void {
  it('knows nothing of a mailbox that does not exist', async () => {
    await withStore(engine, async ({ store }) => {
      assert.deepEqual(await store.mailboxes.usage(7), { messages: 0, bytes: 0 })
      assert.deepEqual(await store.mailboxes.list(7), [])
      assert.equal(await store.mailboxes.read(7, 1), undefined)
      assert.equal(await store.mailboxes.remove(7, [1]), 0)
    })
  })

  it('reads no message of another mailbox', async () => {
    await withStore(engine, async ({ store }) => {
      const [one, two] = (await makeMailboxes(store, 2)) as [number, number]
      const { messageId } = await store.messages.accept(sampleMessage([one]))
      assert.equal(await store.mailboxes.read(two, messageId), undefined)
      assert.equal(await store.mailboxes.remove(two, [messageId]), 0)
      assert.deepEqual(await readWhole(store, one, messageId), asRead('Subject: hello\r\n\r\nhello\r\n'))
    })
  })

  it('removes what is there and passes over the rest', async () => {
    await withStore(engine, async ({ store }) => {
      const [mailbox] = (await makeMailboxes(store, 1)) as [number]
      const uids: number[] = []
      for (let at = 0; at < 4; at += 1) uids.push((await store.messages.accept(sampleMessage([mailbox]))).messageId)
      const [first, second, third, fourth] = uids as [number, number, number, number]
      assert.equal(await store.mailboxes.remove(mailbox, [first, third, third, 987_654]), 2)
      assert.deepEqual(
        (await store.mailboxes.list(mailbox)).map(({ uid }) => uid),
        [second, fourth],
      )
      const bytes = asRead('Subject: hello\r\n\r\nhello\r\n').length
      assert.deepEqual(await store.mailboxes.usage(mailbox), { messages: 2, bytes: 2 * bytes })
      assert.equal(await store.mailboxes.read(mailbox, first), undefined)
    })
  })

  it('keeps a message until the last mailbox lets go of it', async () => {
    await withStore(engine, async ({ store }) => {
      const mailboxes = await makeMailboxes(store, 3)
      const { messageId } = await store.messages.accept(sampleMessage(mailboxes, 'shared\r\n'))
      for (const [at, mailbox] of mailboxes.entries()) {
        assert.equal(await store.mailboxes.remove(mailbox, [messageId]), 1)
        for (const later of mailboxes.slice(at + 1)) {
          assert.deepEqual(await readWhole(store, later, messageId), asRead('shared\r\n'))
        }
      }
    })
  })

  it('never gives a uid twice, not after deletion and a restart either', async () => {
    await withStore(engine, async (first) => {
      const [mailbox] = (await makeMailboxes(first.store, 1)) as [number]
      const seen = new Set<number>()
      let highest = 0
      let under = first
      for (let round = 0; round < 3; round += 1) {
        for (let at = 0; at < 5; at += 1) {
          const { messageId } = await under.store.messages.accept(sampleMessage([mailbox]))
          assert.ok(messageId > highest && !seen.has(messageId), `uid ${messageId} after ${highest}`)
          seen.add(messageId)
          highest = messageId
        }
        await under.store.mailboxes.remove(mailbox, [...seen])
        assert.deepEqual(await under.store.mailboxes.list(mailbox), [])
        under = await under.restart()
      }
      await under.close()
    })
  })

  it('says so when a message is deleted while it is read', async () => {
    await withStore(engine, async (under) => {
      const [mailbox] = (await makeMailboxes(under.store, 1)) as [number]
      const draft = under.store.messages.draft()
      await draft.write(sampleBytes(1_000_000))
      const { messageId } = await under.store.messages.accept(sampleMessage([mailbox], draft))
      const pieces = await under.store.mailboxes.read(mailbox, messageId)
      assert.ok(pieces !== undefined)
      let bytes = 0
      await assert.rejects(async () => {
        for await (const piece of pieces) {
          if (bytes === 0) await under.store.mailboxes.remove(mailbox, [messageId])
          bytes += piece.length
        }
      }, /deleted meanwhile/)
    })
  })

  it('takes a removed user’s mail away at once, and gives the space back', async () => {
    await withStore(engine, async (under) => {
      const { store } = under
      const [gone, stays] = (await makeMailboxes(store, 2)) as [number, number]
      await under.tidy()
      const before = under.sizeBytes()
      const both = await store.messages.accept(sampleMessage([gone, stays], 'both\r\n'))
      await Promise.all(
        Array.from({ length: 300 }, () => store.messages.accept(sampleMessage([gone], sampleBytes(20_000)))),
      )
      await under.tidy()
      const full = under.sizeBytes()
      await store.directory.removeUser('user1@example.test')
      assert.deepEqual(await store.mailboxes.list(gone), [])
      assert.equal(await store.mailboxes.read(gone, both.messageId), undefined)
      await assert.rejects(async () => await store.messages.accept(sampleMessage([gone])))
      assert.deepEqual(await readWhole(store, stays, both.messageId), asRead('both\r\n'))
      await under.tidy()
      const after = under.sizeBytes()
      if (before !== undefined && full !== undefined && after !== undefined) {
        assert.ok(full > before + 5_000_000, `${full} bytes with the mail, ${before} before`)
        assert.ok(after < before + 1_000_000, `${after} bytes, ${before} before`)
      }
      assert.deepEqual(await readWhole(store, stays, both.messageId), asRead('both\r\n'))
    })
  })

  it('counts a mailbox as the sum of what is listed, whatever is done', async () => {
    await withStore(engine, async ({ store }) => {
      const mailboxes = await makeMailboxes(store, 3)
      const mailbox = fc.integer({ min: 0, max: 2 })
      const step = fc.oneof(
        fc.record({ put: fc.uniqueArray(mailbox, { minLength: 1 }), bytes: fc.integer({ min: 0, max: 3000 }) }),
        fc.record({ take: mailbox, nth: fc.nat(5) }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          for (const one of steps) {
            if ('put' in one) {
              const ids = one.put.map((at) => mailboxes[at] as number)
              await store.messages.accept(sampleMessage(ids, sampleBytes(one.bytes)))
            } else {
              const id = mailboxes[one.take] as number
              const uid = (await store.mailboxes.list(id))[one.nth]?.uid ?? 0
              await store.mailboxes.remove(id, [uid])
            }
          }
          for (const id of mailboxes) {
            const list = await store.mailboxes.list(id)
            const bytes = list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
            assert.deepEqual(await store.mailboxes.usage(id), { messages: list.length, bytes })
            for (const { uid, sizeBytes } of list) assert.equal((await readWhole(store, id, uid))?.length, sizeBytes)
          }
        }),
        { numRuns: 20 },
      )
    })
  })
}
