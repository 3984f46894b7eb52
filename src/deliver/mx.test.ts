import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DnsTable, scriptDns } from './dns-testing.ts'
import { type FindOptions, type FoundServers, findHost, findServers } from './mx.ts'

function options(table: DnsTable, given: Partial<FindOptions> = {}): FindOptions {
  return {
    dns: scriptDns(table),
    families: 'both',
    port: 25,
    ownNames: new Set(['mail.own.example']),
    ownAddresses: new Set(['127.0.0.1', '::1', '198.51.100.1']),
    ownPorts: new Set([25]),
    random: () => 0.99,
    lookUp: async (name) => (name === 'localhost' ? ['127.0.0.1'] : []),
    ...given,
  }
}

/** `host/ip` of each server, or the status of the trouble. */
async function found(domain: string, table: DnsTable, given: Partial<FindOptions> = {}): Promise<string> {
  const answer = await findServers(domain, options(table, given))
  return answer.is === 'servers'
    ? answer.servers.map(({ host, ip }) => (host === ip ? ip : `${host}/${ip}`)).join(' ')
    : `${answer.status} ${answer.scope}`
}

const TWO = { 'mx1.example A': '192.0.2.1', 'mx2.example A': '192.0.2.2' }

const ROWS: readonly (readonly [string, string, DnsTable, string, Partial<FindOptions>?])[] = [
  // RFC 5321 §5.1
  ['one MX', 'a.example', { 'a.example MX': '10 mx1.example', ...TWO }, 'mx1.example/192.0.2.1'],
  [
    'MX in the order of preference',
    'a.example',
    { 'a.example MX': '20 mx1.example, 10 mx2.example', ...TWO },
    'mx2.example/192.0.2.2 mx1.example/192.0.2.1',
  ],
  ['implicit MX: no MX records, an address', 'a.example', { 'a.example A': '192.0.2.9' }, 'a.example/192.0.2.9'],
  [
    'no implicit MX where MX records are of no use',
    'a.example',
    { 'a.example MX': '10 no.example', 'a.example A': '192.0.2.9' },
    '5.4.4 domain',
  ],
  ['neither MX nor address', 'a.example', {}, '5.1.2 domain'],
  ['no such domain', 'a.example', { 'a.example MX': 'NXDOMAIN' }, '5.1.2 domain'],
  [
    'no such domain is believed though it had an address',
    'a.example',
    { 'a.example MX': 'NXDOMAIN', 'a.example A': '192.0.2.9' },
    '5.1.2 domain',
  ],
  ['no domain name', 'a..example', {}, '5.1.2 domain'],
  [
    'DNS does not say the MX records',
    'a.example',
    { 'a.example MX': 'unknown', 'a.example A': '192.0.2.9' },
    '4.4.3 domain',
  ],
  ['DNS does not say the implicit address', 'a.example', { 'a.example A': 'unknown' }, '4.4.3 domain'],
  [
    'DNS says the address of one of two',
    'a.example',
    { 'a.example MX': '10 mx1.example, 20 mx2.example', ...TWO, 'mx1.example A': 'unknown' },
    'mx2.example/192.0.2.2',
  ],
  [
    'DNS says no address, and may later',
    'a.example',
    { 'a.example MX': '10 mx1.example, 20 no.example', 'mx1.example A': 'unknown' },
    '4.4.3 domain',
  ],
  [
    'an MX without address is passed over',
    'a.example',
    { 'a.example MX': '10 no.example, 20 mx2.example', ...TWO },
    'mx2.example/192.0.2.2',
  ],
  [
    'the same host twice is tried once, as the better',
    'a.example',
    { 'a.example MX': '20 mx1.example, 10 mx1.example, 15 mx2.example', ...TWO },
    'mx1.example/192.0.2.1 mx2.example/192.0.2.2',
  ],
  // RFC 5321 §5.1: ourselves
  [
    'ourselves by name: only what is better',
    'a.example',
    {
      'a.example MX': '10 mx1.example, 20 mail.own.example, 20 mx2.example, 30 mx3.example',
      ...TWO,
      'mx3.example A': '192.0.2.3',
    },
    'mx1.example/192.0.2.1',
  ],
  [
    'ourselves by address',
    'a.example',
    { 'a.example MX': '10 mx1.example, 20 other.example, 30 mx2.example', ...TWO, 'other.example A': '198.51.100.1' },
    'mx1.example/192.0.2.1',
  ],
  ['ourselves best', 'a.example', { 'a.example MX': '10 mail.own.example, 20 mx2.example', ...TWO }, '5.4.6 domain'],
  [
    'ourselves best by one address of two',
    'a.example',
    { 'a.example MX': '10 mx1.example', 'mx1.example A': '192.0.2.1, 198.51.100.1' },
    '5.4.6 domain',
  ],
  ['ourselves as implicit MX', 'a.example', { 'a.example A': '198.51.100.1' }, '5.4.6 domain'],
  [
    'our address, but no port of ours',
    'a.example',
    { 'a.example MX': '10 mx1.example', 'mx1.example A': '127.0.0.1' },
    'mx1.example/127.0.0.1',
    { port: 2525 },
  ],
  [
    'the better one has no address',
    'a.example',
    { 'a.example MX': '10 no.example, 20 mail.own.example' },
    '5.4.6 domain',
  ],
  // RFC 7505
  ['null MX', 'a.example', { 'a.example MX': '0 .', 'a.example A': '192.0.2.9' }, '5.1.10 domain'],
  [
    'null MX beside others, which §3 forbids',
    'a.example',
    { 'a.example MX': '0 ., 10 mx1.example', ...TWO },
    'mx1.example/192.0.2.1',
  ],
  // Who leads us to this machine
  [
    'an MX at loopback',
    'a.example',
    { 'a.example MX': '10 mx1.example', 'mx1.example A': '127.0.0.2' },
    '5.4.4 domain',
  ],
  ['an MX at 0.0.0.0', 'a.example', { 'a.example MX': '10 mx1.example', 'mx1.example A': '0.0.0.0' }, '5.4.4 domain'],
  ['an MX at ::', 'a.example', { 'a.example MX': '10 mx1.example', 'mx1.example A': '::' }, '5.4.4 domain'],
  [
    'an MX at mapped loopback',
    'a.example',
    { 'a.example MX': '10 mx1.example', 'mx1.example A': '::ffff:127.0.0.1' },
    '5.4.4 domain',
  ],
  [
    'an MX at multicast',
    'a.example',
    { 'a.example MX': '10 mx1.example', 'mx1.example A': '224.0.0.1, ff02::1' },
    '5.4.4 domain',
  ],
  [
    'an MX at a private address',
    'a.example',
    { 'a.example MX': '10 mx1.example', 'mx1.example A': '10.0.0.5' },
    'mx1.example/10.0.0.5',
  ],
  // RFC 5321 §4.1.3
  ['an address literal', '[192.0.2.7]', {}, '192.0.2.7'],
  ['an address literal, IPv6', '[IPv6:2001:db8::7]', {}, '2001:db8::7'],
  ['an address literal that is us', '[198.51.100.1]', {}, '5.4.6 domain'],
  ['an address literal that is loopback', '[127.0.0.3]', {}, '5.1.2 domain'],
  ['an address literal that is none', '[192.0.2]', {}, '5.1.2 domain'],
  ['an address literal left open', '[192.0.2.7', {}, '5.1.2 domain'],
  // Families
  [
    'both families in turn',
    'a.example',
    { 'a.example A': '192.0.2.1, 192.0.2.2, 2001:db8::1, 2001:db8::2' },
    'a.example/2001:db8::1 a.example/192.0.2.1 a.example/2001:db8::2 a.example/192.0.2.2',
  ],
  ['IPv4 alone', 'a.example', { 'a.example A': '192.0.2.1, 2001:db8::1' }, 'a.example/192.0.2.1', { families: 'ipv4' }],
  ['IPv6 alone, and it has none', 'a.example', { 'a.example A': '192.0.2.1' }, '5.1.2 domain', { families: 'ipv6' }],
]

for (const [what, domain, table, wanted, given] of ROWS) {
  test(what, async () => assert.equal(await found(domain, table, given), wanted))
}

test('trouble names what it is about', async () => {
  const answer = await findServers('a.example', options({ 'a.example MX': '10 mail.own.example' }))
  assert.match((answer as { because: string }).because, /a\.example.*mail\.own\.example.*this server itself/)
})

test('equals are tried in an order of chance, each first about as often', async () => {
  const table = {
    'a.example MX': '10 mx1.example, 10 mx2.example, 20 mx3.example',
    ...TWO,
    'mx3.example A': '192.0.2.3',
  }
  const first = new Map<string, number>()
  for (let round = 0; round < 400; round += 1) {
    const hosts = (await found('a.example', table, { random: Math.random })).split(' ')
    assert.equal(hosts[2], 'mx3.example/192.0.2.3')
    first.set(hosts[0] as string, (first.get(hosts[0] as string) ?? 0) + 1)
  }
  assert.equal(first.size, 2)
  for (const count of first.values()) assert.ok(count > 100, `${count} of 400`)
})

test('however many a domain names, at most ten hosts and twenty addresses are tried, and never ours', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 9 })), {
        minLength: 1,
        maxLength: 60,
      }),
      fc.nat(70),
      async (records, own) => {
        const table: Record<string, string> = {
          'a.example MX': records.map(([preference], index) => `${preference} mx${index}.example`).join(', '),
        }
        records.forEach(([, count], index) => {
          const addresses = Array.from({ length: count }, (_, at) => `203.0.${index}.${at + 1}`)
          table[`mx${index}.example A`] = addresses.join(', ')
        })
        const answer = await findServers('a.example', options(table, { ownNames: new Set([`mx${own}.example`]) }))
        if (answer.is !== 'servers') return assert.equal(answer.status, '5.4.6')
        assert.ok(answer.servers.length >= 1 && answer.servers.length <= 20)
        assert.ok(answer.hosts.length <= 10)
        const preferenceOf = (host: string) => records[Number(/\d+/.exec(host)?.[0])]?.[0] ?? -1
        const preferences = answer.servers.map(({ host }) => preferenceOf(host))
        assert.deepEqual(
          preferences,
          preferences.toSorted((a, b) => a - b),
        )
        for (const { host } of answer.servers) assert.notEqual(host, `mx${own}.example`)
      },
    ),
    { numRuns: 200 },
  )
})

const HOSTS: readonly (readonly [string, string, DnsTable, string])[] = [
  [
    'a name',
    'relay.example',
    { 'relay.example A': '192.0.2.1', 'relay.example MX': '10 mx1.example' },
    'relay.example/192.0.2.1',
  ],
  ['an address', '192.0.2.1', {}, '192.0.2.1/192.0.2.1'],
  ['loopback, as the administrator says', '127.0.0.1', {}, '127.0.0.1/127.0.0.1'],
  ['a name that the system alone knows', 'localhost', {}, 'localhost/127.0.0.1'],
  ['a name that is not there yet', 'relay.example', { 'relay.example A': 'NXDOMAIN' }, '4.4.4 server'],
  ['no answer', 'relay.example', { 'relay.example A': 'unknown' }, '4.4.3 server'],
]

for (const [what, host, table, wanted] of HOSTS) {
  test(`a relay server: ${what}`, async () => {
    const answer = await findHost(host, options(table, { port: 587 }))
    const is =
      answer.is === 'servers'
        ? answer.servers.map((server) => `${server.host}/${server.ip}`).join(' ')
        : `${answer.status} ${answer.scope}`
    assert.equal(is, wanted)
  })
}

test('a relay server that is ourselves', async () => {
  const answer = await findHost('127.0.0.1', options({}))
  assert.equal((answer as { status: string }).status, '5.4.6')
})

test('whether DNSSEC stands behind the MX records and the addresses is told', async () => {
  const table = {
    'a.example MX': '!10 mx1.example, 20 mx2.example',
    'mx1.example A': '!192.0.2.1',
    'mx2.example A': '192.0.2.2',
  }
  const { secureMx, hosts } = (await findServers('a.example', options(table))) as FoundServers
  assert.deepEqual([secureMx, ...hosts.map(({ secure }) => secure)], [true, true, false])
})
