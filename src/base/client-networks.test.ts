import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clientNetworks } from './client-networks.ts'
import { NetworkSet, normalizeIp, parseRange } from './network-set.ts'

const TABLE: readonly (readonly [string, readonly string[]])[] = [
  ['198.51.100.7', ['198.51.100.7']],
  ['0.0.0.0', ['0.0.0.0']],
  ['2001:db8:1:2:3:4:5:6', ['2001:db8:1:2::/64', '2001:db8:1::/56', '2001:db8:1::/48']],
  ['2001:db8:1:203::1', ['2001:db8:1:203::/64', '2001:db8:1:200::/56', '2001:db8:1::/48']],
  ['2001:db8::1', ['2001:db8::/64', '2001:db8::/56', '2001:db8::/48']],
  ['2001:0:0:1::1', ['2001:0:0:1::/64', '2001::/56', '2001::/48']],
  ['2001:db8:0:ff00::', ['2001:db8:0:ff00::/64', '2001:db8:0:ff00::/56', '2001:db8::/48']],
  ['0:1:2:3:4:5:6:7', ['0:1:2:3::/64', '0:1:2::/56', '0:1:2::/48']],
  ['::1', ['::/64', '::/56', '::/48']],
  ['::', ['::/64', '::/56', '::/48']],
  ['::5:6:7:8:9', ['0:0:0:5::/64', '::/56', '::/48']],
  ['fe80::1', ['fe80::/64', 'fe80::/56', 'fe80::/48']],
]

for (const [ip, networks] of TABLE) {
  test(`${ip} counts for ${networks.join(', ')}`, () => {
    assert.deepEqual(
      clientNetworks(ip).map(({ network }) => network),
      networks,
    )
  })
}

/** An IPv6 address in its one form, with as many zeros as real ones have. */
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => normalizeIp(groups.map((group) => group.toString(16)).join(':')) ?? '')
  .filter((ip) => ip.includes(':'))

test('each network holds the client and all narrower ones, is written in its one form, and has its width', () => {
  fc.assert(
    fc.property(fc.oneof(ipv6, fc.ipV4()), (ip) => {
      const networks = clientNetworks(ip)
      assert.deepEqual(
        networks.map(({ times }) => times),
        ip.includes(':') ? [1, 4, 16] : [1],
      )
      let before = ip
      for (const [index, { network }] of networks.entries()) {
        const parsed = parseRange(network)
        assert.ok('range' in parsed, `${network} is a network, with no host bits`)
        assert.ok(new NetworkSet([parsed.range]).has(before), `${network} holds ${before}`)
        const [address = '', prefix] = network.split('/')
        assert.equal(normalizeIp(address), address)
        if (ip.includes(':')) assert.equal(prefix, ['64', '56', '48'][index])
        before = address
      }
    }),
    { numRuns: 300 },
  )
})

test('every address of a /64 counts for the same networks, and one of another /64 does not', () => {
  const hosts = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 })
  const prefixes = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 })
  function address(prefix: readonly number[], host: readonly number[]): string {
    return normalizeIp([...prefix, ...host].map((group) => group.toString(16)).join(':')) ?? ''
  }
  fc.assert(
    fc.property(prefixes, hosts, hosts, fc.integer({ min: 0, max: 3 }), (prefix, one, other, changed) => {
      // An address that carries IPv4 is IPv4, and counts as such.
      fc.pre(prefix.some((group) => group !== 0))
      const networks = clientNetworks(address(prefix, one))
      assert.deepEqual(networks, clientNetworks(address(prefix, other)))
      const elsewhere = prefix.map((group, index) => (index === changed ? group ^ 1 : group))
      fc.pre(elsewhere.some((group) => group !== 0))
      assert.notEqual(clientNetworks(address(elsewhere, other))[0]?.network, networks[0]?.network)
    }),
    { numRuns: 300 },
  )
})
