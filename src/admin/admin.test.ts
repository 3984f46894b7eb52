import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '#base/fault.ts'
import { createAdmin } from './admin.ts'
import type { AdminParts } from './parts.ts'
import { notFound } from './problem.ts'
import { object, type Route } from './route.ts'

const faults: string[] = []
let mode = 'controlled'
const noted: string[] = []
const parts = {
  events: { faulted: ({ what }: { what: string }) => void faults.push(what) },
  settings: { current: () => ({ settings: { relay: { mode } } }) },
  administratorAddress: () => noted.at(-1),
  administratorAt: async (ip: string) => void noted.push(ip),
} as unknown as AdminParts

function failing(path: string, error: unknown): Route {
  return {
    method: 'GET',
    path,
    run: async () => {
      throw error
    },
  }
}

const ROUTES: readonly Route[] = [
  failing('/missing', notFound('thing', 'x', 'Look elsewhere')),
  failing('/away', new Fault('The disk is away', { temporary: true })),
  failing('/taken', new Fault('a@b.test belongs to the user c@b.test', { temporary: false })),
  failing('/bug', new Error('undefined is not a secret')),
  {
    method: 'POST',
    path: '/echo/:name',
    body: object({ count: { type: 'integer', minimum: 1 } }, ['count']),
    query: object({ word: { type: 'string', maxLength: 5 } }),
    run: async (asked) => asked,
  },
]

const { app } = createAdmin(parts, ROUTES)

async function call(method: 'GET' | 'POST', url: string, payload?: object, author?: string) {
  const headers = author === undefined ? {} : { 'x-postern-author': author }
  const response = await app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) })
  return { status: response.statusCode, body: response.json() }
}

test('each kind of trouble has its status, and says what to do', async () => {
  assert.deepEqual(await call('GET', '/missing'), {
    status: 404,
    body: { error: 'There is no thing "x"', todo: 'Look elsewhere' },
  })
  assert.equal((await call('GET', '/away')).status, 503)
  assert.equal((await call('GET', '/taken')).status, 409)
  assert.equal((await call('GET', '/nowhere')).status, 404)
})

test('a bug tells the caller nothing, and the log all', async () => {
  faults.length = 0
  const { status, body } = await call('GET', '/bug')
  assert.equal(status, 500)
  assert.doesNotMatch(JSON.stringify(body), /secret/)
  assert.deepEqual(faults, ['administration: GET /bug'])
})

test('what does not fit the schema does not get in', async () => {
  assert.equal((await call('POST', '/echo/x', { count: 2 })).status, 200)
  assert.equal((await call('POST', '/echo/x', {})).status, 400)
  assert.equal((await call('POST', '/echo/x', { count: 0 })).status, 400)
  assert.equal((await call('POST', '/echo/x', { count: 1, admin: true })).status, 400)
  assert.equal((await call('POST', '/echo/x?word=longer', { count: 1 })).status, 400)
  assert.equal((await call('POST', '/echo/x?other=1', { count: 1 })).status, 400)
  const raw = '{"count":1,"__proto__":{"admin":true}}'
  const polluted = await app.inject({
    method: 'POST',
    url: '/echo/x',
    headers: { 'content-type': 'application/json' },
    payload: raw,
  })
  assert.equal(polluted.statusCode, 400)
})

test('names are decoded once, and data whatever they are', async () => {
  const { body } = await call('POST', `/echo/${encodeURIComponent('__proto__@a/b%41')}`, { count: 1 })
  assert.equal(body.params.name, '__proto__@a/b%41')
})

test('the author is a label, on one line', async () => {
  const author = async (header?: string) => (await call('POST', '/echo/x', { count: 1 }, header)).body.author
  assert.equal(await author(encodeURIComponent('postern (anna)')), 'postern (anna)')
  assert.equal(await author(encodeURIComponent('a\nb')), 'a\\u{a}b')
  assert.equal(await author('%'), 'postern')
  assert.equal(await author(), 'postern')
})

test('where the administrator sits is noted in its one form, when it is new, and only if it is an address', async () => {
  const client = async (header: string) => {
    const headers = { 'x-postern-client': header }
    return (await app.inject({ method: 'POST', url: '/echo/x', headers, payload: { count: 1 } })).json().clientIp
  }
  assert.equal(await client('::ffff:203.0.113.7'), '203.0.113.7')
  assert.equal(await client('203.0.113.7'), '203.0.113.7')
  assert.equal(await client('2001:DB8:0::9'), '2001:db8::9')
  for (const none of ['127.0.0.1', '::1', '::ffff:127.0.0.1', 'localhost', '203.0.113.0/24', '', 'x'.repeat(5000)]) {
    assert.equal(await client(none), undefined, none)
  }
  assert.deepEqual(noted, ['203.0.113.7', '2001:db8::9'])
})

test('while the relay is open, every answer says so, those of trouble too', async () => {
  const warningOf = async (url: string) => {
    const { headers } = await app.inject({ method: 'GET', url })
    return decodeURIComponent(String(headers['postern-warning'] ?? ''))
  }
  assert.equal(await warningOf('/missing'), '')
  mode = 'open'
  for (const url of ['/missing', '/bug', '/nowhere'])
    assert.match(await warningOf(url), /^This server is an open relay/)
  mode = 'controlled'
})
