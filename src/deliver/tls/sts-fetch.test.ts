import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { scriptDns } from '../dns-testing.ts'
import { postReport } from '../tls-report/post-report.ts'
import { fetchStsPolicy } from './sts-fetch.ts'
import { makePair, type TestPair } from './testing.ts'

const root = await makePair('Root', { ca: true })
const good = await makePair('mta-sts.a.example', { names: ['mta-sts.a.example'], by: root })
const other = await makePair('other.example', { names: ['a.example'], by: root })
const expired = await makePair('mta-sts.a.example', {
  names: ['mta-sts.a.example'],
  by: root,
  until: new Date(Date.now() - 86_400_000),
})
const alone = await makePair('mta-sts.a.example', { names: ['mta-sts.a.example'] })

const TEXT = 'version: STSv1\r\nmode: enforce\r\nmx: mx.a.example\r\nmax_age: 86400\r\n'
const POLICY = { policy: { mode: 'enforce', mx: ['mx.a.example'], maxAgeS: 86_400 } }
const TEXT_PLAIN = { 'content-type': 'text/plain' }

type Serve = (request: IncomingMessage, response: ServerResponse) => void

function serves(text: string, type = 'text/plain', status = 200): Serve {
  return (_, response) => response.writeHead(status, { 'content-type': type }).end(text)
}

/** Run a web server while `use` asks it. */
async function withServer<T>(pair: TestPair, serve: Serve, use: (port: number) => Promise<T>): Promise<T> {
  const server = createServer({ key: pair.key, cert: pair.cert }, serve)
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await use((server.address() as { port: number }).port)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const dns = scriptDns({ 'mta-sts.a.example A': '127.0.0.1', 'r.example A': '127.0.0.1' })

const ROWS: readonly (readonly [string, TestPair, Serve, string | undefined])[] = [
  ['a policy', good, serves(TEXT), undefined],
  ['a policy with a character set', good, serves(TEXT, 'Text/Plain; charset=utf-8'), undefined],
  ['another type (§3.2)', good, serves(TEXT, 'text/html'), 'sts-policy-fetch-error'],
  ['a type that begins alike', good, serves(TEXT, 'text/plainer'), 'sts-policy-fetch-error'],
  ['no such file', good, serves(TEXT, 'text/plain', 404), 'sts-policy-fetch-error'],
  ['a part of it', good, serves(TEXT, 'text/plain', 206), 'sts-policy-fetch-error'],
  [
    'a redirect is not followed (§3.3)',
    good,
    (request, response) => {
      if (request.url === '/else') response.writeHead(200, TEXT_PLAIN).end(TEXT)
      else response.writeHead(301, { location: '/else', ...TEXT_PLAIN }).end(TEXT)
    },
    'sts-policy-fetch-error',
  ],
  ['more than 64 KiB', good, serves(TEXT + 'x: y\r\n'.repeat(12_000)), 'sts-policy-fetch-error'],
  [
    'no end',
    good,
    (_, response) => void response.writeHead(200, TEXT_PLAIN).write(TEXT, () => response.destroy()),
    'sts-policy-fetch-error',
  ],
  ['no policy', good, serves('hello'), 'sts-policy-invalid'],
  ['a certificate for another name', other, serves(TEXT), 'sts-webpki-invalid'],
  ['a certificate that has expired', expired, serves(TEXT), 'sts-webpki-invalid'],
  ['a certificate that nobody signed', alone, serves(TEXT), 'sts-webpki-invalid'],
]

for (const [what, pair, serve, wanted] of ROWS) {
  test(`fetch: ${what}`, async () => {
    const fetched = await withServer(pair, serve, (port) =>
      fetchStsPolicy('a.example', { dns, clock: new ManualClock(), ca: [root.cert], port }),
    )
    if (wanted === undefined) assert.deepEqual(fetched, POLICY)
    else assert.equal('result' in fetched && fetched.result, wanted, JSON.stringify(fetched))
  })
}

test('it asks for the one place, by the one name', async () => {
  let asked = ''
  await withServer(
    good,
    (request, response) => {
      asked = `${request.method} ${request.url} ${request.headers.host}`
      response.end()
    },
    (port) => fetchStsPolicy('a.example', { dns, clock: new ManualClock(), ca: [root.cert], port }),
  )
  assert.equal(asked, 'GET /.well-known/mta-sts.txt mta-sts.a.example')
})

test('a server that says nothing is waited for a minute', async () => {
  const clock = new ManualClock()
  const silent: Serve = () => clock.advance(60_000)
  const fetched = await withServer(good, silent, (port) =>
    fetchStsPolicy('a.example', { dns, clock, ca: [root.cert], port }),
  )
  assert.match('because' in fetched ? fetched.because : '', /did not answer within 60000 ms/)
})

test('a policy is never asked of this machine, nor of a name that is not there', async () => {
  for (const domain of ['a.example', 'b.example']) {
    const fetched = await fetchStsPolicy(domain, { dns, clock: new ManualClock() })
    assert.equal('result' in fetched && fetched.result, 'sts-policy-fetch-error')
  }
})

test('a report goes by HTTPS; what the server answers decides', async () => {
  const pair = await makePair('r.example', { names: ['r.example'], by: root })
  const parts = { dns, clock: new ManualClock(), ca: [root.cert] }
  for (const [status, wanted] of [
    [201, undefined],
    [500, /answered 500/],
    [301, /answered 301/],
  ] as const) {
    let got = ''
    const trouble = await withServer(
      pair,
      (request, response) => {
        const pieces: Buffer[] = []
        request.on('data', (piece: Buffer) => pieces.push(piece))
        request.on('end', () => {
          got = `${request.method} ${request.url} ${request.headers['content-type']} ${Buffer.concat(pieces)}`
          response.writeHead(status).end()
        })
      },
      (port) => postReport(`https://r.example:${port}/tls`, Buffer.from('packed'), parts),
    )
    assert.equal(got, 'POST /tls application/tlsrpt+gzip packed')
    if (wanted === undefined) assert.equal(trouble, undefined)
    else assert.match(trouble ?? '', wanted)
  }
})

test('no report goes to this machine, or to who cannot prove the name', async () => {
  const clock = new ManualClock()
  for (const url of [
    ...['https://127.0.0.1/', 'https://[::1]/', 'https://[::ffff:127.0.0.1]/', 'https://r.example/'],
    ...['https://10.0.0.1/', 'https://169.254.169.254/', 'https://[fd00::1]/'],
  ]) {
    assert.match((await postReport(url, Buffer.alloc(1), { dns, clock })) ?? '', /usable/)
  }
  const known = { addresses: async () => ({ is: 'found', addresses: ['192.0.2.1'] }) as const }
  const unaskable = await postReport('https://%ff@r.example/', Buffer.alloc(1), { dns: known, clock })
  assert.match(unaskable ?? '', /^r\.example: URI malformed$/)
  clock.advance(60_000)
  const trouble = await withServer(alone, serves(''), (port) =>
    postReport(`https://r.example:${port}/`, Buffer.alloc(1), { dns, clock, ca: [root.cert] }),
  )
  assert.notEqual(trouble, undefined)
})
