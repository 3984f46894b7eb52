import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type QueueEntry, StoreFull } from '#store/contract.ts'
import { all, DELIVERED, entryOf, HOP, troubleOf, type World, worldOf } from './testing.ts'

test('what is there at the start and what comes later is delivered, once', async () => {
  const world = worldOf(all(DELIVERED))
  world.queue.add(entryOf({ id: 1 }), entryOf({ id: 2, domain: 'b.example' }))
  world.scheduler.start()
  await world.calm()
  world.queue.add(entryOf({ id: 3 }))
  world.scheduler.poke()
  await world.calm()
  assert.deepEqual(
    world.carried.map(({ entries }) => entries.map(({ id }) => id)),
    [[1], [2], [3]],
  )
  assert.equal(world.queue.entries.size, 0)
  assert.deepEqual(
    world.queue.deliveries.map(({ outcome }) => outcome),
    ['delivered', 'delivered', 'delivered'],
  )
})

/** Numbers of the entries in the order in which they were carried. */
function order(world: World): readonly number[] {
  return world.carried.flatMap(({ entries }) => entries.map(({ id }) => id))
}

function range(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => first + at)
}

test("a sender's flood to a domain does not delay another's message to it", async () => {
  const world = worldOf(({ entries }) => ({ outcomes: entries.map(() => DELIVERED), afterMs: 100 }))
  world.queue.add(...range(1, 3000).map((id) => entryOf({ id, user: 'flood@here.example' })))
  world.scheduler.start()
  await world.pass(500, 100)
  world.queue.add(entryOf({ id: 5000, user: 'other@here.example' }))
  const before = world.carried.length
  world.scheduler.poke()
  await world.pass(500, 100)
  const at = order(world).indexOf(5000)
  assert.ok(at >= before && at < before + 10, `carried as number ${at - before} after it came`)
})

test('what waited in the table behind a flood has its turn as well', async () => {
  const world = worldOf(({ entries }) => ({ outcomes: entries.map(() => DELIVERED), afterMs: 100 }))
  world.queue.add(...range(1, 3000).map((id) => entryOf({ id, user: 'flood@here.example' })))
  world.queue.add(entryOf({ id: 5000, user: 'other@here.example' }))
  world.scheduler.start()
  await world.pass(1000, 100)
  const at = order(world).indexOf(5000)
  assert.ok(at >= 0 && at < 110, `carried as number ${at}`)
})

test('a flood to one domain delays no other domain, of its own sender or another', async () => {
  const world = worldOf(({ entries }) => ({ outcomes: entries.map(() => DELIVERED), afterMs: 1000 }))
  world.scheduler.start()
  await world.calm()
  world.queue.add(...range(1, 3000).map((id) => entryOf({ id, user: 'flood@here.example' })))
  world.scheduler.poke()
  await world.calm()
  const before = world.carried.length
  world.queue.add(entryOf({ id: 5000, domain: 'b.example', user: 'flood@here.example' }))
  world.queue.add(entryOf({ id: 5001, domain: 'c.example', user: 'other@here.example' }))
  world.scheduler.poke()
  await world.calm()
  assert.deepEqual(new Set(order(world).slice(before)), new Set([5000, 5001]))
})

test("a newsletter to thousands of domains does not delay another sender's message", async () => {
  const world = worldOf(({ entries }) => ({ outcomes: entries.map(() => DELIVERED), afterMs: 1000 }))
  world.queue.add(...range(1, 5000).map((id) => entryOf({ id, domain: `d${id}.example`, user: 'news@here.example' })))
  world.scheduler.start()
  await world.calm()
  const before = world.carried.length
  world.queue.add(entryOf({ id: 9000, domain: 'x.example', user: 'other@here.example' }))
  world.scheduler.poke()
  await world.pass(1000)
  const at = order(world).indexOf(9000)
  assert.ok(at >= before && at < before + 3, `carried as number ${at - before} after it came`)
})

test('a domain whose server cannot be reached is down after three tries, and its mail waits untried', async () => {
  const trouble = troubleOf({ scope: 'server', stage: 'connect', because: 'connection refused' })
  const world = worldOf(all(trouble))
  world.queue.add(...range(1, 500).map((id) => entryOf({ id })))
  world.scheduler.start()
  await world.calm()
  assert.ok(world.carried.length <= 8, `${world.carried.length} tries`)
  assert.equal(world.queue.settled.length, 500)
  const waiting = [...world.queue.entries.values()]
  assert.ok(waiting.every(({ dueAtMs, attempts }) => dueAtMs !== undefined && attempts === 1))
  assert.match(waiting.at(-1)?.answers ?? '', /not tried again yet: connection refused/)
  assert.equal(world.events.filter(({ name }) => name === 'destinationDown').length, 1)
  assert.equal(world.scheduler.domains(10)[0]?.down?.because, 'connection refused')

  // Five minutes later one goes ahead to see.
  const before = world.carried.length
  await world.pass(301_000, 10_000)
  assert.equal(world.carried.length, before + 1)
})

test('a server that answers again gets its mail', async () => {
  let isUp = false
  const trouble = troubleOf({ scope: 'server', stage: 'connect' })
  const world = worldOf((consignment) => all(isUp ? DELIVERED : trouble)(consignment, { at() {}, sent() {} }))
  world.queue.add(...range(1, 50).map((id) => entryOf({ id })))
  world.scheduler.start()
  await world.calm()
  isUp = true
  await world.pass(301_000, 10_000)
  assert.equal(world.queue.entries.size, 0)
  assert.equal(world.events.filter(({ name }) => name === 'destinationUp').length, 1)
})

test('DNS that fails puts a domain down; other domains do not feel it', async () => {
  const world = worldOf(all(DELIVERED), {
    plan: ({ domain }) =>
      domain === 'a.example'
        ? troubleOf({ scope: 'domain', stage: 'dns', because: 'SERVFAIL' })
        : { is: 'plan', site: `mx:${domain}`, way: domain },
  })
  world.queue.add(...range(1, 100).map((id) => entryOf({ id, domain: id % 2 ? 'a.example' : 'b.example' })))
  world.scheduler.start()
  await world.calm()
  assert.equal(world.queue.entries.size, 50)
  assert.equal(world.carried.length, 50)
})

test('servers that never answer leave room for the others', async () => {
  const world = worldOf((consignment, progress) =>
    consignment.entries[0].domain.startsWith('slow') ? 'never' : all(DELIVERED)(consignment, progress),
  )
  world.queue.add(...range(1, 400).map((id) => entryOf({ id, domain: `slow${id % 20}.example` })))
  world.scheduler.start()
  await world.calm()
  assert.equal(world.most.get(''), 32)
  world.queue.add(...range(1000, 200).map((id) => entryOf({ id, domain: `quick${id % 20}.example` })))
  world.scheduler.poke()
  await world.pass(20_000)
  assert.equal(world.queue.settled.length, 200)
  // Five at once for each of the slow ones, no more; and never above ten times the threads.
  assert.ok([...world.most].every(([domain, most]) => !domain.startsWith('slow') || most <= 5))
  assert.ok((world.most.get('') ?? 0) <= 320)
})

test('one recipient in three refused does not slow a domain', async () => {
  const refused = troubleOf({ is: 'failed', status: '5.1.1', reply: { code: 550, text: 'no such user' } })
  const later = troubleOf({ status: '4.2.2', reply: { code: 452, status: '4.2.2', text: 'mailbox full' } })
  const world = worldOf(({ entries }) => ({
    outcomes: entries.map(({ id }) => [DELIVERED, refused, later][id % 3] ?? DELIVERED),
    afterMs: 100,
  }))
  world.queue.add(...range(1, 900).map((id) => entryOf({ id, user: 'u@here.example' })))
  world.scheduler.start()
  await world.pass(20_000, 100)
  assert.equal(world.queue.settled.length, 900)
  assert.equal(world.most.get('a.example'), 20)
  assert.equal(world.bounced.length, 300)
  assert.equal(world.events.filter(({ name }) => name === 'destinationDown').length, 0)
})

test('"too fast" makes a domain wait, visibly, and bounds it after', async () => {
  const slowDown = troubleOf({ scope: 'message', reply: { code: 421, status: '4.7.28', text: 'unusual rate' } })
  const google = { ...slowDown, hop: { host: 'aspmx.l.google.com', port: 25 } }
  let isSaid = false
  const world = worldOf(({ entries }) => {
    const outcome = isSaid ? DELIVERED : google
    isSaid = true
    return { outcomes: entries.map(() => outcome) }
  })
  world.queue.add(...range(1, 100).map((id) => entryOf({ id })))
  world.scheduler.start()
  await world.calm()
  // What was under way already went through.
  const before = world.carried.length
  assert.ok(before <= 5)
  assert.deepEqual(world.scheduler.domains(10)[0]?.shaped, {
    rule: 'gmail: unusual rate',
    waitsMs: 900_000,
    holdsMs: 900_000 + 14_400_000,
    connections: 2,
    perMinute: 30,
  })
  assert.equal(world.events.filter(({ name }) => name === 'destinationShaped').length, 2)
  await world.pass(890_000, 60_000)
  assert.equal(world.carried.length, before)
  await world.pass(70_000)
  const afterMinute = world.carried.length - before
  assert.ok(afterMinute >= 29 && afterMinute <= 32, `${afterMinute} in the first minute`)
})

test('a crash settles nothing that was under way; it is tried again', async () => {
  const world = worldOf(({ entries }) => ({ outcomes: entries.map(() => DELIVERED), afterMs: 1000 }))
  world.queue.add(...range(1, 5).map((id) => entryOf({ id })))
  world.scheduler.start()
  await world.calm()
  assert.equal(world.carried.length, 5)
  world.crash()
  assert.equal(world.queue.settled.length, 0)
  world.scheduler.start()
  await world.pass(3000)
  assert.equal(world.queue.entries.size, 0)
  assert.equal(world.carried.length, 10)
  assert.deepEqual(world.doubles, [])
})

test('a full disk stops the way out, sends nothing twice, and loses nothing', async () => {
  const world = worldOf(all(DELIVERED))
  world.queue.settleFails = new StoreFull('disk full')
  world.queue.add(...range(1, 4000).map((id) => entryOf({ id, domain: `d${id % 50}.example` })))
  world.scheduler.start()
  await world.pass(600_000, 5000)
  const carried = world.carried.length
  assert.ok(carried >= 900 && carried <= 1100, `${carried} carried while nothing could be put down`)
  world.queue.settleFails = undefined
  await world.pass(120_000, 5000)
  assert.equal(world.queue.entries.size, 0)
  assert.equal(order(world).length, 4000)
  assert.equal(new Set(order(world)).size, 4000)
})

test('an entry that the store will not settle does not keep the others from it', async () => {
  const world = worldOf(all(DELIVERED))
  const settle = world.queue.settle.bind(world.queue)
  world.queue.settle = async (settlements, reports) => {
    if (settlements.some(({ id }) => id === 1)) throw new Error('a bug')
    return settle(settlements, reports)
  }
  world.queue.add(...range(1, 50).map((id) => entryOf({ id })))
  world.scheduler.start()
  await world.pass(10_000)
  assert.deepEqual([...world.queue.entries.keys()], [1])
})

test('what is held while it is in memory is not tried, and after its release is', async () => {
  const world = worldOf(({ entries }) => ({ outcomes: entries.map(() => DELIVERED), afterMs: 1000 }))
  world.queue.add(...range(1, 100).map((id) => entryOf({ id })))
  world.scheduler.start()
  await world.calm()
  world.queue.hold('*', true)
  world.scheduler.lookAgain()
  await world.pass(10_000)
  assert.equal(world.carried.length, 5)
  world.queue.hold('*', false)
  world.scheduler.lookAgain()
  await world.pass(60_000)
  assert.equal(world.queue.entries.size, 0)
  assert.deepEqual(world.doubles, [])
})

test('a paused domain is passed over and resumed', async () => {
  const world = worldOf(all(DELIVERED))
  const pause = { domain: '*.example', sinceMs: 0, author: 'admin' }
  world.queue.pauses = [pause]
  world.queue.add(entryOf({ id: 1 }), entryOf({ id: 2, domain: 'b.test' }))
  world.scheduler.start()
  await world.calm()
  world.queue.add(entryOf({ id: 3 }))
  world.scheduler.poke()
  await world.calm()
  assert.deepEqual(order(world), [2])
  world.queue.pauses = []
  world.scheduler.lookAgain()
  await world.calm()
  assert.deepEqual(order(world).toSorted(), [1, 2, 3])
})

test('recipients of a message that go the same way share a transaction', async () => {
  const relay = { is: 'plan', site: 'relay:smart.example:587', way: 'smart' } as const
  const rows = [
    ['one domain by MX', undefined, ['x@a.example', 'y@a.example', 'z@b.example'], 2],
    ['a relay server takes all domains', relay, ['x@a.example', 'y@b.example', 'z@c.example'], 1],
    ['at most a hundred', relay, range(1, 250).map((id) => `r${id}@a.example`), 3],
  ] as const
  for (const [name, plan, recipients, transactions] of rows) {
    const world = worldOf(all(DELIVERED), plan === undefined ? {} : { plan: () => plan })
    world.queue.add(...recipients.map((recipient, at) => entryOf({ id: at + 1, messageId: 7, recipient })))
    world.scheduler.start()
    await world.pass(2000)
    assert.equal(world.carried.length, transactions, name)
    assert.equal(world.queue.entries.size, 0, name)
  }
})

test('another message, or another way, is another transaction', async () => {
  const world = worldOf(all(DELIVERED), {
    plan: ({ requireTls, domain }) => ({ is: 'plan', site: `mx:${domain}`, way: requireTls ? 'tls' : 'any' }),
  })
  world.queue.add(
    entryOf({ id: 1, messageId: 1 }),
    entryOf({ id: 2, messageId: 1, requireTls: true }),
    entryOf({ id: 3, messageId: 2 }),
  )
  world.scheduler.start()
  await world.calm()
  assert.equal(world.carried.length, 3)
})

test('reports of one message are one report, and stand with what they report', async () => {
  const failed = troubleOf({ is: 'failed', status: '5.1.1' })
  const world = worldOf(all(failed))
  world.queue.add(...range(1, 3).map((id) => entryOf({ id, messageId: 7 })), entryOf({ id: 9, sender: '' }))
  world.scheduler.start()
  await world.calm()
  assert.deepEqual(
    world.reports.map(({ kind, entries }) => [kind, entries.map(({ entry }) => entry.id)]),
    [['failed', [1, 2, 3]]],
  )
})

test('a failure that cannot be told is not forgotten: the entry waits', async () => {
  const world = worldOf(all(troubleOf({ is: 'failed', status: '5.1.1' })), {
    writeReport: async () => {
      throw new Error('a bug')
    },
  })
  world.queue.add(entryOf({ id: 1 }), entryOf({ id: 2, notify: 'NEVER' }))
  world.scheduler.start()
  await world.calm()
  assert.deepEqual([...world.queue.entries.keys()], [1])
  assert.equal(world.queue.deliveries.length, 1)
})

test('an idle queue does nothing at all, and wakes for what is due', async () => {
  const world = worldOf(all(DELIVERED))
  world.queue.add(entryOf({ id: 1, dueAtMs: world.clock.nowMs() + 86_400_000 * 40 }))
  world.scheduler.start()
  await world.calm()
  const before = { ...world.queue.calls }
  await world.pass(86_400_000 * 20, 86_400_000)
  assert.deepEqual(world.queue.calls, before)
  await world.pass(86_400_000 * 21, 86_400_000)
  assert.equal(world.queue.entries.size, 0)
})

test('what runs is shown, with how far it is', async () => {
  const world = worldOf(({ entries }, progress) => {
    progress.at('data', HOP)
    progress.sent(500)
    return { outcomes: entries.map(() => DELIVERED), afterMs: 2000 }
  })
  world.queue.add(entryOf({ id: 1 }))
  world.scheduler.start()
  await world.calm()
  await world.pass(1000)
  assert.deepEqual(world.scheduler.running(), [
    {
      ids: [1],
      messageId: 1,
      sender: 'sender@here.example',
      recipients: ['r1@a.example'],
      recipientCount: 1,
      sizeBytes: 1000,
      stage: 'data',
      host: 'mx.a.example',
      ip: '192.0.2.1',
      elapsedMs: 1000,
      sentBytes: 500,
    },
  ])
})

test('to stop is to wait for what is under way, for so long', async () => {
  for (const [afterMs, left] of [
    [3000, 0],
    [30_000, 1],
  ] as const) {
    const world = worldOf(({ entries }) => ({ outcomes: entries.map(() => DELIVERED), afterMs }))
    world.queue.add(entryOf({ id: 1 }))
    world.scheduler.start()
    await world.calm()
    let isStopped = false
    void world.scheduler.stop(10_000).then(() => {
      isStopped = true
    })
    world.queue.add(entryOf({ id: 2 }))
    world.scheduler.poke()
    await world.pass(2000)
    assert.equal(isStopped, false)
    await world.pass(10_000)
    assert.equal(isStopped, true)
    assert.equal(world.carried.length, 1)
    assert.equal(world.queue.entries.has(1), left === 1)
  }
})

test('thousands of domains behind a stuck relay server leave memory, and others get through', async () => {
  const stuck = { is: 'plan', site: 'relay:stuck.example:25', way: 'stuck' } as const
  const world = worldOf(
    (consignment, progress) =>
      consignment.entries[0].domain.startsWith('s') ? 'never' : all(DELIVERED)(consignment, progress),
    { plan: ({ domain }) => (domain.startsWith('s') ? stuck : { is: 'plan', site: `mx:${domain}`, way: domain }) },
  )
  world.queue.add(
    ...range(1, 4000).map((id) => entryOf({ id, domain: `s${id}.example`, user: `u${id % 9}@here.example` })),
  )
  world.queue.add(...range(5000, 50).map((id) => entryOf({ id, domain: `z${id}.example`, user: 'z@here.example' })))
  world.scheduler.start()
  await world.pass(60_000, 5000)
  assert.equal(world.queue.settled.length, 50)
  const waiting = world.scheduler.domains(10_000).reduce((sum, domain) => sum + domain.waiting, 0)
  assert.ok(waiting <= 2000, `${waiting} in memory`)
  assert.equal(world.most.get(''), 5 + 27)

  // And while nothing moves, the table is hardly read.
  const before = Object.values(world.queue.calls).reduce((sum, calls) => sum + calls, 0)
  await world.pass(10_000)
  const calls = Object.values(world.queue.calls).reduce((sum, calls) => sum + calls, 0) - before
  assert.ok(calls <= 10 * 250, `${calls} reads in ten seconds`)
})

test('a store that cannot be read for a while is read again', async () => {
  const world = worldOf(all(DELIVERED))
  const { arrivals } = world.queue
  world.queue.arrivals = () => {
    throw new StoreFull('cannot read')
  }
  world.scheduler.start()
  await world.calm()
  world.queue.add(...range(1, 10).map((id) => entryOf({ id })))
  world.scheduler.poke()
  await world.pass(10_000)
  assert.equal(world.queue.entries.size, 0)
  assert.ok(world.events.some(({ name }) => name === 'faulted'))
  world.queue.arrivals = arrivals
  await world.pass(60_000)
  world.queue.add(entryOf({ id: 11 }))
  world.scheduler.poke()
  await world.calm()
  assert.equal(world.queue.entries.size, 0)
})

test('a carrier that breaks its word is a fault, and the mail waits', async () => {
  const world = worldOf(({ entries: [{ id }] }) => {
    if (id === 1) throw new Error('a bug')
    return { outcomes: [] }
  })
  world.queue.add(entryOf({ id: 1 }), entryOf({ id: 2 }))
  world.scheduler.start()
  await world.calm()
  assert.deepEqual(
    [...world.queue.entries.values()].map(({ attempts }) => attempts),
    [1, 1],
  )
  assert.ok(world.events.some(({ name }) => name === 'faulted'))
})

test('more due at once than one step wakes is woken step by step', async () => {
  const world = worldOf(all(DELIVERED))
  const dueAtMs = world.clock.nowMs() + 60_000
  world.queue.add(...range(1, 3500).map((id) => entryOf({ id, dueAtMs, domain: `d${id % 2000}.example` })))
  world.scheduler.start()
  await world.pass(70_000, 1000)
  assert.equal(world.queue.entries.size, 0)
  assert.equal(world.queue.calls.wake, 4)
})

test('a domain that is down is tried at once when an administrator wants it', async () => {
  let isUp = false
  const trouble = troubleOf({ scope: 'server', stage: 'connect' })
  const world = worldOf((consignment, progress) => all(isUp ? DELIVERED : trouble)(consignment, progress))
  world.queue.add(...range(1, 10).map((id) => entryOf({ id })))
  world.scheduler.start()
  await world.calm()
  isUp = true
  for (const [id, { dueAtMs, ...entry }] of world.queue.entries) world.queue.entries.set(id, entry)
  world.scheduler.tryNow('a.example')
  await world.calm()
  assert.equal(world.queue.entries.size, 0)
})

test('a domain that was down for want of its relay server is up again with the first mail that goes', async () => {
  let isFound = false
  const relay = { is: 'plan', site: 'relay:smart.example:587', way: 'smart' } as const
  const lost = troubleOf({ scope: 'server', stage: 'dns', because: 'smart.example has no address' })
  const world = worldOf(all(DELIVERED), { plan: () => (isFound ? relay : lost) })
  world.queue.add(...range(1, 20).map((id) => entryOf({ id })))
  world.scheduler.start()
  await world.calm()
  assert.equal(world.scheduler.counts().domainsDown, 1)
  isFound = true
  await world.pass(301_000, 10_000)
  assert.equal(world.queue.entries.size, 0)
  assert.deepEqual(
    world.events.filter(({ name }) => name === 'destinationUp').map(({ what }) => what),
    [{ name: 'a.example' }],
  )
})

test('the same rule is told once, however many deliveries hear it', async () => {
  const slow = troubleOf({ scope: 'message', reply: { code: 451, text: 'rate limit' } })
  const world = worldOf(({ entries }) => ({ outcomes: entries.map(() => slow), afterMs: 1000 }))
  world.queue.add(...range(1, 5).map((id) => entryOf({ id })))
  world.scheduler.start()
  await world.pass(2000)
  assert.equal(world.carried.length, 5)
  // The domain and its site.
  assert.equal(world.events.filter(({ name }) => name === 'destinationShaped').length, 2)
})

test('of what an administrator removed while it was tried, nothing is told that did not come to pass', async () => {
  const refused = troubleOf({ is: 'failed', status: '5.1.1', reply: { code: 550, text: 'no such user' } })
  const world = worldOf(({ entries }) => ({ outcomes: entries.map(() => refused), afterMs: 1000 }), {
    writeReport: async ({ entries }) => ({ sender: String(entries.map(({ entry }) => entry.id)) }) as never,
  })
  const [one, two] = [1, 2].map((id) => entryOf({ id, user: 'ann@here.example' })) as [QueueEntry, QueueEntry]
  world.queue.add(one, two)
  world.scheduler.start()
  await world.calm()
  world.queue.entries.delete(1)
  await world.pass(2000)
  assert.deepEqual(
    world.events.map(({ name, what }) => [name, (what as { entry: QueueEntry }).entry.id]),
    [['deliveryEnded', 2]],
  )
  assert.deepEqual(world.bounced, [2])
  assert.deepEqual(
    world.queue.reports.map(({ sender }) => sender),
    ['2'],
  )
  // Its number is free again, were there such an entry.
  world.queue.add(entryOf({ id: 1 }))
  world.scheduler.lookAgain()
  await world.calm()
  assert.deepEqual(order(world), [1, 2, 1])
})
