import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Block, Suspension } from '#base/block.ts'
import { ManualClock } from '#base/clock.ts'
import { defaults } from '#gate/testing.ts'
import type { BlockStore } from '#store/contract.ts'
import { createBlockKeeper, type Standing } from './block-keeper.ts'
import { createStandingBlocks } from './standing-blocks.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const IP = '198.51.100.7'

/** A store of blocks that remembers, and forgets when the test ends. */
function memoryStore(): BlockStore & { readonly rows: Block[]; readonly suspended: Suspension[] } {
  const rows: Block[] = []
  const suspended: Suspension[] = []
  const facts = new Map<string, string>()
  let id = 0
  return {
    rows,
    suspended,
    standing: (nowMs) => rows.filter(({ untilMs }) => untilMs === undefined || untilMs > nowMs),
    countSince: (network, sinceMs) => rows.filter((row) => row.network === network && row.sinceMs >= sinceMs).length,
    async add(block) {
      id += 1
      const row = { ...block, id }
      rows.push(row)
      return row
    },
    async lift(which) {
      const at = rows.findIndex((row) => row.id === which)
      if (at >= 0) rows.splice(at, 1)
      return at >= 0
    },
    forgetBefore: async () => 0,
    suspensions: () => suspended,
    async suspend(row) {
      suspended.push(row)
    },
    async restoreTrust(ip) {
      const at = suspended.findIndex((row) => row.ip === ip)
      if (at >= 0) suspended.splice(at, 1)
      return at >= 0
    },
    remembered: (name) => facts.get(name),
    async remember(name, value) {
      facts.set(name, value)
    },
  }
}

function world({ never = [] as readonly string[], most = 100 } = {}) {
  const clock = new ManualClock()
  const neverBlocked = (ip: string) => never.includes(ip)
  const standing = createStandingBlocks(clock, neverBlocked)
  const spread: Standing[] = []
  const forgiven: string[] = []
  const alarms: Suspension[] = []
  const logged: string[] = []
  const store = memoryStore()
  const keeper = createBlockKeeper({
    store,
    clock,
    settings: () => defaults(),
    standing,
    suspensions: new Map(),
    neverBlocked,
    most,
    spread: async (change) => {
      spread.push(change)
    },
    record: () => 'BYHAND00',
    forgive: (reason, network) => forgiven.push(`${reason} ${network}`),
    events: {
      blocked: ({ network, until }) => logged.push(`blocked ${network} until ${until}`),
      blockLifted: ({ network, author }) => logged.push(`lifted ${network} by ${author}`),
      trustSuspended: ({ ip }) => logged.push(`suspended ${ip}`),
      trustRestored: ({ ip }) => logged.push(`restored ${ip}`),
      faulted: ({ what, error }) => logged.push(`fault ${what}: ${error}`),
    },
    alarmed: (suspension) => alarms.push(suspension),
  })
  return { clock, standing, spread, forgiven, alarms, logged, store, keeper }
}

const guesser = {
  is: 'block',
  network: IP,
  reason: 'unknown-recipients',
  evidence: '11 unknown recipients',
  forMs: HOUR_MS,
} as const

describe('a block', () => {
  test('is on disk, in every thread and in the log, with its evidence and reference', async () => {
    const { keeper, store, spread, logged, standing, clock } = world()
    await keeper.carryOut(guesser, '7K2M9QXA')
    assert.equal(store.rows.length, 1)
    assert.equal(standing.standing(IP)?.ref, '7K2M9QXA')
    assert.equal(standing.standing(IP)?.untilMs, clock.nowMs() + HOUR_MS)
    assert.deepEqual(
      spread.map(({ is }) => is),
      ['blocked'],
    )
    assert.match(logged[0] as string, /^blocked 198\.51\.100\.7 until 2026-/)
  })

  test('doubles with each repeat within a week, up to the longest', async () => {
    const { keeper, store, clock } = world()
    const hours: number[] = []
    for (let times = 0; times < 7; times++) {
      await keeper.carryOut(guesser, undefined)
      const last = store.rows.at(-1) as Block
      hours.push(((last.untilMs as number) - last.sinceMs) / HOUR_MS)
      clock.advance((last.untilMs as number) - last.sinceMs)
    }
    assert.deepEqual(hours, [1, 2, 4, 8, 16, 24, 24])
    clock.advance(8 * 24 * HOUR_MS)
    await keeper.carryOut(guesser, undefined)
    assert.equal(store.rows.at(-1)?.repeats, 0)
  })

  test('comes once, however many sessions bring it at the same moment', async () => {
    const { keeper, store } = world()
    await Promise.all(Array.from({ length: 20 }, () => keeper.carryOut(guesser, undefined)))
    await keeper.carryOut(guesser, undefined)
    assert.equal(store.rows.length, 1)
  })

  test('of a network comes once too where a narrower one inside it is blocked already', async () => {
    const { keeper, store, standing } = world()
    await keeper.carryOut({ ...guesser, network: '2001:db8::/64' }, undefined)
    const wider = { ...guesser, network: '2001:db8::/56' }
    await keeper.carryOut(wider, undefined)
    await keeper.carryOut(wider, undefined)
    assert.deepEqual(
      store.rows.map(({ network, repeats }) => [network, repeats]),
      [
        ['2001:db8::/64', 0],
        ['2001:db8::/56', 0],
      ],
    )
    assert.equal(standing.holds('2001:db8::/48'), false)
  })

  test('takes the place of the one that ends soonest where all places are taken, but of none that a person made', async () => {
    const { keeper, clock } = world({ most: 3 })
    await keeper.block({ network: '203.0.113.0/24', forMs: MINUTE_MS, why: 'spam', author: 'anna' })
    for (const host of [1, 2, 3, 4]) {
      await keeper.carryOut({ ...guesser, network: `198.51.100.${host}` }, undefined)
      clock.advance(1000)
    }
    assert.deepEqual(
      keeper.blocks().map(({ network }) => network),
      ['203.0.113.0/24', '198.51.100.3', '198.51.100.4'],
    )
  })

  test('never falls on who is on the never-block list', async () => {
    const { keeper, store } = world({ never: [IP] })
    await keeper.carryOut(guesser, undefined)
    assert.equal(store.rows.length, 0)
    await assert.rejects(keeper.block({ network: IP, forMs: undefined, why: '', author: 'anna' }), /never blocked/)
  })

  test('is lifted when the never-block list comes to hold its address', async () => {
    const never: string[] = []
    const { keeper, store, spread } = world({ never })
    await keeper.carryOut(guesser, undefined)
    never.push(IP)
    await keeper.liftSpared()
    assert.deepEqual(store.rows, [])
    assert.equal(spread.at(-1)?.is, 'lifted')
  })

  test('is lifted everywhere at once, and what was counted is forgiven', async () => {
    const { keeper, store, spread, forgiven, standing } = world()
    await keeper.carryOut(guesser, undefined)
    const lifted = await keeper.lift({ network: IP }, 'anna')
    assert.equal(lifted.length, 1)
    assert.equal(standing.standing(IP), undefined)
    assert.deepEqual(store.rows, [])
    assert.deepEqual(forgiven, [`unknown-recipients ${IP}`])
    assert.deepEqual(
      spread.map(({ is }) => is),
      ['blocked', 'lifted'],
    )
  })

  test('by hand has an author, and no end unless one is given', async () => {
    const { keeper, clock } = world()
    const forever = await keeper.block({ network: '203.0.113.0/24', forMs: undefined, why: 'spam', author: 'anna' })
    assert.equal(forever.untilMs, undefined)
    assert.equal(forever.author, 'anna')
    assert.equal(forever.ref, 'BYHAND00')
    const hour = await keeper.block({ network: '203.0.113.0/24', forMs: HOUR_MS, why: 'spam', author: 'anna' })
    assert.equal(hour.untilMs, clock.nowMs() + HOUR_MS)
    assert.deepEqual(
      keeper.blocks().map(({ id }) => id),
      [hour.id],
    )
  })

  for (const text of ['', 'spam', '203.0.113.7/24', '0.0.0.0/0', '::/0', '1.2.3.4-1.2.3.9', '10.0.0.0/255.0.0.0']) {
    test(`by hand is refused for "${text}"`, async () => {
      await assert.rejects(world().keeper.block({ network: text, forMs: undefined, why: '', author: 'anna' }), /Cannot/)
    })
  }

  test('that cannot be kept is a fault in the log, and ends nothing', async () => {
    const { keeper, store, logged } = world()
    store.add = () => Promise.reject(new Error('disk full'))
    await keeper.carryOut(guesser, undefined)
    assert.match(logged[0] as string, /fault carrying out a block or a suspension: Error: disk full/)
  })
})

describe('suspended trust', () => {
  test('is kept, told to every thread and to the administrator, once', async () => {
    const { keeper, store, spread, alarms, logged } = world()
    const sentence = { is: 'suspendTrust', ip: '172.17.0.1', evidence: '40 HELO names' } as const
    await keeper.carryOut(sentence, 'REF')
    await keeper.carryOut(sentence, 'REF')
    assert.equal(store.suspended.length, 1)
    assert.equal(alarms.length, 1)
    assert.deepEqual(
      spread.map(({ is }) => is),
      ['suspended'],
    )
    assert.deepEqual(logged, ['suspended 172.17.0.1'])
  })

  test('that cannot be kept on disk holds in every thread, and can be given back', async () => {
    const { keeper, store, spread, logged, alarms } = world()
    store.suspend = () => Promise.reject(new Error('disk full'))
    await keeper.carryOut({ is: 'suspendTrust', ip: '172.17.0.1', evidence: 'seen' }, undefined)
    assert.match(logged[0] as string, /fault keeping the suspended trust of 172\.17\.0\.1: Error: disk full/)
    assert.equal(alarms.length, 1)
    assert.equal(await keeper.restoreTrust('172.17.0.1', 'anna'), true)
    assert.deepEqual(
      spread.map(({ is }) => is),
      ['suspended', 'restored'],
    )
  })

  test('is given back by an administrator, and its signs are forgotten', async () => {
    const { keeper, forgiven } = world()
    await keeper.carryOut({ is: 'suspendTrust', ip: '172.17.0.1', evidence: 'seen' }, undefined)
    assert.equal(await keeper.restoreTrust('172.17.0.1', 'anna'), true)
    assert.equal(await keeper.restoreTrust('172.17.0.1', 'anna'), false)
    assert.deepEqual(keeper.suspensions(), [])
    assert.deepEqual(forgiven, ['broken-trust 172.17.0.1'])
  })
})
