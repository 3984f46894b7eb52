import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Fault } from '#base/fault.ts'
import type { Store } from '#store/contract.ts'
import type { StoreEngine } from './engine.ts'
import { makeMailboxes, sampleMessage } from './samples.ts'
import { withStore } from './with-store.ts'

/** Contacts that one account has at most (ContactStore). */
const MOST = 50_000

async function userIds(store: Store, count: number): Promise<readonly number[]> {
  await makeMailboxes(store, count)
  return (await store.directory.users({ limit: count })).map(({ id }) => id)
}

/** Write, as this user, to recipients that the user has not written to before. */
async function write(store: Store, userId: number, recipients: readonly string[], receivedAtMs = 1000): Promise<void> {
  const queue = [{ recipient: recipients[0] ?? 'a@far.example' }]
  await store.messages.accept(sampleMessage([], 'x\r\n', { queue, receivedAtMs, contacts: { userId, recipients } }))
}

/** What every engine must do with whom accounts have written to. */
export function contactsContract(engine: StoreEngine): void {
  it('remembers with the message whom its account wrote to', async () => {
    await withStore(engine, async (under) => {
      const [one, two] = (await userIds(under.store, 2)) as [number, number]
      assert.equal(await under.store.contacts.knows(one, 'a@far.example'), false)
      await write(under.store, one, ['a@far.example', "o'brien@far.example", '__proto__'])
      // Twice is once.
      await write(under.store, one, ['a@far.example'])
      for (const recipient of ['a@far.example', "o'brien@far.example", '__proto__']) {
        assert.equal(await under.store.contacts.knows(one, recipient), true)
        assert.equal(await under.store.contacts.knows(two, recipient), false)
      }
      assert.equal(await under.store.contacts.knows(one, 'b@far.example'), false)
      const other = await under.another()
      assert.equal(await other.contacts.knows(one, 'a@far.example'), true)
      await other.close()
      const again = await under.restart()
      assert.equal(await again.store.contacts.knows(one, 'a@far.example'), true)
      await again.close()
    })
  })

  it('remembers nobody of a message that was not kept', async () => {
    await withStore(engine, async ({ store }) => {
      const [one] = (await userIds(store, 1)) as [number]
      const failing = sampleMessage([99_999], 'x\r\n', { contacts: { userId: one, recipients: ['a@far.example'] } })
      await assert.rejects(store.messages.accept(failing), Fault)
      assert.equal(await store.contacts.knows(one, 'a@far.example'), false)
    })
  })

  it('forgets whom a removed user wrote to, and takes a last message of one that is gone', async () => {
    await withStore(engine, async ({ store }) => {
      const [one] = (await userIds(store, 1)) as [number]
      await write(store, one, ['a@far.example'])
      await store.directory.removeUser('user1@example.test')
      assert.equal(await store.contacts.knows(one, 'a@far.example'), false)
      await write(store, one, ['b@far.example'])
      assert.equal(await store.contacts.knows(one, 'b@far.example'), false)
    })
  })

  it('lets the oldest go when an account has too many', async () => {
    await withStore(engine, async ({ store }) => {
      const [one, two] = (await userIds(store, 2)) as [number, number]
      await write(store, two, ['kept@far.example'], 1)
      for (let at = 0; at < MOST; at += 10_000) {
        await write(
          store,
          one,
          Array.from({ length: 10_000 }, (_, n) => `r${at + n}@far.example`),
          1000 + at,
        )
      }
      const knows = (n: number) => store.contacts.knows(one, `r${n}@far.example`)
      assert.equal(await knows(0), true)
      await write(store, one, ['one-more@far.example'], 100_000)
      assert.equal(await store.contacts.knows(one, 'one-more@far.example'), true)
      let gone = 0
      for (let n = 0; n < MOST; n += 1) {
        if (await knows(n)) continue
        gone += 1
        assert.ok(n < 10_000, `r${n} is gone, and was not among the oldest`)
      }
      assert.ok(gone >= 1 && gone <= 10_000, `${gone} are gone`)
      assert.equal(await store.contacts.knows(two, 'kept@far.example'), true)
    })
  })
}
