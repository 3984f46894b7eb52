/** Questions to a real DNS server: what exists, what does not, what it cannot tell, and what does not fit a packet. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ManualClock } from '../../src/base/clock.ts'
import { createDns, type Dns } from '../../src/base/dns.ts'
import { senderDomain } from '../../src/base/sender-domain.ts'
import { dnsSkip, type RunningDns, startDns } from './dns.ts'

const skip = dnsSkip

let server: RunningDns
let dns: Dns
before(async () => {
  if (skip !== false) return
  server = await startDns({
    'far.example': [
      '@ MX 20 backup',
      '@ MX 10 mx',
      'mx A 192.0.2.1',
      'mx AAAA 2001:db8::1',
      'host A 192.0.2.2',
      'text TXT "v=spf1 " "-all"',
      'alias CNAME host',
      'lost CNAME gone',
      'nomail MX 0 .',
      'numbered MX 10 192.0.2.1.',
      ...Array.from({ length: 300 }, (_, index) => `many MX ${index} a-rather-long-name-of-a-mail-server-${index}`),
    ].join('\n'),
    'broken.example': 'broken',
    '100.51.198.in-addr.arpa': '7 PTR host.far.example.\n8 PTR a\\032b.far.example.',
  })
  dns = createDns({ servers: [server.server], timeoutMs: 3_000, cacheSize: 1000, clock: new ManualClock() })
})
after(async () => {
  dns?.close()
  await server?.stop()
})

test('MX, addresses, TXT and PTR', { skip }, async () => {
  assert.deepEqual(await dns.mx('far.example'), {
    is: 'found',
    exchanges: [
      { host: 'mx.far.example', preference: 10 },
      { host: 'backup.far.example', preference: 20 },
    ],
  })
  assert.deepEqual(await dns.addresses('mx.far.example'), { is: 'found', addresses: ['192.0.2.1', '2001:db8::1'] })
  assert.deepEqual(await dns.addresses('alias.far.example'), { is: 'found', addresses: ['192.0.2.2'] })
  assert.deepEqual(await dns.txt('text.far.example'), { is: 'found', texts: ['v=spf1 -all'] })
  assert.deepEqual(await dns.ptr('198.51.100.7'), { is: 'found', names: ['host.far.example'] })
  assert.equal((await dns.ptr('198.51.100.8')).is, 'none')
  assert.deepEqual(await dns.ptr('198.51.100.9'), { is: 'none', why: 'NXDOMAIN' })
})

test('an answer that does not fit a packet comes whole over TCP', { skip }, async () => {
  const answer = await dns.mx('many.far.example')
  assert.equal(
    answer.is === 'found' && answer.exchanges[49]?.host,
    'a-rather-long-name-of-a-mail-server-49.far.example',
  )
})

const SENDERS = {
  'far.example': { is: 'found', what: 'MX mx.far.example, backup.far.example' },
  'host.far.example': { is: 'found', what: 'no MX, address 192.0.2.2' },
  'alias.far.example': { is: 'found', what: 'no MX, address 192.0.2.2' },
  'nomail.far.example': { is: 'none', why: 'it takes no mail (null MX)' },
  'text.far.example': { is: 'none', why: 'neither MX, A nor AAAA' },
  'gone.far.example': { is: 'none', why: 'NXDOMAIN' },
  'lost.far.example': { is: 'none', why: 'NXDOMAIN' },
  'numbered.far.example': { is: 'none', why: 'its MX records name no host' },
  'no-such-domain.test': { is: 'none', why: 'NXDOMAIN' },
} as const
for (const [domain, expected] of Object.entries(SENDERS)) {
  test(`the sender's domain ${domain}: ${expected.is}`, { skip }, async () => {
    assert.deepEqual(await senderDomain(dns, domain), expected)
  })
}

test("the sender's domain broken.example: unknown, for its server cannot tell", { skip }, async () => {
  const answer = await senderDomain(dns, 'broken.example')
  assert.match(answer.is === 'unknown' ? answer.because : answer.is, /could not find out \(SERVFAIL\)/)
})

test('a server that has gone is unknown', { skip }, async () => {
  const gone = await startDns({})
  await gone.stop()
  const alone = createDns({ servers: [gone.server], timeoutMs: 3_000, cacheSize: 10, clock: new ManualClock() })
  const answer = await alone.mx('far.example')
  assert.match(answer.is === 'unknown' ? answer.because : answer.is, /nothing answers DNS at 127\.0\.0\.1:\d+/)
  alone.close()
})
