import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { StoreEngine } from './engine.ts'
import { makeMailboxes, sampleMessage, sampleRecord } from './samples.ts'
import { withStore } from './with-store.ts'

/** What every engine must do with decisions. */
export function decisionsContract(engine: StoreEngine): void {
  it('gives a record back as it was given, with a message or without', async () => {
    await withStore(engine, async ({ store }) => {
      const [mailbox] = (await makeMailboxes(store, 1)) as [number]
      const { sender: _, ...senderless } = sampleRecord({ outcome: 'refused', recipients: [] })
      const refused = [
        sampleRecord({ outcome: 'refused', reply: '550 5.7.1 "no" \\ \u2028', story: '{"saw":"\\u0000\\""}' }),
        sampleRecord({ outcome: 'deferred', sender: '', recipients: ['__proto__@x.example', 'ü@x.example'] }),
        senderless,
      ]
      await store.decisions.add(refused)
      const accepted = sampleRecord()
      await store.messages.accept(sampleMessage([mailbox], 'x\r\n', { record: accepted }))
      for (const record of [...refused, accepted]) assert.deepEqual(await store.decisions.get(record.id), record)
      assert.equal(await store.decisions.get(999_999), undefined)
    })
  })

  it('finds records by address, sender and recipient, the newest first', async () => {
    await withStore(engine, async ({ store }) => {
      const records = [
        sampleRecord({ ip: '192.0.2.1', sender: 'a@x.example', recipients: ['r@y.example'] }),
        sampleRecord({ ip: '192.0.2.10', sender: 'a@x.example', recipients: ['r@y.example', 's@y.example'] }),
        sampleRecord({ ip: '192.0.2.1', sender: 'a_@x.example', recipients: ['%@y.example'] }),
        sampleRecord({ ip: '2001:db8::1', sender: '', recipients: ['o\'b"rien@y.example'] }),
      ]
      await store.decisions.add(records)
      async function found(by: { ip?: string; sender?: string; recipient?: string }, limit = 10): Promise<number[]> {
        return (await store.decisions.find({ ...by, limit })).map((record) =>
          records.findIndex(({ id }) => id === record.id),
        )
      }
      assert.deepEqual(await found({}), [3, 2, 1, 0])
      assert.deepEqual(await found({}, 2), [3, 2])
      assert.deepEqual(await found({ ip: '192.0.2.1' }), [2, 0])
      assert.deepEqual(await found({ ip: '192.0.2.1' }, 1), [2])
      assert.deepEqual(await found({ sender: 'A@X.example' }), [1, 0])
      assert.deepEqual(await found({ sender: 'a_@x.example' }), [2])
      assert.deepEqual(await found({ sender: '' }), [3])
      assert.deepEqual(await found({ recipient: 's@y.example' }), [1])
      assert.deepEqual(await found({ recipient: '%@y.example' }), [2])
      assert.deepEqual(await found({ recipient: 'o\'b"rien@y.example' }), [3])
      assert.deepEqual(await found({ ip: '192.0.2.1', recipient: 'r@y.example' }), [0])
      assert.deepEqual(await found({ recipient: 'y.example' }), [])
    })
  })

  it('finds records by outcome and time, alone and with the rest', async () => {
    await withStore(engine, async ({ store }) => {
      const outcomes = ['accepted', 'refused', 'deferred', 'ended', 'discarded', 'refused'] as const
      const records = outcomes.map((outcome, at) =>
        sampleRecord({ outcome, atMs: 1000 + at, ip: at % 2 === 0 ? '192.0.2.1' : '192.0.2.2' }),
      )
      await store.decisions.add(records)
      async function found(by: Omit<Parameters<typeof store.decisions.find>[0], 'limit'>): Promise<number[]> {
        return (await store.decisions.find({ ...by, limit: 10 })).map(({ atMs }) => atMs - 1000)
      }
      assert.deepEqual(await found({ outcome: 'refused' }), [5, 1])
      assert.deepEqual(await found({ outcome: 'discarded' }), [4])
      assert.deepEqual(await found({ outcome: 'ended', ip: '192.0.2.1' }), [])
      assert.deepEqual(await found({ outcome: 'ended', ip: '192.0.2.2' }), [3])
      assert.deepEqual(await found({ sinceMs: 1003 }), [5, 4, 3])
      assert.deepEqual(await found({ sinceMs: 1003, ip: '192.0.2.1' }), [4])
      assert.deepEqual(await found({ sinceMs: 1006 }), [])
      assert.deepEqual(await found({ sinceMs: 1001, outcome: 'refused', ip: '192.0.2.2' }), [5, 1])
    })
  })

  it('gives the newest first though threads number their records from runs of their own', async () => {
    await withStore(engine, async ({ store }) => {
      const at = (id: number, atMs: number) => sampleRecord({ id, atMs, ip: '203.0.113.9' })
      await store.decisions.add([at(100_001, 1000), at(200_001, 1001), at(100_002, 1002), at(300_001, 900)])
      for (const by of [{}, { ip: '203.0.113.9' }]) {
        const found = await store.decisions.find({ ...by, limit: 3 })
        assert.deepEqual(
          found.map(({ id }) => id),
          [100_002, 200_001, 100_001],
        )
      }
    })
  })

  it('writes a record over when its repeats have grown', async () => {
    await withStore(engine, async ({ store }) => {
      const record = sampleRecord({ ip: '203.0.113.1', outcome: 'refused' })
      const counted = { ...record, repeats: { count: 3, lastAtMs: record.atMs + 5000 } }
      const more = { ...record, repeats: { count: 4, lastAtMs: record.atMs + 6000 } }
      await store.decisions.add([record, counted])
      assert.deepEqual(await store.decisions.get(record.id), counted)
      await store.decisions.add([more])
      assert.deepEqual(await store.decisions.get(record.id), more)
      assert.deepEqual(await store.decisions.find({ ip: '203.0.113.1', limit: 10 }), [more])
      assert.deepEqual(await store.decisions.find({ limit: 10 }), [more])
      assert.equal(await store.decisions.forgetBefore(record.atMs + 1, 10), 1)
      assert.equal(await store.decisions.get(record.id), undefined)
    })
  })

  it('finds beyond ASCII whatever the case', async () => {
    await withStore(engine, async ({ store }) => {
      const record = sampleRecord({ sender: 'J\u00dcRGEN@b\u00fccher.example' })
      await store.decisions.add([record])
      assert.deepEqual(await store.decisions.find({ sender: 'j\u00fcrgen@B\u00dccher.example', limit: 10 }), [record])
    })
  })

  it('finds an old record behind thousands of others', async () => {
    await withStore(engine, async ({ store }) => {
      const old = sampleRecord({ ip: '198.51.100.7' })
      await store.decisions.add([old])
      await store.decisions.add(Array.from({ length: 5000 }, () => sampleRecord()))
      assert.deepEqual(await store.decisions.find({ ip: '198.51.100.7', limit: 10 }), [old])
      assert.equal((await store.decisions.find({ limit: 4500 })).length, 4500)
    })
  })

  it('forgets what is older, so many at once', async () => {
    await withStore(engine, async ({ store }) => {
      const records = Array.from({ length: 10 }, (_, at) => sampleRecord({ atMs: 1000 + at }))
      await store.decisions.add(records)
      assert.equal(await store.decisions.forgetBefore(1006, 4), 4)
      assert.equal(await store.decisions.forgetBefore(1006, 4), 2)
      assert.equal(await store.decisions.forgetBefore(1006, 4), 0)
      assert.deepEqual(
        (await store.decisions.find({ limit: 10 })).map(({ atMs }) => atMs),
        [1009, 1008, 1007, 1006],
      )
    })
  })

  it('reserves numbers that nobody else is given, after a restart neither', async () => {
    await withStore(engine, async (first) => {
      let under = first
      let end = 0
      for (let round = 0; round < 3; round += 1) {
        const other = await under.another()
        const firsts = await Promise.all([
          under.store.decisions.reserve(100),
          other.decisions.reserve(100),
          under.store.decisions.reserve(1),
        ])
        const runs = [100, 100, 1].map((count, at) => ({ first: firsts[at] as number, count }))
        runs.sort((a, b) => a.first - b.first)
        for (const run of runs) {
          assert.ok(run.first >= end && run.first >= 1, `a run from ${run.first}, after one that ended at ${end}`)
          end = run.first + run.count
        }
        await other.close()
        under = await under.restart()
      }
      await under.close()
    })
  })

  it('keeps one key of at least 16 bytes', async () => {
    await withStore(engine, async (first) => {
      const key = await first.store.decisions.key()
      assert.ok(key.length >= 16)
      const again = await first.restart()
      assert.deepEqual(await again.store.decisions.key(), key)
      await again.close()
    })
  })
}
