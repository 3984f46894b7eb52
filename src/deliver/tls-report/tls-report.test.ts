import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { ManualClock } from '#base/clock.ts'
import type { NewMessage, TlsCount } from '#store/contract.ts'
import type { TlsRequirement } from '../contract.ts'
import { type DnsTable, scriptDns } from '../dns-testing.ts'
import { parseReportRecord } from './destinations.ts'
import { createSessionCounts, type SessionCountsParts } from './session-counts.ts'
import { writeTlsReport } from './tls-report.ts'
import { createTlsReports } from './tls-reports.ts'

const RECORDS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['mail (RFC 8460 §3)', ['v=TLSRPTv1; rua=mailto:reports@example.com'], ['reports@example.com']],
  ['HTTPS', ['v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt'], ['https://reporting.example.com/v1/tlsrpt']],
  ['several', ['v=TLSRPTv1;rua=mailto:a@b.example,https://c.example/;'], ['a@b.example', 'https://c.example/']],
  ['fields that are not known', ['v=TLSRPTv1; x=y; rua = mailto:a@b.example'], ['a@b.example']],
  ['percent-encoded', ['v=TLSRPTv1; rua=mailto:a%2Bb@b.example'], ['a+b@b.example']],
  ['headers of a mailto are left out', ['v=TLSRPTv1; rua=mailto:a@b.example?subject=x'], ['a@b.example']],
  ['beside other texts', ['v=spf1', 'v=TLSRPTv1; rua=mailto:a@b.example'], ['a@b.example']],
  ['two records are none', ['v=TLSRPTv1; rua=mailto:a@b.example', 'v=TLSRPTv1; rua=mailto:a@b.example'], []],
  ['http is nothing', ['v=TLSRPTv1; rua=http://a.example/'], []],
  [
    'a login is none of ours to send',
    ['v=TLSRPTv1; rua=https://u:p@a.example/,https://b.example/'],
    ['https://b.example/'],
  ],
  ['a login that cannot be decoded', ['v=TLSRPTv1; rua=https://%ff@a.example/'], []],
  ['no place', ['v=TLSRPTv1;'], []],
  ['another version', ['v=TLSRPTv2; rua=mailto:a@b.example'], []],
  ['an address with a line end', ['v=TLSRPTv1; rua=mailto:a%0D%0ABcc:x@b.example'], []],
  ['an address in brackets', ['v=TLSRPTv1; rua=mailto:a@[127.0.0.1]'], []],
  [
    'no more than five',
    [`v=TLSRPTv1; rua=${Array(9).fill('mailto:a@b.example').join(',')}`],
    Array(5).fill('a@b.example'),
  ],
]

for (const [what, texts, wanted] of RECORDS) {
  test(`record: ${what}`, () => {
    const read = parseReportRecord(texts).map((one) => (one.is === 'mail' ? one.address : one.url))
    assert.deepEqual(read, wanted)
  })
}

test('whatever a record says, what is read of it is harmless', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.boolean(), (text, isMail) => {
      for (const one of parseReportRecord([`v=TLSRPTv1; rua=${isMail ? 'mailto:' : 'https://'}${text}`])) {
        if (one.is === 'mail') assert.match(one.address, /^[!-;=?-~]+@[a-z0-9._-]+$/)
        else assert.ok(one.url.startsWith('https://'))
      }
    }),
    { numRuns: 300 },
  )
})

const SERVER = { host: 'mx.a.example', ip: '192.0.2.1', port: 25 }
const PLAIN: TlsRequirement = { mode: 'opportunistic', by: 'settings', names: [] }
const STS: TlsRequirement = { mode: 'verified', by: 'mta-sts', names: ['mx.a.example'] }
const DANE: TlsRequirement = {
  mode: 'verified',
  by: 'dane',
  names: [],
  tlsa: [{ usage: 3, selector: 1, matching: 1, data: new Uint8Array(32).fill(0xab) }],
}

/** A counter over a store in memory, on 1 January 2026. */
function counting(given: Partial<SessionCountsParts> = {}) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 12))
  const rows: TlsCount[] = []
  const faults: unknown[] = []
  const counts = createSessionCounts({
    store: { countSessions: async (added) => void rows.push(...added) },
    clock,
    enabled: () => true,
    stsPolicy: () => ({ mode: 'enforce', mx: ['*.a.example'], maxAgeS: 86_400 }),
    faulted: (error) => faults.push(error),
    ...given,
  })
  return { clock, rows, faults, counts }
}

test('the report of a day, by policy and by failure (RFC 8460 §4.4)', async () => {
  const { counts, rows } = counting()
  for (let times = 0; times < 3; times += 1) counts.tried({ domain: 'a.example', server: SERVER, requirement: STS })
  for (let times = 0; times < 2; times += 1) {
    counts.tried({ domain: 'a.example', server: SERVER, requirement: STS, failed: 'certificate-expired' })
  }
  counts.tried({ domain: 'a.example', server: SERVER, requirement: DANE })
  counts.tried({ domain: 'a.example', server: SERVER, requirement: PLAIN })
  counts.unnamed('a.example', { ...SERVER, host: 'old.example' })
  counts.policyFailed('a.example', { result: 'sts-webpki-invalid', because: 'expired' })
  await counts.flush()
  const options = { organization: 'mail.own.example', contact: 'postmaster@own.example', reportId: '1@own.example' }
  const report: unknown = JSON.parse(writeTlsReport('a.example', '2026-01-01', rows, options))
  assert.deepEqual(report, {
    'organization-name': 'mail.own.example',
    'date-range': { 'start-datetime': '2026-01-01T00:00:00Z', 'end-datetime': '2026-01-01T23:59:59Z' },
    'contact-info': 'postmaster@own.example',
    'report-id': '1@own.example',
    policies: [
      {
        policy: {
          'policy-type': 'sts',
          'policy-string': ['version: STSv1', 'mode: enforce', 'mx: *.a.example', 'max_age: 86400'],
          'policy-domain': 'a.example',
          'mx-host': ['*.a.example'],
        },
        summary: { 'total-successful-session-count': 3, 'total-failure-session-count': 3 },
        'failure-details': [
          {
            'result-type': 'certificate-expired',
            'receiving-mx-hostname': 'mx.a.example',
            'receiving-ip': '192.0.2.1',
            'failed-session-count': 2,
          },
          {
            'result-type': 'validation-failure',
            'receiving-mx-hostname': 'old.example',
            'receiving-ip': '192.0.2.1',
            'additional-information': 'the policy does not name this MX host',
            'failed-session-count': 1,
          },
        ],
      },
      {
        policy: {
          'policy-type': 'tlsa',
          'policy-string': [`3 1 1 ${'ab'.repeat(32)}`],
          'policy-domain': 'a.example',
        },
        summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 0 },
      },
      {
        policy: { 'policy-type': 'no-policy-found', 'policy-domain': 'a.example' },
        summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 0 },
      },
      {
        policy: { 'policy-type': 'sts', 'policy-domain': 'a.example' },
        summary: { 'total-successful-session-count': 0, 'total-failure-session-count': 1 },
        'failure-details': [
          { 'result-type': 'sts-webpki-invalid', 'additional-information': 'expired', 'failed-session-count': 1 },
        ],
      },
    ],
  })
})

test('counts are put down every minute, and kept where that fails', async () => {
  let isAway = true
  const kept: TlsCount[] = []
  const { counts, clock, faults } = counting({
    store: {
      countSessions: async (added) => {
        if (isAway) throw new Error('no room')
        kept.push(...added)
      },
    },
  })
  counts.tried({ domain: 'a.example', server: SERVER, requirement: PLAIN })
  clock.advance(60_000)
  await settled()
  assert.equal(faults.length, 1)
  counts.tried({ domain: 'a.example', server: SERVER, requirement: PLAIN })
  isAway = false
  clock.advance(60_000)
  await settled()
  assert.deepEqual(
    kept.map(({ day, domain, sessions }) => [day, domain, sessions]),
    [['2026-01-01', 'a.example', 2]],
  )
  await counts.stop()
})

test('nothing is counted where reports are off, and what is counted is bounded', async () => {
  const off = counting({ enabled: () => false })
  off.counts.tried({ domain: 'a.example', server: SERVER, requirement: PLAIN })
  await off.counts.flush()
  assert.equal(off.rows.length, 0)
  const { counts, rows } = counting()
  for (let at = 0; at < 20_100; at += 1) {
    counts.tried({ domain: `${at}.example`, server: SERVER, requirement: PLAIN })
  }
  await counts.flush()
  assert.equal(rows.length, 20_000)
})

/** Let what waits for promises alone go on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const KEY = JSON.stringify({ policy: { type: 'no-policy-found', text: [], mx: [] } })

/** A sender over a store in memory, on 2 January 2026, an hour after midnight. */
function reporting(table: DnsTable, counts: readonly Omit<TlsCount, 'key' | 'sessions'>[], postTrouble?: string) {
  const clock = new ManualClock(Date.UTC(2026, 0, 2, 1))
  let rows: readonly TlsCount[] = counts.map((count) => ({ ...count, key: KEY, sessions: 1 }))
  const mails: NewMessage[] = []
  const posts: { url: string; report: unknown }[] = []
  const reports = createTlsReports({
    store: {
      countsBefore(day, limit) {
        const before = rows.filter((row) => row.day < day).sort((a, b) => (a.domain < b.domain ? -1 : 1))
        const domains = [...new Set(before.map(({ domain }) => domain))].slice(0, limit)
        return before.filter(({ domain }) => domains.includes(domain))
      },
      async forgetCounts(day, domain) {
        rows = rows.filter((row) => row.day !== day || row.domain !== domain)
      },
    },
    dns: scriptDns(table),
    clock,
    random: () => 0.5,
    enabled: () => true,
    hostname: () => 'mail.own.example',
    isLocalDomain: (domain) => domain === 'own.example',
    accept: async (message) => mails.push(message),
    post: async (url, compressed) => {
      posts.push({ url, report: JSON.parse(gunzipSync(compressed).toString()) })
      return postTrouble
    },
    nextReference: () => ({ id: 7, ref: 'REF7' }),
    faulted: (error) => {
      throw error
    },
  })
  return { clock, reports, mails, posts, left: () => rows.map(({ day, domain }) => `${day} ${domain}`) }
}

const ASKS = 'v=TLSRPTv1; rua=mailto:tls@a.example'

test('what one domain can make us keep in a day is bounded, flushed or not', async () => {
  const { counts, rows, clock } = counting()
  const distinct = (domain: string) => new Set(rows.filter((row) => row.domain === domain).map(({ key }) => key)).size
  const sessions = (domain: string) =>
    rows.filter((row) => row.domain === domain).reduce((sum, row) => sum + row.sessions, 0)
  for (let at = 0; at < 500; at += 1) {
    const server = { ...SERVER, host: `mx${at}.a.example` }
    counts.tried({ domain: 'a.example', server, requirement: STS, failed: 'validation-failure' })
    if (at % 50 === 49) await counts.flush()
  }
  // A hundred, and one for the others; every session is counted.
  assert.equal(distinct('a.example'), 101)
  assert.equal(sessions('a.example'), 500)
  assert.equal(
    rows.filter(({ key }) => key.includes('others')).reduce((sum, row) => sum + row.sessions, 0),
    400,
  )
  // What is known is counted as before, and other domains are none the worse.
  counts.tried({
    domain: 'a.example',
    server: { ...SERVER, host: 'mx0.a.example' },
    requirement: STS,
    failed: 'validation-failure',
  })
  counts.tried({ domain: 'b.example', server: SERVER, requirement: STS, failed: 'validation-failure' })
  await counts.flush()
  assert.match(rows.at(-2)?.key ?? '', /mx0\.a\.example/)
  assert.match(rows.at(-1)?.key ?? '', /mx\.a\.example/)
  // A new day has room again.
  clock.advance(86_400_000)
  counts.tried({
    domain: 'a.example',
    server: { ...SERVER, host: 'mx400.a.example' },
    requirement: STS,
    failed: 'validation-failure',
  })
  await counts.flush()
  assert.match(rows.at(-1)?.key ?? '', /mx400\.a\.example/)
})

test('of a long policy the beginning is kept', async () => {
  const mx = Array.from({ length: 30 }, (_, at) => `${'x'.repeat(240)}${at}.example`)
  const { counts, rows } = counting({ stsPolicy: () => ({ mode: 'enforce', mx, maxAgeS: 1 }) })
  counts.tried({ domain: 'a.example', server: SERVER, requirement: STS })
  const tlsa = Array.from({ length: 50 }, () => ({ usage: 3, selector: 1, matching: 2, data: new Uint8Array(64) }))
  counts.tried({ domain: 'a.example', server: SERVER, requirement: { ...DANE, tlsa } })
  counts.policyFailed('a.example', { result: 'sts-policy-fetch-error', because: 'x'.repeat(100_000) })
  await counts.flush()
  for (const { key } of rows) assert.ok(key.length < 5000, String(key.length))
  assert.match(rows[0]?.key ?? '', /"mode: enforce","mx: x+0\.example"/)
})

test('a domain that asks for it has its report by mail (RFC 8460 §5.3)', async () => {
  const { reports, mails, left } = reporting({ '_smtp._tls.a.example TXT': ASKS }, [
    { day: '2026-01-01', domain: 'a.example' },
  ])
  assert.equal(await reports.run(), 1)
  assert.deepEqual(left(), [])
  const [mail] = mails as [NewMessage]
  assert.equal(mail.sender, '')
  assert.deepEqual(mail.queue, [{ recipient: 'tls@a.example', notify: 'NEVER', tlsOptional: true }])
  const text = Buffer.from(mail.body as Uint8Array).toString()
  for (const line of text.split('\r\n')) assert.ok(line.length <= 200 && !line.includes('\n'), line)
  const wanted = [
    /^From: Postern <postmaster@mail\.own\.example>$/m,
    /^To: <tls@a\.example>$/m,
    /^Subject: Report Domain: a\.example Submitter: mail\.own\.example\r\n Report-ID: <2026-01-01\.REF7@mail\.own\.example>$/m,
    /^TLS-Report-Domain: a\.example$/m,
    /^TLS-Report-Submitter: mail\.own\.example$/m,
    /^Content-Type: multipart\/report; report-type="tlsrpt";$/m,
    /^Content-Type: application\/tlsrpt\+gzip$/m,
    /filename="mail\.own\.example!a\.example!1767225600!1767311999!2026-01-01\.REF7-mail\.own\.example\.json\.gz"/,
  ]
  for (const pattern of wanted) assert.match(text.replaceAll('\r\n', '\n').replaceAll('\n ', '\r\n '), pattern)
  const encoded = /filename=.*\r\n\r\n([A-Za-z0-9+/=\r\n]+)\r\n--/.exec(text)?.[1] ?? ''
  const report = JSON.parse(gunzipSync(Buffer.from(encoded, 'base64')).toString()) as { policies: unknown[] }
  assert.equal(report.policies.length, 1)
})

test('by HTTPS; today is not over yet', async () => {
  const table = { '_smtp._tls.a.example TXT': 'v=TLSRPTv1; rua=https://r.example/tls' }
  const { reports, posts, left } = reporting(table, [
    { day: '2026-01-01', domain: 'a.example' },
    { day: '2026-01-02', domain: 'a.example' },
  ])
  assert.equal(await reports.run(), 1)
  assert.deepEqual(
    posts.map(({ url }) => url),
    ['https://r.example/tls'],
  )
  assert.deepEqual(left(), ['2026-01-02 a.example'])
})

test('who does not ask is not told, nor are our own domains; their counts are forgotten', async () => {
  const { reports, mails, left } = reporting({ '_smtp._tls.own.example TXT': ASKS }, [
    { day: '2026-01-01', domain: 'b.example' },
    { day: '2026-01-01', domain: 'own.example' },
  ])
  assert.equal(await reports.run(), 0)
  assert.deepEqual([mails.length, left().length], [0, 0])
})

test('what could not be sent is tried again for a day, and does not stop the others', async () => {
  const domains = Array.from({ length: 130 }, (_, at) => `d${String(at).padStart(3, '0')}.example`)
  const table: Record<string, string> = {}
  domains.forEach((domain, at) => {
    table[`_smtp._tls.${domain} TXT`] = at % 2 === 0 ? 'unknown' : ASKS
  })
  const { reports, mails, left, clock } = reporting(
    table,
    domains.map((domain) => ({ day: '2026-01-01', domain })),
  )
  assert.equal(await reports.run(), 65)
  assert.deepEqual([mails.length, left().length], [65, 65])
  clock.advance(24 * 3_600_000)
  await reports.run()
  assert.equal(left().length, 0)
})

test('a place that does not take it is asked again', async () => {
  const table = { '_smtp._tls.a.example TXT': 'v=TLSRPTv1; rua=https://r.example/tls' }
  const { reports, posts, left } = reporting(table, [{ day: '2026-01-01', domain: 'a.example' }], 'it answered 500')
  assert.equal(await reports.run(), 0)
  assert.deepEqual([posts.length, left().length], [1, 1])
  reports.stop()
})

test('it runs soon after the start, and then after the next midnight, at an hour of chance', async () => {
  const { reports, mails, clock } = reporting({ '_smtp._tls.a.example TXT': ASKS }, [
    { day: '2026-01-01', domain: 'a.example' },
    { day: '2026-01-02', domain: 'a.example' },
  ])
  clock.advance(600_000)
  await waitFor(() => mails.length === 1)
  clock.advance(23 * 3_600_000)
  await settled()
  assert.equal(mails.length, 1)
  clock.advance(2 * 3_600_000)
  await waitFor(() => mails.length === 2)
  reports.stop()
})

/** Let what is under way (compression runs beside) come to its end. */
async function waitFor(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !isDone(); turn += 1) await settled()
  assert.ok(isDone())
}
