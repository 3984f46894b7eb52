import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, test } from 'node:test'
import { ManualClock, systemClock } from './clock.ts'
import { createDns, type Dns, type DnsOptions } from './dns.ts'
import { type Asked, type ScriptedReply, startScriptedDns } from './dns-testing.ts'

const opened: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

type Script = (asked: Asked) => ScriptedReply | Promise<ScriptedReply>

/** Ask a server that answers by this script. */
async function asking(script: Script, options: Partial<DnsOptions> = {}, clock = new ManualClock()) {
  const server = await startScriptedDns(script)
  opened.push(() => server.stop())
  const dns = open({ servers: [server.server], ...options }, clock)
  return { dns, clock, asked: server.asked, server: server.server }
}

function open(options: Partial<DnsOptions>, clock: ManualClock | typeof systemClock): Dns {
  const dns = createDns({ servers: [], timeoutMs: 3_000, cacheSize: 100, clock, ...options })
  opened.push(() => dns.close())
  return dns
}

test('the four questions give what the server says', async () => {
  const { dns } = await asking(({ name, type }) => {
    if (type === 'MX') {
      return {
        answers: [
          { type, data: '20 b.example' },
          { type, data: '10 A.example' },
        ],
      }
    }
    if (type === 'A') return { answers: [{ type, data: '192.0.2.1' }] }
    if (type === 'AAAA') return { answers: [{ type, data: '2001:db8:0:0:0:0:0:1' }] }
    if (type === 'TXT') return { answers: [{ type, data: `v=spf1 ${'x'.repeat(300)}` }] }
    if (type === 'PTR' && name === '7.100.51.198.in-addr.arpa') return { answers: [{ type, data: 'host.example' }] }
    return { code: 'NXDOMAIN' }
  })
  assert.deepEqual(await dns.mx('a.example'), {
    is: 'found',
    exchanges: [
      { host: 'a.example', preference: 10 },
      { host: 'b.example', preference: 20 },
    ],
  })
  assert.deepEqual(await dns.addresses('a.example'), { is: 'found', addresses: ['192.0.2.1', '2001:db8::1'] })
  assert.deepEqual(await dns.txt('_spf.example'), { is: 'found', texts: [`v=spf1 ${'x'.repeat(300)}`] })
  assert.deepEqual(await dns.ptr('198.51.100.7'), { is: 'found', names: ['host.example'] })
  assert.deepEqual(await dns.ptr('2001:db8::1'), { is: 'none', why: 'NXDOMAIN' })
})

for (const [code, expected] of [
  ['NXDOMAIN', { is: 'none', why: 'NXDOMAIN' }],
  ['NOERROR', { is: 'none', why: 'no data' }],
  ['SERVFAIL', /could not find out \(SERVFAIL\)/],
  ['REFUSED', /refused to answer/],
] as const) {
  test(`an answer of ${code}`, async () => {
    const { dns } = await asking(() => ({ code }))
    for (const answer of [await dns.mx('a.example'), await dns.addresses('a.example'), await dns.ptr('192.0.2.1')]) {
      if (expected instanceof RegExp) assert.match(answer.is === 'unknown' ? answer.because : answer.is, expected)
      else assert.deepEqual(answer, expected)
    }
  })
}

test('an address of one family is enough; one that cannot be found out is not "none"', async () => {
  const { dns } = await asking(({ name, type }) => {
    if (name === 'four.example' && type === 'A') return { answers: [{ type, data: '192.0.2.1' }] }
    return type === 'AAAA' ? { code: 'SERVFAIL' } : {}
  })
  assert.deepEqual(await dns.addresses('four.example'), { is: 'found', addresses: ['192.0.2.1'] })
  assert.equal((await dns.addresses('half.example')).is, 'unknown')
})

test('what is no name, or a reserved one, is not asked', async () => {
  const { dns, asked } = await asking(() => ({ code: 'SERVFAIL' }))
  const names = [
    ...['', '.', 'a..example', 'a b.example', 'a\0b.example', 'a\r\nb.example', '192.0.2.1', '1.2', '-a.example'],
    ...[
      `${'a'.repeat(64)}.example`,
      `${'a.'.repeat(127)}example`,
      'x'.repeat(100_000),
      'a.invalid',
      'localhost',
      '[::1]',
    ],
  ]
  for (const name of names) {
    for (const answer of [await dns.mx(name), await dns.addresses(name), await dns.txt(name)]) {
      assert.equal(answer.is, 'none', JSON.stringify(name.slice(0, 80)))
    }
  }
  assert.equal((await dns.ptr('no address')).is, 'none')
  assert.deepEqual(asked, [])
})

test('a name beyond ASCII is asked for by its A-labels, whatever its case', async () => {
  const { dns, asked } = await asking(() => ({}))
  await dns.mx('MÜNCHEN.Example.')
  await dns.mx('xn--mnchen-3ya.example')
  assert.deepEqual(
    asked.map(({ name }) => name),
    ['xn--mnchen-3ya.example'],
  )
})

test('a truncated answer is asked for again over TCP', async () => {
  const { dns, asked } = await asking(({ type }) => ({
    truncated: true,
    answers: Array.from({ length: 200 }, (_, index) => ({
      type: 'MX' as const,
      data: `${index} mx${index}.${type}.example`,
    })),
  }))
  const answer = await dns.mx('large.example')
  assert.equal(answer.is === 'found' && answer.exchanges.length, 50)
  assert.deepEqual(
    asked.map(({ over }) => over),
    ['udp', 'tcp'],
  )
})

test('an answer to another question, or under another number, is no answer', async () => {
  const { dns } = await asking(
    ({ name }) => ({
      answers: [{ type: 'MX', data: '10 evil.example' }],
      ...(name === 'a.example' ? { wrongId: true } : { question: { name: 'c.example', type: 'MX' } }),
    }),
    { timeoutMs: 400 },
    systemClock as unknown as ManualClock,
  )
  const answers = await Promise.all([dns.mx('a.example'), dns.mx('b.example')])
  assert.deepEqual(
    answers.map(({ is }) => is),
    ['unknown', 'unknown'],
  )
})

test('what is no DNS packet, and records whose data lie about their length, are unknown', async () => {
  const { dns } = await asking(
    ({ name }) => {
      if (name === 'noise.example') return Buffer.from('HTTP/1.1 200 OK\r\n\r\n')
      return { answers: [{ type: 'MX', data: Buffer.from([0, 10, 0xc0, 0xff]) }] }
    },
    { timeoutMs: 400 },
    systemClock as unknown as ManualClock,
  )
  assert.equal((await dns.mx('noise.example')).is, 'unknown')
  assert.equal((await dns.mx('loop.example')).is, 'unknown')
})

test('hostile names in answers are left out', async () => {
  const hostile = Buffer.concat([Buffer.from([8]), Buffer.from('a\r\nb\0 <x'), Buffer.from([0])])
  const { dns } = await asking(({ type }) => ({
    answers: [
      {
        type: type === 'MX' ? 'MX' : 'PTR',
        data: type === 'MX' ? Buffer.concat([Buffer.from([0, 1]), hostile]) : hostile,
      },
    ],
  }))
  assert.deepEqual(await dns.ptr('192.0.2.1'), { is: 'none', why: 'what DNS gives as its name is no host name' })
  assert.deepEqual(await dns.mx('a.example'), { is: 'none', why: 'its MX records name no host' })
})

test('a server that never answers is unknown when the time is over, and is not asked by each who comes', async () => {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  opened.push(() => void socket.close())
  const clock = new ManualClock()
  const { port } = socket.address()
  const dns = open({ servers: [`127.0.0.1:${port}`] }, clock)

  const answers = Promise.all(Array.from({ length: 1000 }, () => dns.mx('a.example')))
  clock.advance(2_999)
  assert.equal(await Promise.race([answers, Promise.resolve('waiting')]), 'waiting')
  clock.advance(1)
  const because = `no answer from 127.0.0.1:${port} within 3000 ms`
  for (const answer of await answers) assert.deepEqual(answer, { is: 'unknown', because })
  assert.deepEqual(await dns.mx('a.example'), { is: 'unknown', because }, 'at once')
})

test('no more than 500 questions are under way; the rest are told so at once', async () => {
  const { dns } = await asking(() => 'silence')
  const answers = Array.from({ length: 700 }, (_, index) => dns.mx(`a${index}.example`))
  const refused = await Promise.all(answers.slice(500))
  assert.deepEqual(
    new Set(refused.map((answer) => answer.is === 'unknown' && answer.because)),
    new Set(['too many DNS questions under way']),
  )
})

test('one question answers all who ask meanwhile, and later ones for as long as its TTL', async () => {
  const { dns, clock, asked } = await asking(({ type }) => ({
    answers: type === 'A' ? [{ type, data: '192.0.2.1', ttl: 30 }] : [],
  }))
  await Promise.all([dns.addresses('a.example'), dns.addresses('A.example.')])
  assert.equal(asked.length, 2, 'A and AAAA')
  clock.advance(29_999)
  await dns.addresses('a.example')
  assert.equal(asked.length, 2)
  clock.advance(1)
  await dns.addresses('a.example')
  assert.deepEqual(
    asked.slice(2).map(({ type }) => type),
    ['A'],
    'that there is no AAAA is kept for a minute',
  )
})

test('none is kept a minute, unknown five seconds, an answer without TTL five minutes', async () => {
  const { dns, clock, asked } = await asking(({ name }) => {
    if (name === 'found.example') return { answers: [{ type: 'MX', data: '10 mx.example' }] }
    return { code: name === 'none.example' ? 'NXDOMAIN' : 'SERVFAIL' }
  })
  async function countOf(name: string): Promise<number> {
    await dns.mx(name)
    return asked.filter((one) => one.name === name).length
  }
  const first = { found: await countOf('found.example'), none: await countOf('none.example') }
  const unknown = await countOf('unknown.example')
  clock.advance(4_999)
  assert.equal(await countOf('unknown.example'), unknown)
  clock.advance(1)
  assert.ok((await countOf('unknown.example')) > unknown)
  clock.advance(54_999)
  assert.equal(await countOf('none.example'), first.none)
  clock.advance(1)
  assert.equal(await countOf('none.example'), first.none + 1)
  clock.advance(239_999)
  assert.equal(await countOf('found.example'), first.found)
  clock.advance(1)
  assert.equal(await countOf('found.example'), first.found + 1)
})

test('other servers, and only those, begin with an empty cache', async () => {
  const first = await asking(() => ({ code: 'NXDOMAIN' }))
  const second = await startScriptedDns(() => ({ answers: [{ type: 'MX', data: '10 mx.example' }] }))
  opened.push(() => second.stop())
  assert.equal((await first.dns.mx('a.example')).is, 'none')
  first.dns.adopt({ servers: [first.server], timeoutMs: 2_000, cacheSize: 10 })
  assert.equal((await first.dns.mx('a.example')).is, 'none')
  assert.equal(first.asked.length, 1)
  first.dns.adopt({ servers: [second.server], timeoutMs: 3_000, cacheSize: 10 })
  assert.equal((await first.dns.mx('a.example')).is, 'found')
})

test('a server may be given by its name; one that is not found makes answers unknown', async () => {
  const { server } = await asking(() => ({ code: 'NXDOMAIN' }))
  const dns = open({ servers: [server.replace('127.0.0.1', 'localhost')] }, new ManualClock())
  assert.equal((await dns.mx('a.example')).is, 'none')
  const lost = open({ servers: ['..'] }, new ManualClock())
  const answer = await lost.mx('a.example')
  assert.match(answer.is === 'unknown' ? answer.because : answer.is, /^Cannot find the DNS server "\.\.": /)
})
