import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stranger } from '#gate/testing.ts'
import { createFacts } from '../facts.ts'
import { createWorld } from './testing.ts'

test('a message is counted in each network; one past a limit is counted nowhere', async () => {
  const { sources } = createWorld({ limits: { messagesPerHour: 2 } })
  const facts = createFacts(sources)
  const subject = stranger({ ip: '2001:db8:0:1::1' })
  const taken = async () => (await facts.messageTaken(subject)).map(({ count }) => count)
  assert.deepEqual(await taken(), [1, 1, 1])
  assert.deepEqual(await taken(), [2, 2, 2])
  for (let round = 0; round < 20; round += 1) assert.deepEqual(await taken(), [3, 3, 3])
  const neighbour = await facts.messagesInHour(stranger({ ip: '2001:db8:0:2::1' }))
  assert.deepEqual(neighbour, [
    { network: '2001:db8:0:2::/64', times: 1, count: 0 },
    { network: '2001:db8::/56', times: 4, count: 2 },
    { network: '2001:db8::/48', times: 16, count: 2 },
  ])
})

test('rotating inside a /48 never takes more than 16 times the limit in an hour', async () => {
  const { sources } = createWorld({ limits: { messagesPerHour: 2 } })
  const facts = createFacts(sources)
  let taken = 0
  for (let link = 0; link < 300; link += 1) {
    const tallies = await facts.messageTaken(stranger({ ip: `2001:db8:0:${(link * 7).toString(16)}::1` }))
    if (tallies.every(({ count, times }) => count <= 2 * times)) taken += 1
  }
  assert.equal(taken, 32)
})

test('whatever its networks send, no sliding hour holds more messages than the limit', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 4 }),
      fc.array(fc.record({ waitMs: fc.integer({ min: 0, max: 1_800_000 }), host: fc.integer({ min: 1, max: 3 }) }), {
        maxLength: 40,
      }),
      async (limit, arrivals) => {
        const { sources, clock } = createWorld({ limits: { messagesPerHour: limit } })
        const facts = createFacts(sources)
        const taken: number[] = []
        for (const { waitMs, host } of arrivals) {
          clock.advance(waitMs)
          const [own] = await facts.messageTaken(stranger({ ip: `2001:db8::${host}` }))
          if (own !== undefined && own.count <= limit) taken.push(clock.nowMs())
        }
        for (const end of taken) {
          assert.ok(taken.filter((atMs) => atMs <= end && atMs > end - 3_600_000).length <= limit)
        }
      },
    ),
    { numRuns: 150 },
  )
})

for (const [name, changed, ip] of [
  ['the limit is off', { limits: { messagesPerHour: 'unlimited' } }, '198.51.100.7'],
  [
    'the limit is only observed',
    { limits: { messagesPerHour: 1 }, rules: { messagesPerHour: { action: 'observe' } } },
    '198.51.100.7',
  ],
  ['the client is exempt', { limits: { messagesPerHour: 1 } }, '10.0.0.1'],
] as const) {
  test(`messages are counted as they are taken where ${name}`, async () => {
    const facts = createFacts(createWorld(changed).sources)
    const counts: (number | undefined)[] = []
    for (let round = 0; round < 3; round += 1) counts.push((await facts.messageTaken(stranger({ ip })))[0]?.count)
    assert.deepEqual(counts, [1, 2, 3])
  })
}

test('connections count for a minute', async () => {
  const { sources, clock } = createWorld()
  const facts = createFacts(sources)
  const begun = async () => (await facts.connectionsInMinute(stranger()))[0]?.count
  assert.deepEqual([await begun(), await begun()], [1, 2])
  clock.advance(60_000)
  assert.equal(await begun(), 1)
})

test("a trusted address's connections are counted for the day, a stranger's are not", async () => {
  const { sources, ledger } = createWorld()
  const facts = createFacts(sources)
  await facts.connectionsInMinute(stranger())
  assert.ok(ledger.asked.every(({ of }) => of !== 'trust.connections'))
  for (let round = 0; round < 3; round += 1) await facts.connectionsInMinute(stranger({ ip: '10.0.0.1' }))
  const signs = await facts.trustSigns(stranger({ ip: '10.0.0.1' }))
  assert.equal(signs?.connectionsInDay, 3)
})

test('that a public client came is noted once an hour, and remembered for a day after the last', async () => {
  const { sources, ledger, clock } = createWorld()
  const facts = createFacts(sources)
  const seen = async () => (await facts.trustSigns(stranger({ ip: '10.0.0.1' })))?.publicClientSeen
  for (const ip of ['10.0.0.1', '192.168.1.1', '127.0.0.1', 'fd00::1', '::1']) {
    await facts.connectionsInMinute(stranger({ ip }))
  }
  assert.equal(await seen(), false)
  for (let minute = 0; minute < 120; minute += 1) {
    await facts.connectionsInMinute(stranger())
    clock.advance(60_000)
  }
  assert.equal(ledger.asked.filter(({ of, add }) => of === 'publicClients' && add === 1).length, 2)
  assert.equal(await seen(), true)
  clock.advance(24 * 3_600_000)
  assert.equal(await seen(), false)
})
