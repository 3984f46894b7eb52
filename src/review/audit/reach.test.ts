import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AddressRange, NetworkSet, networks } from '#base/network-set.ts'
import { covers, formatReach, isVast, overlaps, publicReach, without } from './reach.ts'

const ROWS: readonly [networks: readonly string[], reach: string, vast: boolean][] = [
  [['10.0.0.0/8', '::1', 'fe80::/10'], '', false],
  [['198.51.100.7'], '1 public IPv4 address', false],
  [['9.255.255.255-11.0.0.0'], '2 public IPv4 addresses', false],
  [['198.51.0.0/16'], '65,536 public IPv4 addresses', false],
  [['198.51.0.0/16', '8.8.8.8'], '65,537 public IPv4 addresses', true],
  [['2001:db8::1'], '1 public IPv6 network (/64)', false],
  [['2001:db8::/48', '10.0.0.1'], '65,536 public IPv6 networks (/64)', false],
  [['2001:db8::/31'], '8,589,934,592 public IPv6 networks (/64)', true],
  [['0.0.0.0/0', '::1'], '4,256,038,912 public IPv4 addresses', true],
]

for (const [texts, reach, vast] of ROWS) {
  test(`${texts.join(' ')} reaches ${reach === '' ? 'nobody outside' : reach}`, () => {
    const found = publicReach(networks(...texts))
    assert.equal(formatReach(found), reach)
    assert.equal(isVast(found), vast)
  })
}

/** Sets of the addresses 0 to 31, which a plain set can stand for. */
const ranges = fc.array(
  fc
    .record({
      family: fc.constantFrom(4 as const, 6 as const),
      a: fc.integer({ min: 0, max: 31 }),
      b: fc.integer({ min: 0, max: 31 }),
    })
    .map(({ family, a, b }): AddressRange => {
      const [first, last] = a < b ? [a, b] : [b, a]
      return family === 4 ? { family, first, last } : { family, first: BigInt(first), last: BigInt(last) }
    }),
  { maxLength: 6 },
)

function plainly(set: Iterable<AddressRange>): Set<string> {
  const all = new Set<string>()
  for (const { family, first, last } of set) for (let at = first; at <= last; at++) all.add(`${family}:${at}`)
  return all
}

test('taking out, covering and overlapping are those of sets', () => {
  fc.assert(
    fc.property(ranges, ranges, (one, two) => {
      const [a, b] = [new NetworkSet(one), new NetworkSet(two)]
      const [plainA, plainB] = [plainly(one), plainly(two)]
      assert.deepEqual([...plainly(without(a, b))].sort(), [...plainA.difference(plainB)].sort())
      assert.equal(covers(a, b), plainB.isSubsetOf(plainA))
      assert.equal(overlaps(a, b), !plainA.isDisjointFrom(plainB))
    }),
    { numRuns: 300 },
  )
})
