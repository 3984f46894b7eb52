import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { normalizeDnsName, reservedName, reverseDnsName } from './dns-name.ts'

/** 250 characters. */
const FIVE_LABELS = `${'a'.repeat(49)}.`.repeat(5)

const NAMES: readonly (readonly [string, string | undefined])[] = [
  ['Example.TEST', 'example.test'],
  ['example.test.', 'example.test'],
  ['_dmarc.example.test', '_dmarc.example.test'],
  ['bounce_1.example', 'bounce_1.example'],
  ['münchen.example', 'xn--mnchen-3ya.example'],
  ['com', 'com'],
  ['a1.2b', 'a1.2b'],
  ['', undefined],
  ['.', undefined],
  ['..', undefined],
  ['a..b', undefined],
  ['-a.example', undefined],
  ['a-.example', undefined],
  ['a b.example', undefined],
  ['a\u0000.example', undefined],
  ['a/b.example', undefined],
  ['ä/b.example', undefined],
  ['ä%2eb.example', undefined],
  ['ä:25', undefined],
  ['10.0.0.1', undefined],
  ['１.２.３.４', undefined],
  ['0x7f.1', undefined],
  [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  [`${'a'.repeat(64)}.example`, undefined],
  [`${FIVE_LABELS}abc`, `${FIVE_LABELS}abc`],
  [`${FIVE_LABELS}abcd`, undefined],
]

for (const [text, name] of NAMES) {
  test(`${JSON.stringify(text).slice(0, 60)} is ${name === undefined ? 'no name' : 'a name'}`, () => {
    assert.equal(normalizeDnsName(text), name)
  })
}

test('a name in its one form stays as it is, and holds nothing but letters, digits, hyphens, underscores and dots', () => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.string({ unit: 'binary', maxLength: 300 })), (text) => {
      const name = normalizeDnsName(text)
      if (name === undefined) return
      assert.equal(normalizeDnsName(name), name)
      assert.match(name, /^[a-z0-9._-]{1,253}$/)
    }),
    { numRuns: 300 },
  )
})

test('names that lead nowhere by definition are told', () => {
  for (const name of ['invalid', 'a.invalid', 'localhost', 'a.localhost']) assert.ok(reservedName(name), name)
  for (const name of ['example.test', 'notinvalid', 'invalid.example', 'localhost.example']) {
    assert.equal(reservedName(name), undefined, name)
  }
})

test('the name of an address', () => {
  assert.equal(reverseDnsName('198.51.100.7'), '7.100.51.198.in-addr.arpa')
  assert.equal(
    reverseDnsName('2001:db8::567:89ab'),
    'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
  )
  for (const text of ['', 'a.example', '1.2.3', '::', 'x'.repeat(1000)]) assert.equal(reverseDnsName(text), undefined)
})
