import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { StoreEngine } from './engine.ts'
import { withStore } from './with-store.ts'

/** What every engine must do with transport policies, and with what is counted of sessions. */
export function transportContract(engine: StoreEngine): void {
  it('keeps the last policy of a domain until its time', async () => {
    await withStore(engine, async (under) => {
      const { transport } = under.store
      assert.equal(await transport.policy('a.example'), undefined)
      await transport.putPolicy('a.example', '{"mode":"testing"}', 100)
      await transport.putPolicy('a.example', '{"mode":"enforce"}', 300)
      for (const [name, until] of [
        ['b', 100],
        ['c', 200],
        ['d', 201],
      ] as const)
        await transport.putPolicy(`${name}.example`, name, until)
      const again = await under.restart()
      const kept = again.store.transport
      assert.equal(await kept.policy('a.example'), '{"mode":"enforce"}')
      assert.equal(await kept.forgetPoliciesBefore(201, 1), 1)
      assert.equal(await kept.policy('b.example'), undefined)
      assert.equal(await kept.policy('c.example'), 'c')
      assert.equal(await kept.forgetPoliciesBefore(201, 10), 1)
      assert.equal(await kept.policy('c.example'), undefined)
      assert.equal(await kept.policy('d.example'), 'd')
      await again.close()
    })
  })

  it('counts sessions by day, domain and what is counted', async () => {
    await withStore(engine, async (under) => {
      const { transport } = under.store
      const [monday, tuesday] = ['2026-11-23', '2026-11-24']
      const count = (day: string, domain: string, key: string, sessions: number) => ({ day, domain, key, sessions })
      await transport.countSessions([
        count(tuesday, 'b.example', 'ok', 1),
        count(monday, 'b.example', 'ok', 2),
        count(monday, 'a.example', 'ok', 3),
        count(monday, 'a.example', 'bad', 4),
        count(monday, 'a.example', 'ok', 5),
      ])
      await transport.countSessions([count(monday, 'b.example', 'ok', 6)])
      await transport.countSessions([])
      const a = [count(monday, 'a.example', 'bad', 4), count(monday, 'a.example', 'ok', 8)]
      const b = [count(monday, 'b.example', 'ok', 8)]
      assert.deepEqual(await transport.countsBefore(monday, 10), [])
      assert.deepEqual(await transport.countsBefore(tuesday, 10), [...a, ...b])
      assert.deepEqual(await transport.countsBefore(tuesday, 1), a)
      assert.deepEqual(await transport.countsBefore('2026-11-25', 10), [
        ...a,
        ...b,
        count(tuesday, 'b.example', 'ok', 1),
      ])
      await transport.forgetCounts(monday, 'a.example')
      await transport.forgetCounts(monday, 'nobody.example')
      const again = await under.restart()
      assert.deepEqual(await again.store.transport.countsBefore(tuesday, 10), b)
      await again.close()
    })
  })
}
