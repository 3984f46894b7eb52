import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '#base/clock.ts'
import type { DnsNone, DnsUnknown } from '#base/dns.ts'
import { checkSpf, type SpfQuestion } from './check-spf.ts'
import type { SpfResult } from './result.ts'
import { createSpfDns, type SpfDns } from './spf-dns.ts'

const NO_DATA: DnsNone = { is: 'none', why: 'no data' }
const AWAY: DnsUnknown = { is: 'unknown', because: 'no answer from 192.0.2.53' }

/** `'TXT example.com'`: its values; of an MX record the host alone; `'away'`: no answer. */
type Zone = Readonly<Record<string, readonly string[] | 'away'>>

interface Scripted extends SpfDns {
  readonly asked: readonly string[]
}

function dnsOf(zone: Zone): Scripted {
  const asked: string[] = []
  async function ask(type: string, name: string) {
    asked.push(`${type} ${name}`)
    const values = zone[`${type} ${name}`]
    if (values === 'away') return AWAY
    return values === undefined ? NO_DATA : ({ is: 'found', values } as const)
  }
  return {
    asked,
    async txt(name) {
      const answer = await ask('TXT', name)
      return answer.is === 'found' ? { is: 'found', texts: answer.values } : answer
    },
    async addresses(name, family) {
      const answer = await ask(family === 4 ? 'A' : 'AAAA', name)
      return answer.is === 'found' ? { is: 'found', addresses: answer.values } : answer
    },
    async mx(name) {
      const answer = await ask('MX', name)
      if (answer.is !== 'found') return answer
      return { is: 'found', exchanges: answer.values.map((host, preference) => ({ host, preference })) }
    },
    async ptr(ip) {
      const answer = await ask('PTR', ip)
      return answer.is === 'found' ? { is: 'found', names: answer.values } : answer
    },
  }
}

function check(dns: SpfDns, given: Partial<SpfQuestion> = {}): Promise<SpfResult> {
  const question = { ip: '192.0.2.1', helo: 'mx.example.com', sender: 'user@example.com', receiver: 'here.example' }
  return checkSpf({ ...question, clock: new ManualClock(), timeoutMs: 20_000, dns, ...given })
}

function named(count: number, prefix: string): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}.example.com`)
}

describe('what a check says', () => {
  const rows: readonly (readonly [string, Zone, Partial<SpfResult>])[] = [
    [
      'a match',
      {
        'TXT example.com': ['other', 'v=spf1 mx ~ip4:192.0.2.0/24 -all'],
        'MX example.com': ['a.example'],
        'A a.example': ['192.0.3.1'],
      },
      {
        result: 'softfail',
        identity: 'mailfrom',
        domain: 'example.com',
        mechanism: '~ip4:192.0.2.0/24',
        because: '"~ip4:192.0.2.0/24" in the record of example.com matches',
        lookups: 1,
        voidLookups: 0,
      },
    ],
    ['no record', {}, { result: 'none', because: 'example.com has no SPF record (no data)', lookups: 0 }],
    [
      'a server away',
      { 'TXT example.com': 'away' },
      { result: 'temperror', because: 'example.com TXT could not be looked up: no answer from 192.0.2.53' },
    ],
    [
      'a server away, further on',
      {
        'TXT example.com': ['v=spf1 include:b.example -all'],
        'TXT b.example': ['v=spf1 a -all'],
        'A b.example': 'away',
      },
      {
        result: 'temperror',
        because:
          '"include:b.example" in the record of example.com: "a" in the record of b.example: b.example A could not be looked up: no answer from 192.0.2.53',
        lookups: 2,
      },
    ],
    [
      'a wrong record',
      { 'TXT example.com': ['v=spf1 ipv4:192.0.2.1 -all'] },
      { result: 'permerror', because: 'the SPF record of example.com is wrong: "ipv4:192.0.2.1" is no mechanism' },
    ],
    [
      'two records',
      { 'TXT example.com': ['v=spf1 -all', 'v=spf1'] },
      { result: 'permerror', because: 'example.com has 2 SPF records' },
    ],
    [
      'nothing matched',
      { 'TXT example.com': ['v=spf1 ip4:192.0.3.1 a'] },
      { result: 'neutral', because: 'nothing in the record of example.com matches', lookups: 1, voidLookups: 1 },
    ],
    [
      'an explanation',
      { 'TXT example.com': ['v=spf1 -all exp=why.example'], 'TXT why.example': ['%{c} at %{r}: see\tx'] },
      { result: 'fail', mechanism: '-all' },
    ],
    [
      'an explanation that is filled in, of the record that a redirect led to',
      {
        'TXT example.com': ['v=spf1 redirect=b.example exp=no.example'],
        'TXT b.example': ['v=spf1 -all exp=why.%{d}'],
        'TXT why.b.example': ['%{c} is not of %{d}; %{o} at %{r} in %{t}'],
      },
      {
        result: 'fail',
        explanation: '192.0.2.1 is not of b.example; example.com at here.example in 1767225600',
        lookups: 1,
      },
    ],
    [
      'no explanation but for a failure',
      { 'TXT example.com': ['v=spf1 ~all exp=why.example'], 'TXT why.example': ['x'] },
      { result: 'softfail' },
    ],
  ]
  for (const [name, zone, wanted] of rows) {
    it(name, async () => {
      const found = await check(dnsOf(zone))
      const { explanation, ...rest } = found
      for (const [key, value] of Object.entries(wanted))
        assert.equal(found[key as keyof SpfResult], value, JSON.stringify(rest))
      assert.equal(explanation, wanted.explanation)
    })
  }
})

describe('whose domain is checked', () => {
  const zone: Zone = {
    'TXT example.com': ['v=spf1 ip4:192.0.2.1 -all'],
    'TXT mx.example.com': ['v=spf1 exists:%{l}.%{o}.%{h} -all'],
    'A postmaster.mx.example.com.mx.example.com': ['127.0.0.2'],
    'TXT xn--bcher-kva.example': ['v=spf1 ?include:%{l}.example -exists:%{l}.example +all'],
  }
  const rows: readonly (readonly [Partial<SpfQuestion>, Partial<SpfResult>])[] = [
    [{ sender: '' }, { result: 'pass', identity: 'helo', domain: 'mx.example.com' }],
    [
      { sender: '', helo: '[192.0.2.1]' },
      { result: 'none', identity: 'helo', domain: '[192.0.2.1]' },
    ],
    [
      { sender: '', helo: 'a\r\nb' },
      { result: 'none', domain: 'a\\u{d}\\u{a}b' },
    ],
    [{ sender: '@EXAMPLE.com' }, { result: 'pass', identity: 'mailfrom', domain: 'example.com' }],
    [{ sender: '"a@b"@example.com' }, { result: 'pass' }],
    [{ sender: 'x@[192.0.2.1]' }, { result: 'none' }],
    [{ sender: 'x@localhost' }, { result: 'none', because: '"localhost" is not the full name of a domain' }],
    [{ sender: 'x@a..b' }, { result: 'none' }],
    [{ sender: 'ä@Bücher.example' }, { result: 'pass', domain: 'xn--bcher-kva.example' }],
    [{ ip: '::ffff:192.0.2.1' }, { result: 'pass' }],
    [{ ip: 'unix' }, { result: 'none', because: 'the client has no IP address' }],
  ]
  for (const [given, wanted] of rows) {
    it(JSON.stringify(given), async () => {
      const found = await check(dnsOf(zone), given)
      for (const [key, value] of Object.entries(wanted))
        assert.equal(found[key as keyof SpfResult], value, found.because)
    })
  }
})

describe('the limits', () => {
  it('asks at most ten terms, and says so', async () => {
    const names = named(11, 'n')
    const zone: Zone = {
      'TXT example.com': [`v=spf1 ${names.map((name) => `a:${name}`).join(' ')} -all`],
      ...Object.fromEntries(names.map((name) => [`A ${name}`, ['192.0.3.1']])),
    }
    const dns = dnsOf(zone)
    const { result, because, lookups } = await check(dns)
    assert.deepEqual([result, lookups, dns.asked.length], ['permerror', 10, 11])
    assert.equal(because, '"a:n10.example.com" in the record of example.com: it needs more than 10 DNS look-ups')
  })

  it('ends at the third question that finds nothing', async () => {
    const dns = dnsOf({ 'TXT example.com': ['v=spf1 a:x.example exists:y.example mx:z.example +all'] })
    const { result, voidLookups, because } = await check(dns)
    assert.deepEqual([result, voidLookups, dns.asked.length], ['permerror', 3, 4])
    assert.match(because, /more than 2 of its DNS look-ups find nothing, the last one z\.example MX$/)
  })

  it('takes ten MX hosts and no more', async () => {
    const hosts = named(11, 'mx')
    for (const [count, wanted] of [
      [10, 'pass'],
      [11, 'permerror'],
    ] as const) {
      const zone: Zone = {
        'TXT example.com': ['v=spf1 mx -all'],
        'MX example.com': hosts.slice(0, count),
        ...Object.fromEntries(hosts.map((name, index) => [`A ${name}`, [index === 9 ? '192.0.2.1' : '192.0.3.1']])),
      }
      assert.equal((await check(dnsOf(zone))).result, wanted)
    }
  })

  it('looks at ten names of the client, once in a check, and none of them is the owner’s fault', async () => {
    const names = named(12, 'p')
    const zone: Zone = {
      'TXT example.com': ['v=spf1 ptr:a.example ptr:b.example exists:%{p}.c.example ptr -all'],
      'PTR 192.0.2.1': names,
      'A p10.example.com': ['192.0.2.1'],
    }
    const dns = dnsOf(zone)
    const { result, voidLookups } = await check(dns)
    assert.deepEqual([result, voidLookups], ['fail', 1])
    assert.deepEqual(
      dns.asked.filter((asked) => /^PTR|^A p\d/.test(asked)),
      ['PTR 192.0.2.1', ...names.slice(0, 10).map((name) => `A ${name}`)],
    )
    assert.ok(dns.asked.includes('A unknown.c.example'))
  })

  it('ends when its time is over', async () => {
    const clock = new ManualClock()
    for (const [record, silent] of [
      ['v=spf1 a -all', 'addresses'],
      ['v=spf1 ptr -all', 'ptr'],
      ['v=spf1 mx -all', 'mx'],
      ['v=spf1 include:b.example -all', 'txt'],
    ] as const) {
      const { promise: asked, resolve } = Promise.withResolvers<void>()
      const dns: SpfDns = dnsOf({ 'TXT example.com': [record] })
      const { txt } = dns
      const never = () => {
        resolve()
        return new Promise<never>(() => {})
      }
      Object.assign(dns, { [silent]: never })
      if (silent === 'txt') dns.txt = (name) => (name === 'example.com' ? txt(name) : never())
      const checking = check(dns, { clock })
      await asked
      clock.advance(20_000)
      const { result, because } = await checking
      assert.equal(result, 'temperror', record)
      assert.match(because, / in the record of example\.com: .*(not done within 20 s|in time)$/)
    }
  })

  it('leaves no alarm behind', async () => {
    let alarms = 0
    const clock = new ManualClock()
    clock.after = () => {
      alarms += 1
      return {
        cancel() {
          alarms -= 1
        },
      }
    }
    await check(dnsOf({ 'TXT example.com': ['v=spf1 -all'] }), { clock })
    assert.equal(alarms, 0)
  })

  it('asks a bounded number of questions and says bounded things, whatever the records are', async () => {
    const term = fc.constantFrom('a', 'mx', 'ptr', 'include:a.example', 'include:b.example', 'exists:%{p}.b.example')
    const more = fc.constantFrom(
      'redirect=a.example',
      'redirect=b.example',
      '-all exp=%{s}.b.example',
      '?all',
      'ip4:192.0.2.1',
    )
    const record = fc
      .tuple(fc.array(term, { maxLength: 8 }), more)
      .map(([terms, last]) => `v=spf1 ${terms.join(' ')} ${last}`)
    await fc.assert(
      fc.asyncProperty(fc.tuple(record, record, record), fc.string({ maxLength: 300 }), async ([own, a, b], local) => {
        const hosts = named(10, 'h')
        const zone: Zone = {
          ...{ 'TXT example.com': [own], 'TXT a.example': [a], 'TXT b.example': [b], 'PTR 192.0.2.1': named(50, 'h') },
          ...{ 'MX example.com': hosts, 'MX a.example': hosts, 'MX b.example': hosts },
          ...Object.fromEntries([...hosts, 'a.example', 'b.example'].map((name) => [`A ${name}`, ['192.0.3.1']])),
        }
        const dns = dnsOf(zone)
        const found = await check(dns, { sender: `${local}@example.com` })
        assert.ok(dns.asked.length <= 1 + 10 * 11 + 11 + 1, String(dns.asked.length))
        assert.ok(found.lookups <= 10 && found.voidLookups <= 3)
        assert.match(found.because, /^[^\p{C}]{1,2000}$/u)
      }),
      { numRuns: 200 },
    )
  })

  it('bounds what it says of a great record', async () => {
    const great = 'x'.repeat(60_000)
    const zone: Zone = {
      'TXT example.com': [`v=spf1 -exists:${'%{s}'.repeat(10_000)}.${great}.com -all exp=why.example`],
      'TXT why.example': ['%{s}%{S}'.repeat(8_000)],
    }
    const found = await check(dnsOf(zone))
    assert.equal(found.result, 'fail')
    assert.equal(found.explanation?.length, 400)
    assert.ok(JSON.stringify(found).length < 2000)
  })
})

describe('createSpfDns', () => {
  it('gives the addresses of one family', async () => {
    const dns = createSpfDns({
      txt: async () => NO_DATA,
      mx: async () => NO_DATA,
      ptr: async () => NO_DATA,
      addresses: async (name) =>
        name === 'both.example'
          ? { is: 'found', addresses: ['192.0.2.1', '2001:db8::1'] }
          : { is: 'found', addresses: ['::1'] },
    })
    assert.deepEqual(await dns.addresses('both.example', 4), { is: 'found', addresses: ['192.0.2.1'] })
    assert.deepEqual(await dns.addresses('both.example', 6), { is: 'found', addresses: ['2001:db8::1'] })
    assert.deepEqual(await dns.addresses('six.example', 4), NO_DATA)
  })
})
