import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { NewQueueEntry, Store } from '#store/contract.ts'
import type { StoreEngine } from './engine.ts'
import { makeMailboxes, readWhole, sampleBytes, sampleMessage } from './samples.ts'
import { withStore } from './with-store.ts'

const ONE = 'user1@example.test'
const REMOVAL = { atMs: 9, story: '{}' }
const TWO = 'user2@example.test'

function entriesOf(user: string | undefined, ...recipients: readonly string[]): readonly NewQueueEntry[] {
  return recipients.map((recipient) => ({ recipient, ...(user === undefined ? {} : { user, ip: '192.0.2.1' }) }))
}

async function enqueue(store: Store, queue: readonly NewQueueEntry[], mailboxes: readonly number[] = []) {
  return store.messages.accept(sampleMessage(mailboxes, 'x\r\n', { queue }))
}

async function waiting(store: Store): Promise<Record<string, boolean>> {
  const entries = await store.queue.find({}, { limit: 10_000 })
  return Object.fromEntries(entries.map(({ recipient, held = false }) => [recipient, held]))
}

/** What every engine must do with what waits for recipients elsewhere. */
export function queueContract(engine: StoreEngine): void {
  it('tells who sent what waits, and from where', async () => {
    await withStore(engine, async ({ store }) => {
      await enqueue(store, [...entriesOf(ONE, 'a@far.example'), ...entriesOf(undefined, 'b@far.example')])
      const [a, b] = await store.queue.find({}, { limit: 10 })
      assert.equal(a?.user, ONE)
      assert.equal(a?.ip, '192.0.2.1')
      assert.equal(a?.held, undefined)
      assert.ok(b !== undefined && !('user' in b) && !('ip' in b) && !('held' in b))
    })
  })

  it('holds and releases all that waits of one user, and nothing else', async () => {
    await withStore(engine, async ({ store }) => {
      await enqueue(store, entriesOf(ONE, 'a@far.example', 'b@far.example'))
      await enqueue(store, entriesOf(TWO, 'c@far.example'))
      await enqueue(store, entriesOf(undefined, 'd@far.example'))
      assert.equal(await store.queue.hold({ user: ONE }), 2)
      const held = { 'a@far.example': true, 'b@far.example': true, 'c@far.example': false, 'd@far.example': false }
      assert.deepEqual(await waiting(store), held)
      await enqueue(store, entriesOf(ONE, 'e@far.example'))
      assert.deepEqual(await waiting(store), { ...held, 'e@far.example': false })
      // What is held already is not held again.
      assert.equal(await store.queue.hold({ user: ONE }), 1)
      assert.equal(await store.queue.release({ user: TWO }), 0)
      assert.equal(await store.queue.release({ user: ONE }), 3)
      assert.ok(Object.values(await waiting(store)).every((one) => !one))
      assert.equal(await store.queue.hold({ user: 'nobody@example.test' }), 0)
      assert.equal(await store.queue.hold({ user: '' }), 0)
    })
  })

  it('holds what waits of a stopped account when it starts: the act may have been cut off', async () => {
    const under = await engine.create()
    await makeMailboxes(under.store, 2)
    await enqueue(under.store, entriesOf(ONE, 'a@far.example'))
    await enqueue(under.store, entriesOf(TWO, 'b@far.example'))
    await under.store.directory.setUser(ONE, { frozen: { sinceMs: 0, why: 'seen', by: 'rule' } })
    const again = await under.restart()
    assert.deepEqual(await waiting(again.store), { 'a@far.example': true, 'b@far.example': false })
    await again.close()
  })

  it('holds from the first what comes of an account that was stopped while it was on its way', async () => {
    await withStore(engine, async ({ store }) => {
      await makeMailboxes(store, 2)
      await store.directory.setUser(ONE, { frozen: { sinceMs: 0, why: 'seen', by: 'rule' } })
      await enqueue(store, [...entriesOf(ONE, 'a@far.example'), ...entriesOf(TWO, 'b@far.example')])
      assert.deepEqual(await waiting(store), { 'a@far.example': true, 'b@far.example': false })
    })
  })

  it('holds, releases and removes thousands', async () => {
    await withStore(engine, async ({ store }) => {
      for (const user of [ONE, TWO]) {
        await enqueue(store, entriesOf(user, ...Array.from({ length: 1234 }, (_, at) => `r${at}-${user}.far.example`)))
      }
      assert.equal(await store.queue.hold({ user: ONE }), 1234)
      assert.equal(await store.queue.release({ user: ONE }), 1234)
      assert.equal(await store.queue.remove({ user: ONE }, REMOVAL), 1234)
      assert.equal(await store.queue.count(), 1234)
    })
  })

  it('removes what waits with its messages, unless a mailbox or another entry holds them', async () => {
    await withStore(engine, async (under) => {
      const { store } = under
      const [mailbox] = (await makeMailboxes(store, 1)) as [number]
      await under.tidy()
      const before = under.sizeBytes()
      const draft = store.messages.draft()
      await draft.write(sampleBytes(3_000_000))
      await store.messages.accept(sampleMessage([], draft, { queue: entriesOf(ONE, 'a@far.example', 'b@far.example') }))
      const { messageId: placed } = await enqueue(store, entriesOf(ONE, 'c@far.example'), [mailbox])
      await enqueue(store, [...entriesOf(ONE, 'd@far.example'), ...entriesOf(TWO, 'e@far.example')])
      assert.equal(await store.queue.remove({ user: ONE }, REMOVAL), 4)
      assert.deepEqual(await waiting(store), { 'e@far.example': false })
      assert.equal(await store.queue.remove({ user: ONE }, REMOVAL), 0)

      assert.ok((await readWhole(store, mailbox, placed)) !== undefined)
      assert.equal(await store.mailboxes.remove(mailbox, [placed]), 1)
      const [last] = await store.queue.find({}, { limit: 10 })
      assert.equal(last?.sender, 'sender@far.example')
      assert.equal(await store.queue.remove({ user: TWO }, REMOVAL), 1)
      await under.tidy()
      const after = under.sizeBytes()
      if (before !== undefined && after !== undefined) {
        assert.ok(after < before + 1_000_000, `${after} bytes, ${before} before`)
      }
    })
  })

  it('keeps what is held over a restart', async () => {
    await withStore(engine, async (under) => {
      await enqueue(under.store, entriesOf(ONE, 'a@far.example'))
      await under.store.queue.hold({ user: ONE })
      const again = await under.restart()
      assert.deepEqual(await waiting(again.store), { 'a@far.example': true })
      await again.close()
    })
  })
}
