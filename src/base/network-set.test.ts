import assert from 'node:assert/strict'
import { BlockList } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIPv4 } from './ip.ts'
import { LOOPBACK, NetworkSet, networks, PRIVATE, parseRange } from './network-set.ts'

const MEMBERS: readonly [string, string, string][] = [
  ['192.0.2.1', '192.0.2.1', '192.0.2.0 192.0.2.2 ::c000:201'],
  ['192.0.2.0/24', '192.0.2.0 192.0.2.255 ::ffff:192.0.2.7', '192.0.1.255 192.0.3.0'],
  ['192.0.2.0/255.255.255.0', '192.0.2.0 192.0.2.255', '192.0.1.255 192.0.3.0'],
  ['192.0.2.5-192.0.2.9', '192.0.2.5 192.0.2.9', '192.0.2.4 192.0.2.10'],
  ['0.0.0.0/0', '0.0.0.0 255.255.255.255 ::ffff:1.2.3.4', '::1 2001:db8::1'],
  ['0.0.0.0/0.0.0.0', '8.8.8.8', '::1'],
  ['2001:db8::/32', '2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db7:ffff:: 2001:db9::'],
  ['2001:db8::1-2001:db8::ff', '2001:db8::1 2001:db8::ff', '2001:db8:: 2001:db8::100'],
  ['::/0', ':: ::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '10.0.0.1 ::ffff:10.0.0.1'],
  ['::ffff:10.0.0.0/104', '10.1.2.3', '11.0.0.1'],
  ['fe80::/10', 'fe80::1%eth0', 'fec0::1 nonsense'],
]

for (const [network, members, strangers] of MEMBERS) {
  test(`${network} holds what it should`, () => {
    const set = networks(network)
    for (const ip of members.split(' ')) assert.ok(set.has(ip), ip)
    for (const ip of strangers.split(' ')) assert.ok(!set.has(ip), ip)
  })
}

const REFUSED: readonly [string, RegExp][] = [
  ['10.0.0.5/8', /10\.0\.0\.0\/8 for the network, or 10\.0\.0\.5 for the one address/],
  ['2001:db8::1/32', /2001:db8::\/32 for the network/],
  ['10.0.0.0/33', /prefix of 0 to 32/],
  ['10.0.0.0/08', /prefix of 0 to 32/],
  ['10.0.0.0/255.0.255.0', /mask/],
  ['10.0.0.0/-1', /range A-B/],
  ['2001:db8::/129', /prefix of 0 to 128/],
  ['10.0.0.9-10.0.0.1', /lower first/],
  ['10.0.0.1-2001:db8::1', /one family/],
  ['10.1/16', /an IPv4 or IPv6 address/],
  ['010.0.0.1', /an IPv4 or IPv6 address/],
  ['mail.example.com', /an IPv4 or IPv6 address/],
  ['', /an IPv4 or IPv6 address/],
]

for (const [text, wanted] of REFUSED) {
  test(`${JSON.stringify(text)} is refused`, () => {
    const parsed = parseRange(text)
    assert.match('problem' in parsed ? parsed.problem : 'taken', wanted)
  })
}

const smallIPv4 = fc.integer({ min: 0, max: 600 }).map((low) => formatIPv4(0x0a000000 + low))
const smallIPv6 = fc.integer({ min: 0, max: 600 }).map((low) => `2001:db8::${low.toString(16)}`)
const pair = (ip: fc.Arbitrary<string>) => fc.tuple(ip, ip)

test('a set agrees with a list that is asked entry by entry', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(pair(smallIPv4), pair(smallIPv6)), { maxLength: 20 }),
      fc.array(fc.oneof(smallIPv4, smallIPv6), { minLength: 20, maxLength: 20 }),
      (pairs, asked) => {
        const model = new BlockList()
        const ranges = pairs.flatMap(([a, b]) => {
          const parsed = [parseRange(`${a}-${b}`), parseRange(`${b}-${a}`)]
          const forward = parsed[0] !== undefined && 'range' in parsed[0]
          const family = a.includes(':') ? 'ipv6' : 'ipv4'
          if (forward) model.addRange(a, b, family)
          else model.addRange(b, a, family)
          return parsed.flatMap((each) => ('range' in each ? [each.range] : [])).slice(0, 1)
        })
        const set = new NetworkSet(ranges)
        for (const ip of asked) assert.equal(set.has(ip), model.check(ip, ip.includes(':') ? 'ipv6' : 'ipv4'), ip)
        const kept = [...set.ranges()]
        for (const [index, range] of kept.slice(1).entries()) {
          const before = kept[index]
          if (before?.family === 4 && range.family === 4) assert.ok(before.last + 1 < range.first)
          if (before?.family === 6 && range.family === 6) assert.ok(before.last + 1n < range.first)
        }
        assert.deepEqual([...new NetworkSet(kept).ranges()], kept)
      },
    ),
    { numRuns: 200 },
  )
})

test('networks that touch become one interval, at the ends of the space too', () => {
  assert.equal(networks('0.0.0.0/1', '128.0.0.0/1', '255.255.255.255').size, 1)
  assert.equal(networks('::/1', '8000::/1').size, 1)
  assert.equal(networks('10.0.0.0/24', '10.0.1.0/24', '10.0.3.0/24').size, 2)
})

const SHARES: readonly [string, readonly string[], boolean, (share: { ipv4: number; ipv6: number }) => boolean][] = [
  ['nothing', [], false, ({ ipv4, ipv6 }) => ipv4 === 0 && ipv6 === 0],
  ['all of IPv4', ['0.0.0.0/0'], true, ({ ipv4, ipv6 }) => ipv4 === 1 && ipv6 === 0],
  ['all of IPv6', ['::/0'], true, ({ ipv6 }) => ipv6 === 1],
  ['both halves of IPv4', ['0.0.0.0/1', '128.0.0.0/1'], true, ({ ipv4 }) => ipv4 === 1],
  [
    'all but one address',
    ['0.0.0.0-8.8.8.7', '8.8.8.9-255.255.255.255'],
    false,
    ({ ipv4 }) => ipv4 < 1 && ipv4 > 0.999,
  ],
  ['all but private addresses', ['0.0.0.0-9.255.255.255', '11.0.0.0-255.255.255.255'], true, ({ ipv4 }) => ipv4 === 1],
  ['half', ['0.0.0.0/1'], false, ({ ipv4 }) => ipv4 > 0.5 && ipv4 < 0.6],
  ['the private networks', ['10.0.0.0/8', '192.168.0.0/16', 'fc00::/7'], false, ({ ipv4, ipv6 }) => ipv4 + ipv6 === 0],
]

for (const [name, texts, all, holds] of SHARES) {
  test(`the public share of ${name}`, () => {
    const set = networks(...texts)
    assert.equal(set.coversAllPublic(), all)
    assert.ok(holds(set.publicShare()), JSON.stringify(set.publicShare()))
  })
}

test('loopback and private networks', () => {
  assert.ok(
    LOOPBACK.has('127.9.9.9') && LOOPBACK.has('::1') && LOOPBACK.has('::ffff:127.0.0.1') && !LOOPBACK.has('::2'),
  )
  assert.ok(
    PRIVATE.has('192.168.1.1') && PRIVATE.has('fe80::1%eth0') && !PRIVATE.has('8.8.8.8') && !PRIVATE.has('0.0.0.0'),
  )
})
