import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Block } from '#base/block.ts'
import { ManualClock } from '#base/clock.ts'
import { defaults } from '#gate/testing.ts'
import { createKeepers, type KeepersParts } from './keepers.ts'
import { createStandingBlocks } from './standing-blocks.ts'

const HOUR_MS = 3_600_000

/** Keepers over blocks that stand already; of the other parts only what a pardon asks is there. */
function world(blocks: readonly Block[]) {
  const clock = new ManualClock()
  const standing = createStandingBlocks(clock, () => false, blocks)
  const forgotten = new Set<string>()
  const keepers = createKeepers({
    clock,
    settings: defaults,
    standing,
    suspensions: new Map(),
    store: { blocks: { lift: async () => true } },
    ledger: {
      forget(of: readonly string[], by: string) {
        for (const each of of) forgotten.add(`${each} ${by}`)
      },
    },
    act: async () => {},
    events: { blockLifted() {} },
  } as unknown as KeepersParts)
  return { keepers, standing, forgotten }
}

function block(id: number, network: string, reason: string): Block {
  return { id, network, reason, evidence: 'seen', sinceMs: 0, repeats: 0, untilMs: new ManualClock().nowMs() + HOUR_MS }
}

describe('a pardon', () => {
  test('lifts what the address brought upon itself, and leaves what a person blocked', async () => {
    const { keepers, standing, forgotten } = world([
      block(1, '198.51.100.2', 'denied-relays'),
      block(2, '198.51.100.0/24', 'by-hand'),
      block(3, '198.51.100.3', 'denied-relays'),
    ])
    await keepers.pardon('198.51.100.2', 'postern audit')
    assert.deepEqual(
      standing.list().map(({ id }) => id),
      [2, 3],
    )
    assert.ok(forgotten.has('deniedRelays 198.51.100.2'))
  })

  test('leaves a block by hand of the address itself', async () => {
    const { keepers, standing } = world([block(1, '198.51.100.2', 'by-hand')])
    await keepers.pardon('198.51.100.2', 'postern audit')
    assert.equal(standing.list().length, 1)
  })

  test('of an IPv6 address reaches each network that it counts for', async () => {
    const { keepers, standing, forgotten } = world([block(1, '2001:db8::/56', 'unknown-recipients')])
    await keepers.pardon('2001:db8::5', 'postern audit')
    assert.equal(standing.list().length, 0)
    for (const network of ['2001:db8::/64', '2001:db8::/56', '2001:db8::/48']) {
      assert.ok(forgotten.has(`failedLogins ${network}`), network)
    }
  })
})
