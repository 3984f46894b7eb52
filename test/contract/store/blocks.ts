import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Block } from '#base/block.ts'
import type { StoreEngine } from './engine.ts'
import { withStore } from './with-store.ts'

function block(change: Partial<Omit<Block, 'id'>> = {}): Omit<Block, 'id'> {
  return {
    network: '198.51.100.7',
    reason: 'unknown-recipients',
    evidence: '11 unknown recipients from 198.51.100.7 in 60 minutes, at most 10',
    sinceMs: 1000,
    untilMs: 2000,
    repeats: 0,
    ref: '7K2M9QXA',
    ...change,
  }
}

function byHand(change: Partial<Omit<Block, 'id'>> = {}): Omit<Block, 'id'> {
  const { untilMs: _, ref: __, ...rest } = block({ reason: 'by-hand', author: 'postern (root)', ...change })
  return rest
}

/** What every engine must do with blocks, suspended trust and what else is remembered. */
export function blocksContract(engine: StoreEngine): void {
  it('gives every block that stands, as it was added, over a restart too', async () => {
    await withStore(engine, async (under) => {
      const { blocks } = under.store
      const one = await blocks.add(block())
      const two = await blocks.add(byHand({ network: '2001:db8::/64' }))
      const three = await blocks.add(block({ untilMs: 3000, repeats: 2 }))
      assert.deepEqual(one, { id: one.id, ...block() })
      assert.equal(new Set([one.id, two.id, three.id]).size, 3)
      assert.deepEqual(await blocks.standing(1000), [one, two, three])
      assert.deepEqual(await blocks.standing(1999), [one, two, three])
      assert.deepEqual(await blocks.standing(2000), [two, three])
      const again = await under.restart()
      assert.deepEqual(await again.store.blocks.standing(2500), [two, three])
      assert.deepEqual(await again.store.blocks.standing(Number.MAX_SAFE_INTEGER), [two])
      await again.close()
    })
  })

  it('counts the blocks of a network, ended ones too, lifted ones not', async () => {
    await withStore(engine, async ({ store: { blocks } }) => {
      await blocks.add(block({ sinceMs: 1000, untilMs: 1500 }))
      await blocks.add(block({ sinceMs: 2000, untilMs: 2500 }))
      await blocks.add(block({ sinceMs: 2000, network: '198.51.100.70' }))
      const { id } = await blocks.add(block({ sinceMs: 3000, untilMs: 9000 }))
      assert.equal(await blocks.countSince('198.51.100.7', 0), 3)
      assert.equal(await blocks.countSince('198.51.100.7', 2000), 2)
      assert.equal(await blocks.countSince('198.51.100.7', 3001), 0)
      assert.equal(await blocks.countSince('198.51.100.', 0), 0)
      assert.equal(await blocks.lift(id), true)
      assert.equal(await blocks.lift(id), false)
      assert.equal(await blocks.lift(id + 1000), false)
      assert.equal(await blocks.countSince('198.51.100.7', 0), 2)
      assert.deepEqual(
        (await blocks.standing(3500)).map(({ network }) => network),
        [],
      )
    })
  })

  it('gives no number twice', async () => {
    await withStore(engine, async ({ store: { blocks } }) => {
      const { id } = await blocks.add(block())
      await blocks.lift(id)
      assert.ok((await blocks.add(block())).id > id)
    })
  })

  it('forgets what ended before, so many at once, and never what lasts until it is lifted', async () => {
    await withStore(engine, async ({ store: { blocks } }) => {
      await blocks.add(byHand())
      for (let at = 0; at < 5; at += 1) await blocks.add(block({ sinceMs: 0, untilMs: 1000 + at }))
      assert.equal(await blocks.forgetBefore(1004, 3), 3)
      assert.equal(await blocks.forgetBefore(1004, 3), 1)
      assert.equal(await blocks.forgetBefore(1004, 3), 0)
      assert.equal(await blocks.countSince('198.51.100.7', 0), 2)
      assert.deepEqual(
        (await blocks.standing(0)).map(({ reason }) => reason),
        ['by-hand', 'unknown-recipients'],
      )
    })
  })

  it('keeps suspended trust until it is given back', async () => {
    await withStore(engine, async (under) => {
      const { blocks } = under.store
      const suspension = { ip: '10.0.0.1', evidence: '31 HELO names in an hour', sinceMs: 1000, ref: '7K2M9QXA' }
      const other = { ip: 'fc00::1', evidence: 'x', sinceMs: 2000 }
      await blocks.suspend(other)
      await blocks.suspend({ ...suspension, evidence: 'earlier' })
      await blocks.suspend(suspension)
      assert.deepEqual(await blocks.suspensions(), [suspension, other])
      assert.equal(await blocks.restoreTrust('10.0.0.2'), false)
      const again = await under.restart()
      assert.deepEqual(await again.store.blocks.suspensions(), [suspension, other])
      assert.equal(await again.store.blocks.restoreTrust('10.0.0.1'), true)
      assert.equal(await again.store.blocks.restoreTrust('10.0.0.1'), false)
      assert.deepEqual(await again.store.blocks.suspensions(), [other])
      await again.close()
    })
  })

  it('remembers small facts by name', async () => {
    await withStore(engine, async (under) => {
      const { blocks } = under.store
      assert.equal(await blocks.remembered('administrator-address'), undefined)
      await blocks.remember('administrator-address', '192.0.2.1')
      await blocks.remember('administrator-address', '2001:db8::1')
      await blocks.remember('__proto__', '')
      const again = await under.restart()
      assert.equal(await again.store.blocks.remembered('administrator-address'), '2001:db8::1')
      assert.equal(await again.store.blocks.remembered('__proto__'), '')
      await again.close()
    })
  })

  it('shows a block to every thread once it is added', async () => {
    await withStore(engine, async (under) => {
      const other = await under.another()
      const added = await under.store.blocks.add(block())
      assert.deepEqual(await other.blocks.standing(1000), [added])
      assert.equal(await other.blocks.lift(added.id), true)
      assert.deepEqual(await under.store.blocks.standing(1000), [])
      await other.close()
    })
  })
}
