import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openOpenConnections, releaseThread } from './open-connections.ts'
import { reserveLedger } from './table.ts'

function reserve() {
  return reserveLedger({ bytes: 1, secret: new Uint8Array(32) })
}

test('each network has its connections in all threads', () => {
  const shared = reserve()
  const [one, two] = [openOpenConnections(shared, 0), openOpenConnections(shared, 1)]
  assert.deepEqual(one.enter(['192.0.2.1']), [1])
  assert.deepEqual(two.enter(['192.0.2.1', '2001:db8::/64']), [2, 1])
  assert.deepEqual(one.look(['192.0.2.1', '2001:db8::/64', '192.0.2.2']), [2, 1, 0])
  two.leave(['192.0.2.1', '2001:db8::/64'])
  assert.deepEqual(one.look(['192.0.2.1', '2001:db8::/64']), [1, 0])
})

test('a thread that ended takes its own connections with it, and no other’s', () => {
  const shared = reserve()
  const [one, two] = [openOpenConnections(shared, 0), openOpenConnections(shared, 1)]
  one.enter(['192.0.2.1', '192.0.2.2'])
  two.enter(['192.0.2.1'])
  releaseThread(shared, 0)
  assert.deepEqual(two.look(['192.0.2.1', '192.0.2.2']), [1, 0])
  two.leave(['192.0.2.1'])
  assert.deepEqual(openOpenConnections(shared, 0).enter(['192.0.2.1']), [1])
})

test('to leave what was not entered is a mistake of ours', () => {
  assert.throws(() => openOpenConnections(reserve(), 0).leave(['192.0.2.1']), /has none from there/)
})

test('where there is no room, a network counts in its own thread, and all is empty in the end', () => {
  const shared = reserve()
  const connections = openOpenConnections(shared, 0)
  const networks = Array.from({ length: 140_000 }, (_, at) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`)
  for (const network of networks) assert.deepEqual(connections.enter([network]), [1])
  for (const network of networks) assert.deepEqual(connections.enter([network]), [2])
  connections.leave(networks)
  connections.leave(networks)
  assert.deepEqual(
    connections.look(networks),
    networks.map(() => 0),
  )
  assert.ok(new Int32Array(shared.connections).every((word, at) => at % 4 !== 2 || word === 0))
})

test('any order of coming and going leaves what is open', () => {
  const visit = fc.record({ thread: fc.nat(2), network: fc.constantFrom('a', 'b', 'c'), comes: fc.boolean() })
  fc.assert(
    fc.property(fc.array(visit, { maxLength: 100 }), (visits) => {
      const shared = reserve()
      const threads = [0, 1, 2].map((index) => openOpenConnections(shared, index))
      const open = new Map<string, number>()
      for (const { thread, network, comes } of visits) {
        const key = `${thread} ${network}`
        const mine = open.get(key) ?? 0
        if (!comes && mine === 0) continue
        open.set(key, mine + (comes ? 1 : -1))
        if (comes) threads[thread]?.enter([network])
        else threads[thread]?.leave([network])
        const all = [0, 1, 2].reduce((sum, each) => sum + (open.get(`${each} ${network}`) ?? 0), 0)
        assert.deepEqual(threads[(thread + 1) % 3]?.look([network]), [all])
      }
    }),
    { numRuns: 50 },
  )
})
