import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Backlog, MOST_WAITING } from './backlog.ts'
import type { Plan } from './contract.ts'
import { entryOf } from './testing.ts'

const mx = (domain: string): Plan => ({ is: 'plan', site: `mx:${domain}`, way: domain })
const relay: Plan = { is: 'plan', site: 'relay:smart.example:25', way: 'smart' }

/** Admit so many entries of an origin to a domain; gives how many there was room for. */
function fill(backlog: Backlog, first: number, count: number, domain: string, user: string): number {
  let admitted = 0
  for (let id = first; id < first + count; id++) {
    const waiting = backlog.admit(entryOf({ id, domain, user }))
    if (typeof waiting === 'string') continue
    backlog.place(waiting, mx(domain))
    admitted++
  }
  return admitted
}

test('floods leave room for whoever comes new', () => {
  const backlog = new Backlog()
  // One origin may have half of its domain's share, the next half of what is left.
  assert.equal(fill(backlog, 1, 5000, 'a.example', 'x'), 100)
  assert.equal(fill(backlog, 10_000, 5000, 'a.example', 'y'), 50)
  assert.equal(fill(backlog, 20_000, 1, 'a.example', 'z'), 1)
  // Fifty domains are flooded by an origin each: the fifty-first finds room.
  for (let at = 0; at < 50; at++) fill(backlog, 100_000 + at * 1000, 1000, `d${at}.example`, `x${at}`)
  assert.ok(backlog.size <= MOST_WAITING + 250)
  assert.equal(fill(backlog, 200_000, 3, 'new.example', 'new'), 3)
})

test('an origin that writes to thousands of domains leaves half to others', () => {
  const backlog = new Backlog()
  let admitted = 0
  for (let id = 1; id <= 5000; id++) admitted += fill(backlog, id, 1, `d${id}.example`, 'news')
  assert.equal(admitted, MOST_WAITING / 2)
  assert.equal(fill(backlog, 10_000, 1, 'a.example', 'other'), 1)
})

test('what is there already is not taken twice, and what was released may be', () => {
  const backlog = new Backlog()
  const entry = entryOf({ id: 1 })
  const waiting = backlog.admit(entry)
  assert.ok(typeof waiting !== 'string')
  assert.equal(backlog.admit(entry), 'taken')
  backlog.drop(waiting)
  assert.equal(backlog.admit(entry), 'taken')
  backlog.release(1)
  assert.notEqual(backlog.admit(entry), 'taken')
})

test('what waits for a bottleneck gives way when memory is full, the longest first', () => {
  const backlog = new Backlog()
  for (let at = 0; at < 30; at++) fill(backlog, at * 1000, 100, `stuck${at}.example`, `x${at}`)
  for (let flow = backlog.next(); flow !== undefined; flow = backlog.next()) {
    const [site] = flow.bottlenecks
    if (site !== undefined) backlog.block(flow, site)
  }
  assert.equal(backlog.active, 0)
  for (let at = 0; at < 40; at++) fill(backlog, 100_000 + at * 1000, 100, `quick${at}.example`, `y${at}`)
  assert.ok(backlog.size <= MOST_WAITING + 500)
  assert.ok(backlog.active > MOST_WAITING / 2)
  const left = [...backlog.bottlenecks()].flatMap((one) => [...one.takeLeft().domains])
  assert.equal(left[0], 'stuck0.example')
})

test('what is not worth knowing is forgotten', () => {
  const backlog = new Backlog()
  for (let id = 1; id <= 30_000; id++) {
    fill(backlog, id, 1, `d${id}.example`, 'x')
    const flow = backlog.next()
    assert.ok(flow !== undefined)
    backlog.take(flow)
    backlog.again(flow)
    backlog.release(id)
    backlog.prune(0)
  }
  assert.ok([...backlog.bottlenecks()].length <= 20_000)
  assert.equal(backlog.size, 0)
})

test('whatever is done, the counts agree, and nothing is taken twice or forgotten', () => {
  const step = fc.oneof(
    fc.record({
      is: fc.constant('admit' as const),
      domain: fc.constantFrom('a', 'b', 'c'),
      user: fc.constantFrom('x', 'y'),
      messageId: fc.nat(3),
      shared: fc.boolean(),
    }),
    fc.record({ is: fc.constantFrom('take', 'block', 'unblock', 'clear') }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const backlog = new Backlog()
      const inside = new Set<number>()
      let id = 0
      for (const one of steps) {
        if ('domain' in one) {
          const waiting = backlog.admit(
            entryOf({ id: ++id, domain: one.domain, user: one.user, messageId: one.messageId }),
          )
          assert.ok(typeof waiting !== 'string')
          backlog.place(waiting, one.shared ? relay : mx(one.domain))
          inside.add(id)
        } else if (one.is === 'take' || one.is === 'block') {
          const flow = backlog.next()
          if (flow === undefined) continue
          const [site] = flow.bottlenecks
          if (one.is === 'block' && site !== undefined && flow.peek() !== undefined) {
            backlog.block(flow, site)
            continue
          }
          for (const { entry } of backlog.take(flow) ?? []) assert.ok(inside.delete(entry.id))
          backlog.again(flow)
        } else if (one.is === 'unblock') {
          for (const bottleneck of backlog.bottlenecks()) backlog.unblock(bottleneck)
        } else {
          backlog.clear()
          inside.clear()
        }
        assert.equal(backlog.size, inside.size)
        assert.ok(backlog.active >= 0 && backlog.active <= backlog.size)
      }
      for (const bottleneck of backlog.bottlenecks()) while (backlog.unblock(bottleneck));
      assert.equal(backlog.active, backlog.size)
      for (let flow = backlog.next(); flow !== undefined; flow = backlog.next()) {
        for (const { entry } of backlog.take(flow) ?? []) assert.ok(inside.delete(entry.id))
        backlog.again(flow)
      }
      assert.equal(inside.size, 0)
      assert.equal(backlog.size, 0)
    }),
    { numRuns: 300 },
  )
})
