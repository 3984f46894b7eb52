import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Fault } from '#base/fault.ts'
import type { NewQueueEntry } from '#store/contract.ts'
import type { StoreEngine } from './engine.ts'
import { asRead, makeMailboxes, readWhole, sampleBytes, sampleMessage, sampleRecord } from './samples.ts'
import { withStore } from './with-store.ts'

/** What every engine must do with messages. */
export function messagesContract(engine: StoreEngine): void {
  it('gives a message back byte for byte, in every mailbox it was put into', async () => {
    await withStore(engine, async ({ store }) => {
      const [one, two] = (await makeMailboxes(store, 2)) as [number, number]
      const body = Buffer.from('\0\r\n.\r\n\xff\xfe not text \u{1f4ec}\r\n', 'latin1')
      const { messageId } = await store.messages.accept(sampleMessage([one, two], body))
      for (const mailbox of [one, two]) {
        assert.deepEqual(await store.mailboxes.list(mailbox), [{ uid: messageId, sizeBytes: asRead(body).length }])
        assert.deepEqual(await readWhole(store, mailbox, messageId), asRead(body))
      }
    })
  })

  it('writes the Return-Path of the null sender and of one beyond ASCII', async () => {
    await withStore(engine, async ({ store }) => {
      const [mailbox] = (await makeMailboxes(store, 1)) as [number]
      for (const sender of ['', 'jürgen@bücher.example']) {
        const { messageId } = await store.messages.accept(sampleMessage([mailbox], 'x\r\n', { sender }))
        const whole = asRead('x\r\n', sender)
        assert.deepEqual(await readWhole(store, mailbox, messageId), whole)
        const placement = (await store.mailboxes.list(mailbox)).find(({ uid }) => uid === messageId)
        assert.equal(placement?.sizeBytes, whole.length)
      }
    })
  })

  it('places a message once in a mailbox that is named twice', async () => {
    await withStore(engine, async ({ store }) => {
      const [mailbox] = (await makeMailboxes(store, 1)) as [number]
      await store.messages.accept(sampleMessage([mailbox, mailbox]))
      assert.equal((await store.mailboxes.list(mailbox)).length, 1)
      assert.equal((await store.mailboxes.usage(mailbox)).messages, 1)
    })
  })

  it('keeps everything of a message or nothing', async () => {
    await withStore(engine, async ({ store }) => {
      const [mailbox] = (await makeMailboxes(store, 1)) as [number]
      const record = sampleRecord()
      const queue = [{ recipient: 'x@far.example' }]
      const failing = sampleMessage([mailbox, mailbox + 1000], 'x\r\n', { record, queue })
      await assert.rejects(async () => await store.messages.accept(failing), Fault)
      assert.deepEqual(await store.mailboxes.usage(mailbox), { messages: 0, bytes: 0 })
      assert.deepEqual(await store.mailboxes.list(mailbox), [])
      assert.equal(await store.queue.count(), 0)
      assert.equal(await store.decisions.get(record.id), undefined)
    })
  })

  it('fails a bad message alone among those that are committed with it', async () => {
    await withStore(engine, async ({ store }) => {
      const [mailbox] = (await makeMailboxes(store, 1)) as [number]
      const accepts = Array.from({ length: 50 }, (_, at) =>
        store.messages.accept(sampleMessage([at % 10 === 7 ? 99_999 : mailbox], `message ${at}\r\n`)),
      )
      const outcomes = await Promise.allSettled(accepts)
      const rejected = outcomes.flatMap((outcome, at) => (outcome.status === 'rejected' ? [at] : []))
      assert.deepEqual(rejected, [7, 17, 27, 37, 47])
      const list = await store.mailboxes.list(mailbox)
      assert.equal(list.length, 45)
      assert.equal((await store.mailboxes.usage(mailbox)).messages, 45)
      for (const [at, outcome] of outcomes.entries()) {
        if (outcome.status === 'rejected') continue
        assert.deepEqual(await readWhole(store, mailbox, outcome.value.messageId), asRead(`message ${at}\r\n`))
      }
    })
  })

  it('shows a message to every thread once it is accepted', async () => {
    await withStore(engine, async (under) => {
      const [mailbox] = (await makeMailboxes(under.store, 1)) as [number]
      const other = await under.another()
      for (let at = 0; at < 20; at += 1) {
        const { messageId } = await (at % 2 === 0 ? under.store : other).messages.accept(sampleMessage([mailbox]))
        for (const store of [under.store, other]) {
          assert.equal((await store.mailboxes.list(mailbox)).at(-1)?.uid, messageId)
        }
      }
      await other.close()
    })
  })

  it('keeps what waits for recipients elsewhere', async () => {
    await withStore(engine, async ({ store }) => {
      const [mailbox] = (await makeMailboxes(store, 1)) as [number]
      const queue: NewQueueEntry[] = [
        {
          recipient: 'a@far.example',
          notify: 'SUCCESS,FAILURE',
          orcpt: 'rfc822;a@far.example',
          ret: 'HDRS',
          envid: 'QQ314159',
          body: '8BITMIME',
          smtputf8: true,
        },
        { recipient: 'b@far.example' },
      ]
      const record = sampleRecord()
      const { messageId } = await store.messages.accept(sampleMessage([mailbox], 'x\r\n', { queue, record }))
      assert.equal(await store.queue.count(), 2)
      const entries = await store.queue.find({}, { limit: 10 })
      assert.deepEqual(
        entries.map(({ id: _, sizeBytes: __, ...entry }) => entry),
        queue.map((entry) => ({
          ...entry,
          messageId,
          decision: record.id,
          domain: 'far.example',
          origin: '',
          sender: 'sender@far.example',
          createdAtMs: 1_767_225_600_000,
          attempts: 0,
        })),
      )
      // The queue still holds the message when the mailbox no longer does.
      assert.equal(await store.mailboxes.remove(mailbox, [messageId]), 1)
      assert.equal((await store.queue.find({}, { limit: 10 })).length, 2)
    })
  })

  for (const length of [0, 1, 131_072, 131_073, 700_001]) {
    it(`streams a body of ${length} bytes through a draft`, async () => {
      await withStore(engine, async ({ store }) => {
        const [mailbox] = (await makeMailboxes(store, 1)) as [number]
        const body = sampleBytes(length)
        const draft = store.messages.draft()
        // The caller's buffer is its own again once write has resolved.
        const buffer = Buffer.alloc(50_000)
        for (let at = 0; at < length; at += buffer.length) {
          const part = body.subarray(at, at + buffer.length)
          buffer.set(part)
          await draft.write(buffer.subarray(0, part.length))
          buffer.fill(0)
        }
        assert.equal(draft.sizeBytes, length)
        const { messageId } = await store.messages.accept(sampleMessage([mailbox], draft))
        const whole = await readWhole(store, mailbox, messageId)
        assert.ok(whole?.equals(asRead(body)))
        assert.deepEqual(await store.mailboxes.list(mailbox), [{ uid: messageId, sizeBytes: asRead(body).length }])
      })
    })
  }

  it('reads in pieces of at most 256 KiB', async () => {
    await withStore(engine, async ({ store }) => {
      const [mailbox] = (await makeMailboxes(store, 1)) as [number]
      const draft = store.messages.draft()
      await draft.write(sampleBytes(1_000_000))
      const { messageId } = await store.messages.accept(sampleMessage([mailbox], draft))
      for await (const piece of (await store.mailboxes.read(mailbox, messageId)) ?? []) {
        assert.ok(piece.length <= 256 * 1024, `a piece of ${piece.length} bytes`)
      }
    })
  })

  it('gives the space of an abandoned draft back, and of one whose session was lost', async () => {
    await withStore(engine, async (under) => {
      const [mailbox] = (await makeMailboxes(under.store, 1)) as [number]
      await under.tidy()
      const before = under.sizeBytes()
      const draft = under.store.messages.draft()
      await draft.write(sampleBytes(3_000_000))
      draft.abandon()
      draft.abandon()
      await assert.rejects(() => draft.write(sampleBytes(1)), Fault)
      await assert.rejects(async () => await under.store.messages.accept(sampleMessage([mailbox], draft)), Fault)

      const other = await under.another()
      await other.messages.draft().write(sampleBytes(3_000_000))
      await other.close()
      const running = await under.restart()
      await running.tidy()
      const after = running.sizeBytes()
      if (before !== undefined && after !== undefined) {
        assert.ok(after < before + 1_000_000, `${after} bytes, ${before} before`)
      }
      await running.close()
    })
  })

  it('takes a draft once', async () => {
    await withStore(engine, async ({ store }) => {
      const [mailbox] = (await makeMailboxes(store, 1)) as [number]
      const draft = store.messages.draft()
      await draft.write(sampleBytes(200_000))
      await store.messages.accept(sampleMessage([mailbox], draft))
      await assert.rejects(async () => await store.messages.accept(sampleMessage([mailbox], draft)), Fault)
      draft.abandon()
      const [placement] = await store.mailboxes.list(mailbox)
      assert.equal((await readWhole(store, mailbox, placement?.uid ?? 0))?.length, placement?.sizeBytes)
    })
  })
}
