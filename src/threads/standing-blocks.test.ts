import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Block } from '#base/block.ts'
import { ManualClock } from '#base/clock.ts'
import { createStandingBlocks } from './standing-blocks.ts'

const HOUR_MS = 3_600_000

function block(id: number, network: string, more: Partial<Block> = {}): Block {
  return { id, network, reason: 'unknown-recipients', evidence: 'seen', sinceMs: 0, repeats: 0, ...more }
}

describe('a block stands against', () => {
  const rows: readonly (readonly [name: string, network: string, ip: string, stands: boolean])[] = [
    ['its own address', '198.51.100.7', '198.51.100.7', true],
    ['no neighbour', '198.51.100.7', '198.51.100.8', false],
    ['every address of its /64', '2001:db8:0:1::/64', '2001:db8:0:1:a:b:c:d', true],
    ['no other /64', '2001:db8:0:1::/64', '2001:db8:0:2::1', false],
    ['every /64 of its /56', '2001:db8:0:100::/56', '2001:db8:0:1ff::1', true],
    ['every /56 of its /48', '2001:db8::/48', '2001:db8:0:ffff::1', true],
    ['a network that was blocked by hand', '203.0.113.0/24', '203.0.113.200', true],
    ['nobody beside such a network', '203.0.113.0/24', '203.0.114.1', false],
    ['one IPv6 address blocked by hand', '2001:db8::7', '2001:db8::7', true],
    ['no neighbour of it', '2001:db8::7', '2001:db8::8', false],
  ]
  for (const [name, network, ip, stands] of rows) {
    test(name, () => {
      const blocks = createStandingBlocks(new ManualClock(), () => false, [block(1, network)])
      assert.equal(blocks.standing(ip) !== undefined, stands)
    })
  }
})

test('a block ends by itself', () => {
  const clock = new ManualClock()
  const blocks = createStandingBlocks(clock, () => false, [
    block(1, '198.51.100.7', { untilMs: clock.nowMs() + HOUR_MS }),
    block(2, '203.0.113.0/24', { untilMs: clock.nowMs() + HOUR_MS }),
  ])
  clock.advance(HOUR_MS - 1)
  assert.equal(blocks.standing('198.51.100.7')?.id, 1)
  assert.equal(blocks.endsInMs(block(1, '')), 1)
  clock.advance(1)
  assert.equal(blocks.standing('198.51.100.7'), undefined)
  assert.equal(blocks.standing('203.0.113.9'), undefined)
  assert.deepEqual(blocks.list(), [])
})

test('a wall clock that is set back prolongs no block', () => {
  const clock = new ManualClock()
  let wallMs = clock.nowMs()
  const jumping = {
    nowMs: () => wallMs,
    monotonicMs: () => clock.monotonicMs(),
    after: clock.after.bind(clock),
  }
  const blocks = createStandingBlocks(jumping, () => false, [block(1, '198.51.100.7', { untilMs: wallMs + HOUR_MS })])
  wallMs -= 365 * 24 * HOUR_MS
  clock.advance(HOUR_MS)
  assert.equal(blocks.standing('198.51.100.7'), undefined)
})

test('the never-block list wins over a block that stands', () => {
  const blocks = createStandingBlocks(new ManualClock(), (ip) => ip === '203.0.113.9', [block(1, '203.0.113.0/24')])
  assert.equal(blocks.standing('203.0.113.9'), undefined)
  assert.equal(blocks.standing('203.0.113.8')?.id, 1)
})

test('a block is gone once it is lifted, and a newer one of the same network stays', () => {
  const blocks = createStandingBlocks(new ManualClock(), () => false, [block(1, '198.51.100.7')])
  blocks.add(block(2, '198.51.100.7'))
  blocks.remove(1)
  assert.equal(blocks.standing('198.51.100.7')?.id, 2)
  blocks.remove(2)
  assert.equal(blocks.standing('198.51.100.7'), undefined)
})
