import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  checkOwnAddress,
  checkPattern,
  checkTarget,
  formatAddress,
  normalizeDomain,
  normalizeLocal,
  parseAddress,
} from './address.ts'

const DOMAINS: readonly [string, string | undefined][] = [
  ['Example.TEST', 'example.test'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['BÜCHER.example', 'xn--bcher-kva.example'],
  ['παράδειγμα.δοκιμή', 'xn--hxajbheg2az3al.xn--jxalpdlp'],
  ['a_b.example', 'a_b.example'],
  ['localhost', 'localhost'],
  ['1.2', '1.2'],
  ['[192.0.2.1]', '[192.0.2.1]'],
  ['[IPv6:2001:DB8::1]', '[ipv6:2001:db8::1]'],
  ['__proto__', '__proto__'],
  ['', undefined],
  ['a..b', undefined],
  ['.a', undefined],
  ['a.', undefined],
  ['-a.test', undefined],
  ['a-.test', undefined],
  ['a b', undefined],
  ['a%41.com', undefined],
  ['ü%41.com', undefined],
  ['ex\0ample.test', undefined],
  ['example.test\r\n', undefined],
  [`${'a'.repeat(64)}.test`, undefined],
  [`${'a.'.repeat(140)}test`, undefined],
]

test('a domain has one form', () => {
  for (const [text, expected] of DOMAINS) assert.equal(normalizeDomain(text), expected, JSON.stringify(text))
})

const ADDRESSES: readonly [string, { local: string; domain: string } | undefined][] = [
  ['User@Example.TEST', { local: 'User', domain: 'example.test' }],
  ['"john doe"@x.test', { local: 'john doe', domain: 'x.test' }],
  ['"a@b"@x.test', { local: 'a@b', domain: 'x.test' }],
  ['"q\\"q"@x.test', { local: 'q"q', domain: 'x.test' }],
  ['δοκιμή@παράδειγμα.δοκιμή', { local: 'δοκιμή', domain: 'xn--hxajbheg2az3al.xn--jxalpdlp' }],
  ['@x.test', undefined],
  ['x', undefined],
  ['x@', undefined],
  ['"@x.test', undefined],
  ['""@x.test', undefined],
  [`${'a'.repeat(65)}@x.test`, undefined],
  [`${'ä'.repeat(33)}@x.test`, undefined],
]

test('an address is taken apart at its last @', () => {
  for (const [text, expected] of ADDRESSES) assert.deepEqual(parseAddress(text), expected, text)
})

test('what is written is read back the same', () => {
  for (const [, address] of ADDRESSES) if (address) assert.deepEqual(parseAddress(formatAddress(address)), address)
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), (local) => {
      fc.pre(Buffer.byteLength(local) <= 64)
      assert.deepEqual(parseAddress(formatAddress({ local, domain: 'x.test' })), { local, domain: 'x.test' })
    }),
  )
})

test('a local part is looked up in lower case, composed', () => {
  assert.equal(normalizeLocal('UseR+X'), 'user+x')
  assert.equal(normalizeLocal('A\u0308'), 'ä')
})

test('whatever comes in is an address or none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.emailAddress()), (text) => {
      const parsed = parseAddress(text)
      if (parsed !== undefined) assert.equal(normalizeDomain(parsed.domain), parsed.domain)
    }),
    { numRuns: 300 },
  )
})

test('an address of ours is a dot-atom', () => {
  assert.deepEqual(checkOwnAddress('User+X@Example.TEST'), { address: 'user+x@example.test' })
  assert.deepEqual(checkOwnAddress('__proto__@x.test'), { address: '__proto__@x.test' })
  assert.deepEqual(checkOwnAddress("o'neil/{x}@x.test"), { address: "o'neil/{x}@x.test" })
  const wrong = [
    'a b@x.test',
    'a..b@x.test',
    '.a@x.test',
    'a.@x.test',
    '"a b"@x.test',
    'a@[192.0.2.1]',
    'a\u202eb@x.test',
  ]
  for (const text of [
    ...wrong,
    'a*@x.test',
    'a?@x.test',
    'x',
    '@x.test',
    'a@',
    'a\0@x.test',
    'a<b>@x.test',
    'a\u0085@x.test',
  ]) {
    assert.ok('wrong' in checkOwnAddress(text), JSON.stringify(text))
  }
})

test('an alias may hold * and ?, and a target keeps its case', () => {
  assert.deepEqual(checkPattern('S*?@Example.TEST'), { address: 's*?@example.test' })
  assert.deepEqual(checkTarget('John.Doe@FAR.test'), { address: 'John.Doe@far.test' })
  assert.deepEqual(checkTarget('"John Doe"@far.test'), { address: '"John Doe"@far.test' })
  assert.ok('wrong' in checkTarget('nobody'))
  assert.ok('wrong' in checkTarget(`${'a'.repeat(65)}@x.test`))
})
