import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { authorDomain } from './author-domain.ts'

const FROM: readonly (readonly [value: string, domain: string | undefined])[] = [
  ['anna@Example.test', 'example.test'],
  [' Anna Muster <anna@example.test>', 'example.test'],
  ['"Muster, Anna" <anna@example.test>', 'example.test'],
  ['"ceo@bank.test" <anna@example.test>', 'example.test'],
  ['"a \\" <x@bank.test>" <anna@example.test>', 'example.test'],
  ['=?utf-8?q?x=40bank=2Etest?= <anna@example.test>', 'example.test'],
  ['anna@example.test (x@bank.test)', 'example.test'],
  ['(a (b) \\) c) anna@example.test', 'example.test'],
  ['"a b"@example.test', 'example.test'],
  ['Anna\r\n <anna@example.test>', 'example.test'],
  ['<@hop.test,@hop2.test:anna@example.test>', undefined],
  ['<@hop.test:anna@example.test>', 'example.test'],
  ['a@example.test, b@example.test', 'example.test'],
  ['a@example.test, , <b@EXAMPLE.test>,', 'example.test'],
  ['Us: a@example.test, b@example.test;', 'example.test'],
  ['a@example.test, b@bank.test', undefined],
  ['<a@bank.test> <a@example.test>', undefined],
  ['a@bank.test <a@example.test>', undefined],
  ['a@bank.test@example.test', undefined],
  ['a@example.test.', 'example.test'],
  ['a@b\u00c3\u00bccher.test', 'xn--bcher-kva.test'],
  ['a@[192.0.2.1]', undefined],
  ['a@localhost', 'localhost'],
  ['a@b%41.test', undefined],
  ['a@b_c.test', 'b_c.test'],
  ['@example.test', undefined],
  ['undisclosed:;', undefined],
  ['', undefined],
  ['"open <a@example.test>', undefined],
  ['(open <a@example.test>', undefined],
  ['closed) <a@example.test>', undefined],
]

for (const [value, domain] of FROM) {
  test(`the author of From: ${JSON.stringify(value)} is of ${domain ?? 'no domain'}`, () => {
    assert.equal(authorDomain(value), domain)
  })
}

test('whatever a From field says, it is read in a moment and throws nothing', () => {
  const part = fc.constantFrom(
    'a@b.test',
    '<',
    '>',
    '"',
    '(',
    ')',
    '\\',
    ',',
    ':',
    ';',
    '@',
    ' ',
    '\r\n ',
    '\u00e4',
    '.',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const domain = authorDomain(parts.join(''))
      assert.ok(domain === undefined || /^[a-z0-9._-]+$/.test(domain))
    }),
    { numRuns: 500 },
  )
  for (const long of ['<', '(', '"', 'a@b.test,', '@', ' ', ':']) authorDomain(long.repeat(100_000))
})
