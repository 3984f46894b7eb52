import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { scriptDns } from '../dns-testing.ts'
import type { StsFetchFailure } from './sts-fetch.ts'
import { createStsPolicies } from './sts-policies.ts'
import type { StsPolicy } from './sts-policy.ts'

const DAY_MS = 86_400_000
const FIRST: StsPolicy = { mode: 'enforce', mx: ['mx1.a.example'], maxAgeS: 10 * 86_400 }
const SECOND: StsPolicy = { ...FIRST, mx: ['mx2.a.example'] }
const FAILURE: StsFetchFailure = { result: 'sts-policy-fetch-error', because: 'it is away' }

/** A keeper over a store in memory, and what it did. */
function keeping() {
  const world = {
    record: 'v=STSv1; id=1' as string,
    web: FIRST as StsPolicy | StsFetchFailure,
    fetches: 0,
    failures: 0,
    kept: new Map<string, string>(),
  }
  const clock = new ManualClock()
  function open() {
    return createStsPolicies({
      dns: { txt: (name) => scriptDns({ '_mta-sts.a.example TXT': world.record }).txt(name) },
      store: {
        policy: (domain) => world.kept.get(domain),
        putPolicy: async (domain, policy) => void world.kept.set(domain, policy),
      },
      clock,
      fetch: async () => {
        world.fetches += 1
        return 'result' in world.web ? world.web : { policy: world.web }
      },
      failed: () => {
        world.failures += 1
      },
    })
  }
  let policies = open()
  return {
    world,
    clock,
    /** The hosts of the policy, or why there is none; asked after this much more time. */
    async find(afterMs = 0): Promise<string> {
      clock.advance(afterMs)
      const found = await policies.find('a.example')
      // What is renewed beside goes on.
      await new Promise((resolve) => setImmediate(resolve))
      return 'none' in found ? found.none : found.mx.join(',')
    },
    known: () => policies.known('a.example'),
    restart() {
      policies = open()
    },
  }
}

test('a policy that is announced is fetched once, kept, and found again after a restart', async () => {
  const { world, find, restart, known } = keeping()
  assert.equal(await find(), 'mx1.a.example')
  assert.deepEqual(known(), FIRST)
  assert.equal(await find(), 'mx1.a.example')
  restart()
  assert.equal(await find(DAY_MS), 'mx1.a.example')
  assert.equal(world.fetches, 1)
})

test('no record: nothing is fetched', async () => {
  const { world, find, known } = keeping()
  world.record = ''
  assert.equal(await find(), 'a.example announces no policy')
  assert.equal(known(), undefined)
  assert.equal(world.fetches, 0)
})

test('DNS does not answer: no policy, and none is kept', async () => {
  const { world, find } = keeping()
  world.record = 'unknown'
  assert.match(await find(), /DNS did not say/)
})

test('a new id: the new policy is fetched and counts (RFC 8461 §3.1)', async () => {
  const { world, find } = keeping()
  await find()
  world.record = 'v=STSv1; id=2'
  world.web = SECOND
  assert.equal(await find(60_001), 'mx2.a.example')
  assert.equal(world.fetches, 2)
})

test('a new id, but no policy to be had: the old one holds (§3.3), and it is asked again in five minutes', async () => {
  const { world, find } = keeping()
  await find()
  world.record = 'v=STSv1; id=2'
  world.web = FAILURE
  assert.equal(await find(60_001), 'mx1.a.example')
  assert.equal(await find(60_001), 'mx1.a.example')
  assert.deepEqual([world.fetches, world.failures], [2, 1])
  world.web = SECOND
  assert.equal(await find(300_001), 'mx2.a.example')
})

for (const record of ['', 'unknown', 'v=STSv1; id=1, v=STSv1; id=2']) {
  test(`the record is gone (${record}): what is kept holds until its time is over (§5.1)`, async () => {
    const { world, find } = keeping()
    await find()
    world.record = record
    assert.equal(await find(9 * DAY_MS), 'mx1.a.example')
    assert.notEqual(await find(2 * DAY_MS), 'mx1.a.example')
    assert.equal(world.fetches, 1)
  })
}

test('after half of its time it is renewed beside the mail, and lives on', async () => {
  const { world, find } = keeping()
  await find()
  await find(4 * DAY_MS)
  assert.equal(world.fetches, 1)
  assert.equal(await find(2 * DAY_MS), 'mx1.a.example')
  assert.equal(world.fetches, 2)
  assert.equal(await find(9 * DAY_MS), 'mx1.a.example')
})

test('renewing fails: the old one holds for the rest of its time', async () => {
  const { world, find } = keeping()
  await find()
  world.web = FAILURE
  assert.equal(await find(6 * DAY_MS), 'mx1.a.example')
  assert.equal(await find(3 * DAY_MS), 'mx1.a.example')
  assert.equal(await find(2 * DAY_MS), 'it is away')
})

test('the first fetch fails: there is no policy, and it is told', async () => {
  const { world, find } = keeping()
  world.web = FAILURE
  assert.equal(await find(), 'it is away')
  assert.equal(world.failures, 1)
  world.web = FIRST
  assert.equal(await find(60_001), 'it is away')
  assert.equal(await find(300_001), 'mx1.a.example')
})

test('many ask at once: it is fetched once', async () => {
  const { world, find } = keeping()
  await Promise.all(Array.from({ length: 50 }, () => find()))
  assert.equal(world.fetches, 1)
})
