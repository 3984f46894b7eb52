import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Delivery, NewMessage, Store } from '#store/contract.ts'
import type { StoreEngine } from './engine.ts'
import { enqueueAll, waits } from './queue-turns.ts'
import { asRead, makeMailboxes, readWhole, sampleBytes, sampleMessage, sampleRecord, TRACE } from './samples.ts'
import { withStore } from './with-store.ts'

function delivery(change: Partial<Delivery> = {}): Delivery {
  return { decision: 7, atMs: 5, recipient: 'a@far.example', outcome: 'delivered', story: '{"tries":1}', ...change }
}

/** Read a message that waits, whole. */
async function readWaiting(store: Store, messageId: number): Promise<Buffer | undefined> {
  const pieces = await store.messages.read(messageId)
  if (pieces === undefined) return undefined
  const parts: Uint8Array[] = []
  for await (const piece of pieces) parts.push(piece)
  return Buffer.concat(parts)
}

const to = (...recipients: readonly string[]) => recipients.map((recipient) => ({ recipient }))

/** What every engine must do with what became of entries. */
export function queueSettlementsContract(engine: StoreEngine): void {
  for (const length of [0, 3, 131_073, 700_001]) {
    it(`reads a message that waits as it was received, ${length} bytes`, async () => {
      await withStore(engine, async ({ store }) => {
        const bytes = sampleBytes(length)
        let body: NewMessage['body'] = bytes
        if (length > 131_072) {
          body = store.messages.draft()
          await body.write(bytes)
        }
        const { messageId } = await store.messages.accept(sampleMessage([], body, { queue: to('a@far.example') }))
        assert.deepEqual(await readWaiting(store, messageId), Buffer.concat([Buffer.from(TRACE), bytes]))
        for (const piece of (await store.messages.read(messageId)) as Iterable<Uint8Array>)
          assert.ok(piece.length <= 262_144)
        assert.equal(await store.messages.read(messageId + 1), undefined)
      })
    })
  }

  it('lets go of an entry that is over, and of its message with the last that holds it; keeps how it ended', async () => {
    await withStore(engine, async (under) => {
      const { queue, messages } = under.store
      const { messageId } = await messages.accept(
        sampleMessage([], 'x', { queue: to('a@far.example', 'b@far.example') }),
      )
      const [a, b] = (await queue.arrivals(0, 10)).map(({ id }) => id) as [number, number]
      await queue.settle([{ id: a, next: { is: 'gone' }, delivery: delivery() }], [])
      assert.equal(await queue.get(a), undefined)
      assert.equal(await queue.count(), 1)
      assert.deepEqual(await queue.deliveries(7), [delivery()])
      assert.ok((await messages.read(messageId)) !== undefined)
      // Twice, and beside one that is there: it is passed over, and nothing is told of it.
      const failed = delivery({ recipient: 'b@far.example', outcome: 'failed', atMs: 6 })
      await queue.settle(
        [
          { id: a, next: { is: 'gone' }, delivery: delivery({ outcome: 'expired' }) },
          waits(a, 5),
          { id: b, next: { is: 'gone' }, delivery: failed },
          { id: b, next: { is: 'gone' }, delivery: failed },
        ],
        [],
      )
      assert.equal(await queue.count(), 0)
      assert.deepEqual(await queue.deliveries(7), [delivery(), failed])
      assert.deepEqual(await queue.deliveries(8), [])
      assert.deepEqual(await queue.arrivals(0, 10), [])
      assert.equal(await queue.nextDueMs(), undefined)
      await under.tidy()
      assert.equal(await messages.read(messageId), undefined)
    })
  })

  it('has an entry wait, with what its tries came to', async () => {
    await withStore(engine, async (under) => {
      const [id] = (await enqueueAll(under.store, to('a@far.example'))) as [number]
      const before = await under.store.queue.get(id)
      await under.store.queue.settle([waits(id, 500)], [])
      const waiting = { ...before, dueAtMs: 500, attempts: 1, answers: '[1]' }
      assert.deepEqual(await under.store.queue.get(id), waiting)
      // Before it is due: it was made ready by hand, and tried.
      assert.equal(await under.store.queue.retry({}), 1)
      assert.deepEqual((await under.store.queue.arrivals(0, 10))[0], { ...before, attempts: 1, answers: '[1]' })
      await under.store.queue.settle([waits(id, 600, { attempts: 2, warned: true })], [])
      await under.store.queue.settle([waits(id, 700, { attempts: 2, warned: true })], [])
      assert.equal(await under.store.queue.nextDueMs(), 700)
      const again = await under.restart()
      assert.deepEqual(await again.store.queue.get(id), { ...waiting, dueAtMs: 700, attempts: 2, warned: true })
      assert.deepEqual((await again.store.queue.wake(700, 10)).domains, ['far.example'])
      assert.deepEqual(
        (await again.store.queue.arrivals(0, 10)).map((entry) => entry.id),
        [id],
      )
      await again.close()
    })
  })

  it('puts a message into mailboxes of ours, each once, and counts who holds it', async () => {
    await withStore(engine, async (under) => {
      const { store } = under
      const { queue, mailboxes } = store
      const [one, two] = (await makeMailboxes(store, 2)) as [number, number]
      const { messageId } = await store.messages.accept(
        sampleMessage([], 'x', { queue: to('a@far.example', 'b@far.example', 'c@far.example') }),
      )
      const [a, b, c] = (await queue.arrivals(0, 10)).map(({ id }) => id) as [number, number, number]
      await queue.settle([{ id: a, next: { is: 'placed', mailboxIds: [one, two, one] }, delivery: delivery() }], [])
      await queue.settle([{ id: a, next: { is: 'placed', mailboxIds: [one] } }], [])
      await queue.settle([{ id: b, next: { is: 'placed', mailboxIds: [two] } }], [])
      await queue.settle([{ id: c, next: { is: 'gone' } }], [])
      assert.equal(await queue.count(), 0)
      assert.deepEqual(await queue.deliveries(7), [delivery()])
      for (const mailbox of [one, two]) {
        assert.deepEqual(await mailboxes.list(mailbox), [{ uid: messageId, sizeBytes: asRead('x').length }])
        assert.deepEqual(await mailboxes.usage(mailbox), { messages: 1, bytes: asRead('x').length })
      }
      assert.equal(await mailboxes.remove(one, [messageId]), 1)
      assert.deepEqual(await readWhole(store, two, messageId), asRead('x'))
      assert.equal(await mailboxes.remove(two, [messageId]), 1)
      await under.tidy()
      assert.equal(await store.messages.read(messageId), undefined)
    })
  })

  it('puts a message on its way to where a forward leads, as an entry of its own', async () => {
    await withStore(engine, async (under) => {
      const { store } = under
      const { queue } = store
      const { messageId } = await store.messages.accept(sampleMessage([], 'x', { queue: to('a@late.example') }))
      const [first] = await queue.arrivals(0, 10)
      const forwards = [{ recipient: 'b@far.example', notify: 'FAILURE' }]
      const id = first?.id as number
      await queue.settle([{ id, next: { is: 'placed', mailboxIds: [], forwards }, delivery: delivery() }], [])
      const [second, ...others] = await queue.arrivals(id, 10)
      assert.deepEqual(others, [])
      assert.equal(second?.recipient, 'b@far.example')
      assert.equal(second?.notify, 'FAILURE')
      assert.equal(second?.messageId, messageId)
      assert.equal(second?.createdAtMs, first?.createdAtMs)
      assert.equal(second?.decision, first?.decision)
      assert.equal(await queue.count(), 1)
      assert.ok(await store.messages.read(messageId))
      await queue.settle([{ id: second?.id as number, next: { is: 'gone' } }], [])
      await under.tidy()
      assert.equal(await store.messages.read(messageId), undefined)
    })
  })

  it('keeps an entry whose mailboxes are all gone: it is tried again, and its sender told', async () => {
    await withStore(engine, async ({ store }) => {
      const [one, two] = (await makeMailboxes(store, 2)) as [number, number]
      const [a, b] = (await enqueueAll(store, to('a@far.example', 'b@far.example'))) as [number, number]
      await store.directory.removeUser('user1@example.test')
      await store.queue.settle(
        [
          { id: a, next: { is: 'placed', mailboxIds: [one] }, delivery: delivery() },
          { id: b, next: { is: 'placed', mailboxIds: [one, two] } },
        ],
        [],
      )
      assert.deepEqual(
        (await store.queue.arrivals(0, 10)).map(({ id }) => id),
        [a],
      )
      assert.deepEqual(await store.queue.deliveries(7), [])
      assert.equal((await store.mailboxes.list(two)).length, 1)
    })
  })

  it('keeps the reports with what they follow from, as messages like any other', async () => {
    await withStore(engine, async ({ store }) => {
      const [one, two] = (await makeMailboxes(store, 2)) as [number, number]
      const [a] = (await enqueueAll(store, to('a@far.example'))) as [number]
      await store.directory.removeUser('user2@example.test')
      const record = sampleRecord()
      await store.queue.settle(
        [{ id: a, next: { is: 'gone' } }],
        [
          { message: sampleMessage([one], 'first report', { sender: '', record }), about: [a] },
          {
            message: sampleMessage([], 'second report', { sender: '', queue: to('sender@far.example') }),
            about: [a],
          },
          // Whoever was to be told is gone: nobody is, and nothing else fails for it.
          { message: sampleMessage([two], 'nobody reads it', { sender: '' }), about: [a] },
        ],
      )
      assert.deepEqual(await store.decisions.get(record.id), record)
      const [placed] = await store.mailboxes.list(one)
      assert.deepEqual(await readWhole(store, one, placed?.uid ?? 0), asRead('first report', ''))
      const [entry] = await store.queue.find({}, { limit: 10 })
      assert.equal(await store.queue.count(), 1)
      assert.deepEqual([entry?.recipient, entry?.sender], ['sender@far.example', ''])
      assert.deepEqual(await readWaiting(store, entry?.messageId ?? 0), Buffer.from(`${TRACE}second report`))
    })
  })

  it('passes over what is not there any more, and keeps no report of that alone', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      const [one, two] = (await makeMailboxes(store, 2)) as [number, number]
      const ids = await enqueueAll(store, to('a@far.example', 'b@far.example', 'c@far.example', 'd@far.example'))
      const [a, b, c, d] = ids as [number, number, number, number]
      const report = (text: string, ...about: readonly number[]) => ({
        message: sampleMessage([one], text, { sender: '' }),
        about,
      })
      const gone = (id: number) => ({ id, next: { is: 'gone' }, delivery: delivery() }) as const
      assert.equal(await queue.remove({ ids: [a] }, { atMs: 1, story: '{}' }), 1)
      await store.directory.removeUser('user2@example.test')
      const passedOver = await queue.settle(
        [gone(a), gone(b), { id: c, next: { is: 'placed', mailboxIds: [two] }, delivery: delivery() }, waits(d, 5)],
        [
          report('of what was removed', a),
          report('of two', a, b),
          report('of what could not be placed', c),
          report('of what is late', d),
          report('of what was not settled here', d + 1),
          report('of nothing'),
          report('of one', b),
        ],
      )
      assert.deepEqual(passedOver, [a, c])
      const kept = async () =>
        Promise.all((await store.mailboxes.list(one)).map(async ({ uid }) => String(await readWhole(store, one, uid))))
      const want = ['of two', 'of what is late', 'of one'].map((text) => String(asRead(text, '')))
      assert.deepEqual(await kept(), want)
      // Put down twice, as after an answer that was lost: nobody is told again.
      assert.deepEqual(await queue.settle([gone(b)], [report('of one', b)]), [b])
      assert.deepEqual(await kept(), want)
      assert.deepEqual(await queue.settle([], []), [])
    })
  })

  it('settles nothing when a report cannot be kept', async () => {
    await withStore(engine, async ({ store }) => {
      const [a] = (await enqueueAll(store, to('a@far.example'))) as [number]
      const draft = store.messages.draft()
      await draft.write(Buffer.from('x'))
      const gone = [{ id: a, next: { is: 'gone' }, delivery: delivery() }] as const
      await assert.rejects(
        store.queue.settle(gone, [{ message: sampleMessage([], draft, { queue: to('b@far.example') }), about: [a] }]),
      )
      const taken = (await store.queue.get(a))?.decision ?? 0
      const twice = sampleMessage([], 'x', { queue: to('b@far.example'), record: sampleRecord({ id: taken }) })
      await assert.rejects(store.queue.settle(gone, [{ message: twice, about: [a] }]))
      assert.deepEqual(
        (await store.queue.find({}, { limit: 10 })).map(({ id }) => id),
        [a],
      )
      assert.equal(await store.queue.count(), 1)
      assert.deepEqual(await store.queue.deliveries(7), [])
      draft.abandon()
    })
  })

  it('is settled and held at once: what is held stays so, and waits when it is released', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      const [a, b] = (await enqueueAll(store, to('a@far.example', 'b@far.example'))) as [number, number]
      await queue.hold({})
      await queue.settle([waits(a, 500), { id: b, next: { is: 'gone' }, delivery: delivery() }], [])
      const held = await queue.get(a)
      assert.deepEqual([held?.held, held?.dueAtMs, held?.attempts], [true, 500, 1])
      assert.equal(await queue.nextDueMs(), undefined)
      assert.deepEqual((await queue.wake(1000, 10)).domains, [])
      assert.equal(await queue.get(b), undefined)
      assert.equal(await queue.release({}), 1)
      assert.equal(await queue.nextDueMs(), 500)
      assert.deepEqual(await queue.arrivals(0, 10), [])
    })
  })

  it('forgets deliveries of long ago, the oldest first, some at a time', async () => {
    await withStore(engine, async ({ store }) => {
      const ids = await enqueueAll(store, to(...Array.from({ length: 10 }, (_, at) => `r${at}@far.example`)))
      await store.queue.settle(
        ids.map((id, at) => ({ id, next: { is: 'gone' }, delivery: delivery({ atMs: at }) })),
        [],
      )
      assert.equal(await store.queue.forgetDeliveriesBefore(0, 10), 0)
      assert.equal(await store.queue.forgetDeliveriesBefore(5, 3), 3)
      assert.deepEqual(
        (await store.queue.deliveries(7)).map(({ atMs }) => atMs),
        [3, 4, 5, 6, 7, 8, 9],
      )
      assert.equal(await store.queue.forgetDeliveriesBefore(5, 3), 2)
      assert.equal(await store.queue.forgetDeliveriesBefore(5, 3), 0)
      assert.deepEqual(
        (await store.queue.deliveries(7)).map(({ atMs }) => atMs),
        [5, 6, 7, 8, 9],
      )
    })
  })

  it('tells at most 1,000 deliveries of a decision', async () => {
    await withStore(engine, async ({ store }) => {
      const recipients = Array.from({ length: 1001 }, (_, at) => `r${at}@far.example`)
      await store.messages.accept(sampleMessage([], 'x', { queue: to(...recipients) }))
      const entries = await store.queue.arrivals(0, 2000)
      assert.equal(entries.length, 1001)
      await store.queue.settle(
        entries.map(({ id, recipient }) => ({ id, next: { is: 'gone' }, delivery: delivery({ recipient }) })),
        [],
      )
      const told = await store.queue.deliveries(7)
      assert.equal(told.length, 1000)
      assert.equal(told[0]?.recipient, 'r0@far.example')
    })
  })

  it('knows what is over from what is not, before its space is given back', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      const old = await enqueueAll(store, to('a@far.example', 'b@far.example', 'c@far.example'))
      const [ready, waiting, held] = old as [number, number, number]
      await queue.settle([waits(waiting, 5)], [])
      await queue.hold({ ids: [held] })
      const crowd = to(...Array.from({ length: 6000 }, (_, at) => `r${at}@other.example`))
      await store.messages.accept(sampleMessage([], 'x', { queue: crowd }))
      const over = old.map((id) => ({ id, next: { is: 'gone' }, delivery: delivery() }) as const)
      await queue.settle(over, [])
      assert.equal((await queue.deliveries(7)).length, 3)

      async function staysOver(waitingStill: number): Promise<void> {
        await queue.settle([...over, ...over.map(({ id }) => waits(id, 7))], [])
        for (const act of ['hold', 'release', 'retry'] as const) assert.equal(await queue[act]({ ids: old }), 0, act)
        assert.equal(await queue.remove({ ids: old }, { atMs: 1, story: '' }), 0)
        assert.equal(await queue.count(), waitingStill)
        assert.equal((await queue.deliveries(7)).length, 3)
        assert.equal(await queue.nextDueMs(), undefined)
        assert.ok(!(await queue.readyDomains('', 10)).includes('far.example'))
        assert.equal(await queue.get(ready), undefined)
      }
      await staysOver(6000)
      // With the newest taken out, these are among the newest again.
      await queue.remove({ domain: 'other.example' }, { atMs: 1, story: '' })
      await staysOver(0)
    })
  })

  it('gives back the space of what is over, however long it waited', async () => {
    await withStore(engine, async (under) => {
      const { store } = under
      await under.tidy()
      const before = under.sizeBytes()
      for (let at = 0; at < 20; at += 1) {
        const draft = store.messages.draft()
        await draft.write(sampleBytes(300_000, at))
        await store.messages.accept(sampleMessage([], draft, { queue: to('a@far.example') }))
      }
      const old = (await store.queue.arrivals(0, 100)).map(({ id }) => id)
      await store.queue.settle(
        old.map((id) => waits(id, 5)),
        [],
      )
      // Thousands come after them.
      const recipients = Array.from({ length: 6000 }, (_, at) => `r${at}@other.example`)
      await store.messages.accept(sampleMessage([], 'x', { queue: to(...recipients) }))
      await store.queue.settle(
        old.slice(0, 10).map((id) => ({ id, next: { is: 'gone' }, delivery: delivery() })),
        [],
      )
      assert.equal(await store.queue.remove({ domain: 'far.example' }, { atMs: 1, story: '{}' }), 10)
      assert.equal(await store.queue.count(), 6000)
      for (const id of old) assert.equal(await store.queue.get(id), undefined)
      // Over is over, before its space is given back as after.
      await store.queue.settle(
        old.flatMap((id) => [waits(id, 7), { id, next: { is: 'gone' }, delivery: delivery() }]),
        [],
      )
      assert.equal(await store.queue.hold({ ids: old }), 0)
      assert.equal(await store.queue.retry({ ids: old }), 0)
      assert.equal(await store.queue.remove({ ids: old }, { atMs: 1, story: '{}' }), 0)
      assert.deepEqual(await store.queue.find({ domain: 'far.example' }, { limit: 10 }), [])
      assert.deepEqual(await store.queue.measure({ ids: old }), { entries: 0, bytes: 0, held: 0 })
      assert.equal((await store.queue.deliveries(7)).length, 10)
      assert.equal(await store.queue.nextDueMs(), undefined)
      const again = await under.restart()
      assert.equal(await again.store.queue.count(), 6000)
      assert.deepEqual(await again.store.queue.find({ domain: 'far.example' }, { limit: 10 }), [])
      await again.store.queue.remove({}, { atMs: 1, story: '{}' })
      await again.tidy()
      const after = again.sizeBytes()
      await again.close()
      if (before !== undefined && after !== undefined)
        assert.ok(after < before + 1_500_000, `${after} bytes, ${before} before`)
    })
  })
}
