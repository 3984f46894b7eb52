import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { ManualClock, systemClock } from './clock.ts'
import { type Asked, type ScriptedReply, startScriptedDns } from './dns-testing.ts'
import { createValidatedDns, type ValidatedDns } from './validated-dns.ts'

interface Started {
  readonly dns: ValidatedDns
  readonly asked: readonly Asked[]
  readonly clock: ManualClock
}

/** Start a scripted server and an asker whose clock stands still, so that nothing is late but by the test's will. */
async function start(
  t: TestContext,
  script: (asked: Asked) => ScriptedReply | Promise<ScriptedReply>,
): Promise<Started> {
  const server = await startScriptedDns(script)
  const clock = new ManualClock()
  const dns = createValidatedDns({ servers: [server.server], timeoutMs: 2_000, cacheSize: 100, clock })
  t.after(() => server.stop())
  return { dns, asked: server.asked, clock }
}

const DIGEST = 'ab'.repeat(32)
const RECORD = { usage: 3, selector: 1, matching: 1, data: Uint8Array.from(Buffer.from(DIGEST, 'hex')) }
const TLSA = { type: 'TLSA', data: `3 1 1 ${DIGEST}` } as const

const TLSA_ROWS: readonly (readonly [string, ScriptedReply, unknown])[] = [
  ['records, validated', { secure: true, answers: [TLSA] }, { is: 'found', records: [RECORD], secure: true }],
  ['records, not validated', { answers: [TLSA] }, { is: 'found', records: [RECORD] }],
  ['none, validated', { secure: true }, { is: 'none', why: 'no data', secure: true }],
  ['no such name', { code: 'NXDOMAIN', secure: true }, { is: 'none', why: 'NXDOMAIN', secure: true }],
  [
    'behind an alias',
    {
      secure: true,
      answers: [
        { type: 'CNAME', data: 'tlsa.example' },
        { ...TLSA, name: 'TLSA.example' },
      ],
    },
    { is: 'found', records: [RECORD], secure: true, canonical: 'tlsa.example' },
  ],
  [
    'of another name than asked for',
    { secure: true, answers: [{ ...TLSA, name: 'other.example' }] },
    { is: 'none', why: 'no data', secure: true },
  ],
  [
    'aliases in a circle',
    {
      secure: true,
      answers: [
        { type: 'CNAME', data: 'a.example' },
        { type: 'CNAME', name: 'a.example', data: 'b.example' },
        { type: 'CNAME', name: 'b.example', data: 'a.example' },
      ],
    },
    { is: 'none', why: 'no data', secure: true },
  ],
]

for (const [what, reply, wanted] of TLSA_ROWS) {
  test(`TLSA: ${what}`, async (t) => {
    const { dns } = await start(t, () => reply)
    assert.deepEqual(await dns.tlsa('_25._tcp.mx.example'), wanted)
  })
}

const FAILURES: readonly (readonly [string, ScriptedReply, RegExp])[] = [
  ['SERVFAIL, as for what fails validation', { code: 'SERVFAIL' }, /SERVFAIL/],
  ['REFUSED', { code: 'REFUSED' }, /REFUSED/],
  ['a record that is too short', { secure: true, answers: [{ type: 'TLSA', data: Uint8Array.of(3, 1) }] }, /127/],
]

for (const [what, reply, because] of FAILURES) {
  test(`unknown: ${what}`, async (t) => {
    const server = await startScriptedDns(() => reply)
    t.after(() => server.stop())
    const dns = createValidatedDns({ servers: [server.server], timeoutMs: 300, cacheSize: 100, clock: systemClock })
    const answer = await dns.tlsa('_25._tcp.mx.example')
    assert.equal(answer.is, 'unknown')
    assert.match((answer as { because: string }).because, because)
  })
}

test('what does not fit comes over TCP, with what it says of DNSSEC', async (t) => {
  const { dns, asked } = await start(t, ({ over }) =>
    over === 'udp' ? { truncated: true } : { secure: true, answers: [TLSA] },
  )
  assert.deepEqual(await dns.tlsa('_25._tcp.mx.example'), { is: 'found', records: [RECORD], secure: true })
  assert.deepEqual(
    asked.map(({ over }) => over),
    ['udp', 'tcp'],
  )
})

const FORGED: readonly (readonly [string, ScriptedReply])[] = [
  ['another number', { wrongId: true, secure: true, answers: [TLSA] }],
  ['another name', { question: { name: '_25._tcp.evil.example', type: 'TLSA' }, secure: true, answers: [TLSA] }],
  ['another type', { question: { name: '_25._tcp.mx.example', type: 'TXT' }, secure: true, answers: [TLSA] }],
  ['junk', Uint8Array.of(1, 2, 3)],
  ['nothing but a head', new Uint8Array(12)],
]

for (const [what, forged] of FORGED) {
  test(`an answer under ${what} is passed over`, async (t) => {
    const { dns, clock, asked } = await start(t, () => forged)
    const answer = dns.tlsa('_25._tcp.mx.example')
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(2_000)
    assert.equal((await answer).is, 'unknown')
  })
}

test('MX: most preferred first; hosts that are none are left out; the root stays (RFC 7505)', async (t) => {
  const { dns } = await start(t, ({ name }) => ({
    secure: true,
    answers:
      name === 'null.example'
        ? [{ type: 'MX', data: '0 .' }]
        : [
            { type: 'MX', data: '20 B.example' },
            { type: 'MX', data: '10 a.example' },
            { type: 'MX', data: '5 192.0.2.1' },
          ],
  }))
  assert.deepEqual(await dns.mx('Example.test.'), {
    is: 'found',
    secure: true,
    exchanges: [
      { host: 'a.example', preference: 10 },
      { host: 'b.example', preference: 20 },
    ],
  })
  assert.deepEqual(await dns.mx('null.example'), {
    is: 'found',
    secure: true,
    exchanges: [{ host: '', preference: 0 }],
  })
})

const IPV4 = { type: 'A', data: '192.0.2.1' } as const
const IPV6 = { type: 'AAAA', data: '2001:db8:0:0:0:0:0:1' } as const

const ADDRESS_ROWS: readonly (readonly [string, ScriptedReply, ScriptedReply, unknown])[] = [
  [
    'both validated',
    { secure: true, answers: [IPV4] },
    { secure: true, answers: [IPV6] },
    { is: 'found', addresses: ['192.0.2.1', '2001:db8::1'], secure: true },
  ],
  [
    'one of two not validated',
    { secure: true, answers: [IPV4] },
    { answers: [IPV6] },
    { is: 'found', addresses: ['192.0.2.1', '2001:db8::1'] },
  ],
  [
    'one family',
    { secure: true, answers: [IPV4] },
    { secure: true },
    { is: 'found', addresses: ['192.0.2.1'], secure: true },
  ],
  [
    'the other family withheld',
    { secure: true, answers: [IPV4] },
    { code: 'SERVFAIL' },
    { is: 'found', addresses: ['192.0.2.1'], secure: true },
  ],
  ['none at all', { secure: true }, { secure: true }, { is: 'none', why: 'no data', secure: true }],
  ['none, one not validated', { secure: true }, {}, { is: 'none', why: 'no data' }],
]

for (const [what, a, aaaa, wanted] of ADDRESS_ROWS) {
  test(`addresses: ${what}`, async (t) => {
    const { dns } = await start(t, ({ type }) => (type === 'A' ? a : aaaa))
    assert.deepEqual(await dns.addresses('mx.example'), wanted)
  })
}

test('an alias of addresses is named', async (t) => {
  const { dns } = await start(t, ({ type }) => ({
    secure: true,
    answers: [{ type: 'CNAME', data: 'real.example' }, ...(type === 'A' ? [{ ...IPV4, name: 'real.example' }] : [])],
  }))
  assert.deepEqual(await dns.addresses('mx.example'), {
    is: 'found',
    addresses: ['192.0.2.1'],
    secure: true,
    canonical: 'real.example',
  })
})

test('of many MX records the best are taken, however late they come', async (t) => {
  const answers = Array.from({ length: 300 }, (_, at) => ({ type: 'MX', data: `${300 - at} mx${at}.example` }) as const)
  const { dns } = await start(t, ({ over }) => (over === 'udp' ? { truncated: true } : { answers }))
  const answer = await dns.mx('a.example')
  assert.deepEqual(answer.is === 'found' && [answer.exchanges.length, answer.exchanges[0]?.host], [50, 'mx299.example'])
})

test('a server that the network does not lead to is an answer, not a crash', async () => {
  // The system refuses to connect to it, as it does to all while the network is down.
  const options = { servers: ['255.255.255.255'], timeoutMs: 300, cacheSize: 100, clock: new ManualClock() }
  const answer = await createValidatedDns(options).mx('a.example')
  assert.match((answer as { because: string }).because, /connect E[A-Z]+ 255\.255\.255\.255:53/)
})

test('closing ends what is under way, over UDP and over TCP', async (t) => {
  for (const silent of ['udp', 'tcp']) {
    const { dns, asked } = await start(t, ({ over }) => (over === silent ? 'silence' : { truncated: true }))
    const answer = dns.tlsa('_25._tcp.mx.example')
    while (asked.at(-1)?.over !== silent) await new Promise((resolve) => setImmediate(resolve))
    dns.close()
    assert.match(((await answer) as { because: string }).because, /ended/)
  }
})

test('an answer is kept for as long as the shortest of its records holds', async (t) => {
  const { dns, clock, asked } = await start(t, () => ({
    answers: [
      { ...TLSA, ttl: 300 },
      { ...TLSA, ttl: 30 },
    ],
  }))
  await dns.tlsa('_25._tcp.mx.example')
  clock.advance(29_999)
  await dns.tlsa('_25._tcp.mx.example')
  assert.equal(asked.length, 1)
  clock.advance(2)
  await dns.tlsa('_25._tcp.mx.example')
  assert.equal(asked.length, 2)
})

test('whatever bytes come, every question has an answer', async (t) => {
  let bytes: Uint8Array = new Uint8Array(0)
  const server = await startScriptedDns(() => bytes)
  t.after(() => server.stop())
  const clock = new ManualClock()
  const dns = createValidatedDns({ servers: [server.server], timeoutMs: 2_000, cacheSize: 0, clock })
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (given) => {
      bytes = given
      const before = server.asked.length
      const answer = dns.mx('mx.example')
      while (server.asked.length === before) await new Promise((resolve) => setImmediate(resolve))
      clock.advance(2_000)
      assert.equal((await answer).is, 'unknown')
    }),
    { numRuns: 100 },
  )
})
