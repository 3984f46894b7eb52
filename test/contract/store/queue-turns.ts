import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { NewQueueEntry, QueueEntry, Settlement, Store } from '#store/contract.ts'
import type { StoreEngine } from './engine.ts'
import { sampleMessage } from './samples.ts'
import { withStore } from './with-store.ts'

/** Put entries into the queue, one message for each; gives their numbers, in their order. */
export async function enqueueAll(store: Store, entries: readonly NewQueueEntry[]): Promise<readonly number[]> {
  const before = (await store.queue.find({}, { limit: 1, descending: true }))[0]?.id ?? 0
  for (const entry of entries) await store.messages.accept(sampleMessage([], 'x\r\n', { queue: [entry] }))
  return (await store.queue.find({}, { limit: 100_000 })).map(({ id }) => id).filter((id) => id > before)
}

/** Give what makes an entry wait. */
export function waits(id: number, dueAtMs: number, change: { attempts?: number; warned?: boolean } = {}): Settlement {
  return { id, next: { is: 'waiting', dueAtMs, attempts: 1, warned: false, answers: '[1]', ...change } }
}

function from(origin: string, recipient: string): NewQueueEntry {
  return origin === '' ? { recipient } : { recipient, user: origin }
}

const idsOf = (entries: readonly QueueEntry[]) => entries.map(({ id }) => id)

/** What every engine must do for the scheduler: tell what is new, what is ready, and what is due. */
export function queueTurnsContract(engine: StoreEngine): void {
  it('has one domain for all spellings of its name, in A-labels', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      const cases: readonly (readonly [recipient: string, domain: string])[] = [
        ['a@ännä.example', 'xn--nn-uiac.example'],
        ['b@ÄNNÄ.Example', 'xn--nn-uiac.example'],
        ['c@a\u{308}nna\u{308}.example', 'xn--nn-uiac.example'],
        ['d@XN--nn-uiac.example', 'xn--nn-uiac.example'],
        ['ä@Far.example', 'far.example'],
        // No names: lower case is all that is done to them.
        ['e@Ä%41.example', 'ä%41.example'],
        ['f@Ä/b.example', 'ä/b.example'],
        ['g@[IPv6:2001:db8::1]', '[ipv6:2001:db8::1]'],
        ['h@Ä..example', 'ä..example'],
      ]
      await enqueueAll(
        store,
        cases.map(([recipient]) => ({ recipient })),
      )
      assert.deepEqual(
        (await queue.arrivals(0, 20)).map(({ recipient, domain }) => [recipient, domain]),
        cases,
      )
      assert.equal((await queue.find({ domain: 'xn--nn-uiac.example' }, { limit: 10 })).length, 4)
      assert.equal((await queue.measure({ domain: 'xn--nn-*' })).entries, 4)
    })
  })

  it('tells what is new, oldest first, with all that a carrier needs to know of it', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      assert.deepEqual(await queue.arrivals(0, 10), [])
      const said: NewQueueEntry = {
        recipient: 'A.b@FAR.example',
        returnPath: 'SRS0=x@here.example',
        notify: 'NEVER',
        orcpt: 'rfc822;a',
        ret: 'FULL',
        envid: 'e',
        body: '8BITMIME',
        smtputf8: true,
        requireTls: true,
        user: 'u@here.example',
        ip: '192.0.2.1',
      }
      const message = sampleMessage([], 'x\r\n', { queue: [said, { recipient: '"x@y"@b.example', ip: '192.0.2.1' }] })
      await store.messages.accept(message)
      const [a, b] = (await queue.arrivals(0, 10)) as [QueueEntry, QueueEntry]
      const known = {
        messageId: a.messageId,
        decision: message.record.id,
        sender: message.sender,
        sizeBytes: message.trace.length + 3,
        createdAtMs: message.receivedAtMs,
        attempts: 0,
      }
      assert.deepEqual(a, { ...said, ...known, id: a.id, domain: 'far.example', origin: 'u@here.example' })
      assert.deepEqual(b, {
        ...known,
        id: b.id,
        recipient: '"x@y"@b.example',
        ip: '192.0.2.1',
        domain: 'b.example',
        origin: '192.0.2.1',
      })
      assert.ok(a.id < b.id)
      assert.deepEqual(await queue.get(a.id), a)
      assert.deepEqual(await queue.arrivals(a.id, 10), [b])
      assert.deepEqual(await queue.arrivals(0, 1), [a])
      assert.deepEqual(await queue.arrivals(b.id, 10), [])
      assert.equal(await queue.get(b.id + 1), undefined)
    })
  })

  it('tells nothing of what waits or is held as new, and of what is ready again only behind its number', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      const [a, b, c, d] = (await enqueueAll(
        store,
        ['a', 'b', 'c', 'd'].map((x) => from('', `${x}@far.example`)),
      )) as [number, number, number, number]
      await queue.settle([waits(a, 100), waits(b, 200)], [])
      await queue.hold({ ids: [c] })
      assert.deepEqual(idsOf(await queue.arrivals(0, 10)), [d])
      await queue.wake(100, 10)
      assert.deepEqual(idsOf(await queue.arrivals(0, 10)), [a, d])
      assert.deepEqual(idsOf(await queue.arrivals(a, 10)), [d])
      assert.ok(!('dueAtMs' in ((await queue.arrivals(0, 1))[0] as QueueEntry)))
    })
  })

  it('lists the domains with something to do, in their order, some at a time', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      const ids = await enqueueAll(
        store,
        ['x@c.example', 'x@a.example', 'x@b.example', 'y@A.EXAMPLE', 'x@d.example'].map((to) => from('', to)),
      )
      assert.deepEqual(await queue.readyDomains('', 3), ['a.example', 'b.example', 'c.example'])
      assert.deepEqual(await queue.readyDomains('c.example', 3), ['d.example'])
      assert.deepEqual(await queue.readyDomains('d.example', 3), [])
      await queue.settle([waits(ids[2] as number, 5)], [])
      await queue.hold({ domain: 'c.example' })
      await queue.settle([{ id: ids[1] as number, next: { is: 'gone' } }], [])
      assert.deepEqual(await queue.readyDomains('', 10), ['a.example', 'd.example'])
    })
  })

  it('gives what is ready of a domain in turn of its origins, so that nobody who floods it keeps others waiting', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      const flood = Array.from({ length: 50 }, (_, at) => from('m@here.example', `r${at}@far.example`))
      const ids = await enqueueAll(store, [
        ...flood,
        from('a@here.example', 'x@far.example'),
        from('z@here.example', 'x@far.example'),
        from('', 'x@far.example'),
        from('a@here.example', 'x@other.example'),
        from('a@here.example', 'y@far.example'),
      ])
      const [a1, z, nobody, , a2] = ids.slice(50) as [number, number, number, number, number]
      const [m1, m2, m3] = ids as [number, number, number]

      const rows: [name: string, turn: Partial<Parameters<typeof queue.ready>[1]>, want: number[]][] = [
        ['from the first origin after', { afterOrigin: 'a@here.example' }, [m1, m2, z, nobody, a1, a2]],
        ['from the start', {}, [a1, a2, m1, m2, z, nobody]],
        ['an origin that is not there', { afterOrigin: 'n' }, [z, nobody, a1, a2, m1, m2]],
        ['after the last', { afterOrigin: 'z@here.example' }, [nobody, a1, a2, m1, m2, z]],
        ['one of each', { perOrigin: 1 }, [a1, m1, z, nobody]],
        ['as many as are wanted', { limit: 3 }, [a1, a2, m1]],
        ['without those under way', { skip: new Set([a1, m1, m2, z]) }, [a2, m3, ids[3] as number, nobody]],
        ['all but those under way', { skip: new Set(ids.slice(0, 50)) }, [a1, a2, z, nobody]],
        ['none', { limit: 0 }, []],
      ]
      for (const [name, turn, want] of rows) {
        const given = await queue.ready('far.example', {
          afterOrigin: '',
          perOrigin: 2,
          limit: 100,
          skip: new Set<number>(),
          ...turn,
        })
        assert.deepEqual(idsOf(given), want, name)
      }
      const none = await queue.ready('nowhere.example', { afterOrigin: '', perOrigin: 2, limit: 9, skip: new Set() })
      assert.deepEqual(none, [])
    })
  })

  it('wakes what is due, the earliest first, some at a time', async () => {
    await withStore(engine, async ({ store }) => {
      const { queue } = store
      assert.equal(await queue.nextDueMs(), undefined)
      assert.deepEqual(await queue.wake(1_000_000, 10), { domains: [], more: false })
      const [a, b, c, d] = (await enqueueAll(
        store,
        ['a', 'b', 'c', 'd'].map((x) => from('', `${x}@${x}.example`)),
      )) as [number, number, number, number]
      await queue.settle([waits(a, 300), waits(b, 100), waits(c, 200), waits(d, 100)], [])
      assert.equal(await queue.nextDueMs(), 100)
      assert.deepEqual(await queue.readyDomains('', 10), [])
      assert.deepEqual((await queue.wake(99, 10)).domains, [])
      assert.deepEqual(await queue.wake(250, 1), { domains: ['b.example'], more: true })
      assert.deepEqual(await queue.readyDomains('', 10), ['b.example'])
      assert.equal(await queue.nextDueMs(), 100)
      const second = await queue.wake(250, 10)
      assert.deepEqual([[...second.domains].sort(), second.more], [['c.example', 'd.example'], false])
      assert.equal(await queue.nextDueMs(), 300)
      assert.equal((await queue.get(a))?.dueAtMs, 300)
      assert.equal((await queue.get(b))?.dueAtMs, undefined)
      assert.deepEqual(await queue.wake(300, 10), { domains: ['a.example'], more: false })
      assert.equal(await queue.nextDueMs(), undefined)
    })
  })

  it('names each domain that it wakes once', async () => {
    await withStore(engine, async ({ store }) => {
      const ids = await enqueueAll(store, [from('', 'a@far.example'), from('', 'b@far.example')])
      await store.queue.settle(
        ids.map((id) => waits(id, 5)),
        [],
      )
      assert.deepEqual((await store.queue.wake(5, 10)).domains, ['far.example'])
    })
  })

  it('stops and resumes mail to domains', async () => {
    await withStore(engine, async (under) => {
      const { queue } = under.store
      assert.deepEqual(await queue.paused(), [])
      const one = { domain: 'b.example', sinceMs: 1, author: 'root' }
      const other = { domain: '*.a.example', sinceMs: 2, author: 'root', why: 'they asked' }
      await queue.pause({ ...one, why: 'first' })
      await queue.pause(other)
      await queue.pause(one)
      assert.deepEqual(await queue.paused(), [other, one])
      assert.equal(await queue.resume('c.example'), false)
      assert.equal(await queue.resume('b.example'), true)
      assert.equal(await queue.resume('b.example'), false)
      const again = await under.restart()
      assert.deepEqual(await again.store.queue.paused(), [other])
      await again.close()
    })
  })
}
