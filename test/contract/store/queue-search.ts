import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { QueueFilter, QueueOrder, Store } from '#store/contract.ts'
import type { StoreEngine } from './engine.ts'
import { waits } from './queue-turns.ts'
import { sampleMessage } from './samples.ts'
import { withStore } from './with-store.ts'

interface Sample {
  readonly sender: string
  readonly recipient: string
  readonly user?: string
  readonly ip?: string
  readonly bytes: number
  /** When it is due, where it waits; and how often it was tried. */
  readonly waits?: readonly [dueAtMs: number, attempts: number]
}

const SAMPLES: readonly Sample[] = [
  { sender: 'ann@here.example', recipient: 'x@far.example', user: 'ann@here.example', ip: '192.0.2.1', bytes: 30 },
  { sender: 'bob@here.example', recipient: 'Y@FAR.example', ip: '192.0.2.1', bytes: 10, waits: [300, 3] },
  { sender: '', recipient: 'z@sub.far.example', bytes: 20, waits: [100, 1] },
  { sender: 'Ann@here.example', recipient: 'w@other.example', user: 'ann@here.example', bytes: 40, waits: [200, 2] },
  { sender: '100%_!@here.example', recipient: '[x]*@far.example', ip: '2001:db8::1', bytes: 50 },
]

/** Fill a queue with the samples, number 5 held; entries are numbered from 1 in their order below. */
async function filled(store: Store): Promise<readonly number[]> {
  for (const { sender, recipient, user, ip, bytes } of SAMPLES) {
    const entry = { recipient, ...(user === undefined ? {} : { user }), ...(ip === undefined ? {} : { ip }) }
    const body = Buffer.alloc(bytes)
    await store.messages.accept(sampleMessage([], body, { sender, queue: [entry], trace: new Uint8Array() }))
  }
  const ids = (await store.queue.arrivals(0, 100)).map(({ id }) => id)
  const settlements = SAMPLES.flatMap(({ waits: due }, at) =>
    due === undefined ? [] : [waits(ids[at] as number, due[0], { attempts: due[1] })],
  )
  await store.queue.settle(settlements, [])
  await store.queue.hold({ ids: [ids[4] as number] })
  return ids
}

/** Filters, and which of the samples they mean (counted from 1). */
const FILTERS: readonly (readonly [name: string, filter: QueueFilter, want: readonly number[]])[] = [
  ['everything', {}, [1, 2, 3, 4, 5]],
  ['numbers', { ids: [1, 3] }, [1, 3]],
  ['no numbers', { ids: [] }, []],
  ['a sender', { sender: 'bob@here.example' }, [2]],
  ['a sender in another case', { sender: 'ANN@HERE.example' }, [1, 4]],
  ['the null sender', { sender: '' }, [3]],
  ['senders by pattern', { sender: '*@here.example' }, [1, 2, 4, 5]],
  ['one character', { sender: '?nn@here.example' }, [1, 4]],
  ['a pattern that must match whole', { sender: '?@here.example' }, []],
  ['a recipient', { recipient: 'y@far.example' }, [2]],
  ['recipients by pattern', { recipient: '*@far.example' }, [1, 2, 5]],
  ['a domain', { domain: 'Far.Example' }, [1, 2, 5]],
  ['domains by pattern', { domain: '*far.example' }, [1, 2, 3, 5]],
  ['a domain that nobody writes to', { domain: 'nowhere.example' }, []],
  ['a user', { user: 'Ann@here.example' }, [1, 4]],
  ['users by pattern', { user: 'a*' }, [1, 4]],
  ['no user', { user: '' }, []],
  ['an address', { ip: '192.0.2.1' }, [1, 2]],
  ['addresses by pattern', { ip: '2001:db8:*' }, [5]],
  ['what is held', { held: true }, [5]],
  ['what is not held', { held: false }, [1, 2, 3, 4]],
  ['all of it must hold', { domain: 'far.example', user: 'ann@here.example' }, [1]],
  ['domain and held', { domain: 'far.example', held: true }, [5]],
  ['numbers and domain', { ids: [1, 3, 5], domain: 'far.example' }, [1, 5]],
  ['what SQL takes for patterns', { sender: '%@here.example' }, []],
  ['the same within a pattern', { sender: '*%_!@*' }, [5]],
  ['what GLOB takes for patterns', { recipient: '[x]?@far.example' }, [5]],
  ['stars without end', { recipient: `${'*a'.repeat(500)}*b` }, []],
]

const ORDERS: readonly (readonly [order: QueueOrder, want: readonly number[]])[] = [
  ['id', [1, 2, 3, 4, 5]],
  ['due', [1, 5, 3, 4, 2]],
  ['size', [2, 3, 1, 4, 5]],
  ['attempts', [1, 5, 3, 4, 2]],
  ['sender', [3, 5, 4, 1, 2]],
  ['recipient', [2, 5, 4, 1, 3]],
]

/** What every engine must find in the queue, and do to what it found. */
export function queueSearchContract(engine: StoreEngine): void {
  it('finds what a filter means, in every order, a page at a time', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      const ids = await filled(store)
      const at = (numbers: readonly number[]) => numbers.map((number) => ids[number - 1])
      const found = async (filter: QueueFilter, page: Partial<Parameters<typeof queue.find>[1]>) =>
        (await queue.find(filter, { limit: 100, ...page })).map(({ id }) => id)

      for (const [name, { ids: numbers, ...rest }, want] of FILTERS) {
        const filter = { ...rest, ...(numbers === undefined ? {} : { ids: at(numbers) as number[] }) }
        assert.deepEqual(await found(filter, {}), at(want), name)
        assert.deepEqual(await found(filter, { descending: true }), at([...want].reverse()), `${name}, descending`)
        assert.deepEqual(await found(filter, { offset: 1, limit: 2 }), at(want.slice(1, 3)), `${name}, a page`)
        const afterId = ids[1] as number
        const after = want.filter((number) => number > 2)
        assert.deepEqual(await found(filter, { afterId }), at(after), `${name}, after another`)
        assert.deepEqual(await found(filter, { afterId, limit: 1 }), at(after.slice(0, 1)), `${name}, the next`)
        assert.deepEqual(
          await found(filter, { afterId: ids[2] as number, descending: true }),
          at(want.filter((number) => number < 3).reverse()),
          `${name}, before another`,
        )
        const entries = await queue.find(filter, { limit: 100 })
        assert.deepEqual(
          await queue.measure(filter),
          {
            entries: want.length,
            bytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
            held: entries.filter(({ held }) => held).length,
          },
          `${name}, measured`,
        )
      }
      for (const [order, want] of ORDERS) {
        assert.deepEqual(await found({}, { order }), at(want), order)
        assert.deepEqual(await found({}, { order, descending: true }), at([...want].reverse()), `${order}, descending`)
        assert.deepEqual(await found({}, { order, offset: 2, limit: 2 }), at(want.slice(2, 4)), `${order}, a page`)
        const far = want.filter((number) => [1, 2, 5].includes(number))
        assert.deepEqual(await found({ domain: 'far.example' }, { order }), at(far), `${order} of a domain`)
      }
      const bySize = await found({}, { order: 'size', afterId: ids[1] as number })
      assert.deepEqual(bySize, at([3, 1, 4, 5].filter((number) => number > 2)))
      assert.deepEqual(await found({}, { afterId: ids[4] as number }), [])
      assert.deepEqual(await found({}, { limit: 0 }), [])
      assert.deepEqual(await found({}, { offset: 5 }), [])
    })
  })

  it('finds and counts among thousands, in the same order as among few', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      const recipients = Array.from({ length: 9500 }, (_, at) => `r${(at * 7919) % 9500}@d${at % 3}.example`)
      for (let first = 0; first < recipients.length; first += 500) {
        const user = `u${(first / 500) % 2}@here.example`
        const entries = recipients.slice(first, first + 500).map((recipient) => ({ recipient, user }))
        await store.messages.accept(sampleMessage([], 'x', { queue: entries }))
      }
      const all = await queue.arrivals(0, 10_000)
      assert.equal(all.length, 9500)
      const resting = all.filter(({ id }) => id % 2 === 0)
      await queue.settle(
        resting.map(({ id }) => waits(id, 1 + ((id * 31) % 9500))),
        [],
      )
      const byName = [...recipients].sort()
      for (const [descending, want] of [
        [false, byName],
        [true, [...byName].reverse()],
      ] as const) {
        const given = await queue.find({}, { order: 'recipient', offset: 4000, limit: 300, descending })
        assert.deepEqual(
          given.map(({ recipient }) => recipient),
          want.slice(4000, 4300),
        )
      }
      const ofOne = all.filter(({ domain }) => domain === 'd1.example').map(({ id }) => id)
      for (const filter of [{ domain: 'd1.example' }, { domain: 'd1.*' }, { ids: ofOne }]) {
        const given = await queue.find(filter, { offset: 2500, limit: 100 })
        assert.deepEqual(
          given.map(({ id }) => id),
          ofOne.slice(2500, 2600),
        )
        assert.equal((await queue.measure(filter)).entries, ofOne.length)
      }
      const ofUser = all.filter(({ user }) => user === 'u1@here.example').map(({ id }) => id)
      const last = await queue.find({ user: 'u1@here.example' }, { descending: true, limit: 100 })
      assert.deepEqual(
        last.map(({ id }) => id),
        ofUser.slice(-100).reverse(),
      )
      for (const filter of [{ domain: 'd1.example' }, { domain: 'd1.example', recipient: '*7@*' }, { ids: ofOne }]) {
        const paged: number[] = []
        for (let afterId = 0; ; afterId = paged.at(-1) ?? 0) {
          const page = await queue.find(filter, { afterId, limit: 700 })
          paged.push(...page.map(({ id }) => id))
          if (page.length < 700) break
        }
        const whole = await queue.find(filter, { limit: 10_000 })
        assert.deepEqual(
          paged,
          whole.map(({ id }) => id),
        )
      }
      // Acts go in steps; each entry is met once.
      assert.equal(await queue.retry({ domain: 'd1.example' }), ofOne.filter((id) => id % 2 === 0).length)
      assert.equal(await queue.retry({ domain: 'd1.example' }), 0)
      assert.equal(await queue.hold({ user: 'u1@here.example' }), ofUser.length)
      assert.equal((await queue.measure({ held: true })).entries, ofUser.length)
      assert.equal(await queue.remove({ domain: 'd?.example', held: true }, { atMs: 1, story: '' }), ofUser.length)
      assert.equal(await queue.count(), 9500 - ofUser.length)
    })
  })

  it('makes what waits ready by hand; what is held stays held, with the time it is due', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      const [one, two, three, four] = (await filled(store)) as [number, number, number, number]
      await queue.hold({ ids: [two] })
      assert.equal((await queue.get(two))?.dueAtMs, 300)
      assert.equal(await queue.retry({}), 2)
      assert.deepEqual(
        (await queue.arrivals(0, 10)).map(({ id }) => id),
        [one, three, four],
      )
      assert.equal(await queue.release({ ids: [two] }), 1)
      assert.equal(await queue.nextDueMs(), 300)
      // What was ready as it was held is so again.
      assert.equal(await queue.hold({ ids: [three] }), 1)
      assert.equal((await queue.get(three))?.dueAtMs, undefined)
      assert.equal(await queue.release({ ids: [three] }), 1)
      assert.equal((await queue.arrivals(0, 10)).length, 3)
    })
  })

  it('keeps of what is deleted that it was, for whoever asks for the decision', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      await filled(store)
      const [first] = await queue.find({}, { limit: 1 })
      assert.equal(await queue.remove({ domain: 'far.example' }, { atMs: 77, story: '{"by":"root"}' }), 3)
      assert.deepEqual(await queue.deliveries(first?.decision ?? 0), [
        {
          decision: first?.decision,
          atMs: 77,
          recipient: 'x@far.example',
          outcome: 'removed',
          story: '{"by":"root"}',
        },
      ])
      assert.equal(await queue.count(), 2)
      assert.equal(await store.messages.read(first?.messageId ?? 0), undefined)
    })
  })
}
