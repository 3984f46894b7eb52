import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { createHttp } from './http.ts'

let ready = true
let allowed = true
let most: number | 'unlimited' = 'unlimited'
let warning: string | undefined
const faults: unknown[] = []
let metrics: () => Promise<string> = async () => 'postern_ready 1\n'
const server = createHttp({
  ready: () => ready,
  allows: () => allowed,
  maxConnections: () => most,
  warning: () => warning,
  metrics: { text: () => metrics() },
  faulted: (error) => void faults.push(error),
})
let base: string

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.close()
  server.closeAllConnections()
})

async function get(path: string, init: RequestInit = {}) {
  const response = await fetch(base + path, { ...init, headers: { connection: 'close' } })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

test('it tells whether the server lives and is ready', async () => {
  assert.deepEqual([(await get('/healthz')).status, (await get('/readyz?x')).status], [200, 200])
  ready = false
  assert.deepEqual([(await get('/healthz')).status, (await get('/readyz')).status], [200, 503])
  ready = true
})

test('the page says that the pages are not there yet', async () => {
  const { status, text, headers } = await get('/')
  assert.equal(status, 200)
  assert.match(text, /not there yet/)
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/)
})

test('what there is to be warned of stands on the page, and in the head of every answer', async () => {
  assert.equal((await get('/')).headers.get('postern-warning'), null)
  warning = 'anyone <may> relay: 100 % \u201copen\u201d'
  const { text } = await get('/')
  assert.match(text, /<p role="alert"><strong>anyone &#60;may&#62; relay/)
  for (const path of ['/', '/healthz', '/readyz', '/metrics', '/nothing']) {
    const { headers } = await get(path)
    assert.equal(decodeURIComponent(headers.get('postern-warning') ?? ''), warning, path)
  }
  assert.equal((await get('/healthz')).text, 'ok\n')
  warning = undefined
})

test('the metrics are text that Prometheus reads', async () => {
  const { status, text, headers } = await get('/metrics')
  assert.deepEqual([status, text], [200, 'postern_ready 1\n'])
  assert.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  metrics = async () => Promise.reject(new Error('a secret'))
  const failed = await get('/metrics')
  assert.equal(failed.status, 500)
  assert.doesNotMatch(failed.text, /secret/)
  assert.match(String(faults), /a secret/)
  assert.equal((await get('/healthz')).status, 200)
})

test('nothing is administered over TCP', async () => {
  for (const path of ['/api/status', '/api/users', '/api/settings', '//api/status', '/API/status', '/../api/status']) {
    assert.equal((await get(path)).status, 404, path)
  }
  assert.equal((await get('/api/domains', { method: 'POST', body: '{}' })).status, 405)
})

test('who is not in the group of the service, or one too many, is turned away', async () => {
  allowed = false
  await assert.rejects(get('/healthz'))
  allowed = true
  most = 1
  const { port } = server.address() as AddressInfo
  const held = connect(port, '127.0.0.1')
  await once(held, 'connect')
  held.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(held, 'data')
  await assert.rejects(get('/healthz'))
  most = 'unlimited'
  held.destroy()
})
