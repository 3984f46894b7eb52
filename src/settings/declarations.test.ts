import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DECLARATIONS, placeOf } from './declarations.ts'

const PAGES = [
  'Delivery',
  'Queue',
  'Server',
  'Services',
  'Certificates',
  'IP address groups',
  'Relay control',
  'Trusted servers',
  'Security options',
  'Account limits',
  'Logs',
]

for (const [path, kind] of DECLARATIONS) {
  test(`${path} is declared in full`, () => {
    const written = kind.format(kind.default)
    const parsed = kind.parse(written)
    assert.ok(parsed.ok, `its default ${JSON.stringify(written)} is out of bounds: wanted ${kind.accepts}`)
    assert.deepEqual(kind.format(parsed.value), written)
    assert.match(kind.about, /^[^\n|]{20,250}[.)]$/, 'about is one sentence')
    assert.match(kind.accepts, /^[^\n]+$/)
    assert.ok(kind.page !== undefined && PAGES.includes(kind.page), `page ${kind.page}`)
    assert.ok(kind.applies !== undefined)
    assert.match(path, /^[a-z][a-zA-Z0-9]*(\.[a-z][a-zA-Z0-9]*)*$/)
  })
}

test('a path finds its place', () => {
  const rows: readonly [string, string | undefined][] = [
    ['', 'branch'],
    ['relay', 'branch'],
    ['relay.mode', 'setting'],
    ['ipGroups', 'setting'],
    ['ipGroups.office', 'entry'],
    ['ipGroups.a.b', 'entry'],
    ['ipGroups.', undefined],
    ['relay.mode.x', undefined],
    ['relay.nothing', undefined],
    ['relay.', undefined],
    ['.', undefined],
    ['constructor', undefined],
    ['__proto__', undefined],
    ['relay.toString', undefined],
    ['relay.mode.parse', undefined],
  ]
  for (const [path, is] of rows) assert.equal(placeOf(path)?.is, is, path)
})
