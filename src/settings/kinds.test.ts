import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hostName, listenAddress, networkOrGroup, parseHostPort } from './entries.ts'
import { groupEntries } from './ip-group-entries.ts'
import {
  choice,
  decimal,
  duration,
  flag,
  formatDuration,
  formatSize,
  integer,
  type Kind,
  limit,
  list,
  named,
  optional,
  parseDuration,
  parseSize,
  size,
  text,
} from './kinds.ts'

const about = 'For a test.'

const CASES: readonly [string, Pick<Kind<unknown>, 'parse'>, taken: readonly unknown[], refused: readonly unknown[]][] =
  [
    ['integer', integer({ about, default: 5, min: 1, max: 9 }), [1, 9], [0, 10, 1.5, '5', null, true, Number.NaN, [5]]],
    ['decimal', decimal({ about, default: 5, min: 0 }), [0, 4.5], [-0.1, Number.POSITIVE_INFINITY, Number.NaN, '4.5']],
    ['limit', limit({ about, default: 5, min: 1 }), [1, 'unlimited'], [0, 'Unlimited', 'none', null]],
    ['flag', flag({ about, default: true }), [true, false], ['true', 'yes', 1, 0, null]],
    ['choice', choice({ about, default: 'a', of: ['a', 'b'] }), ['a', 'b'], ['c', 'A', '', null, 'constructor']],
    ['text', text({ about, default: '', pattern: /^\w*$/ }), ['', 'abc'], ['a b', 5, null, 'a'.repeat(5000)]],
    [
      'duration',
      duration({ about, default: 1000, min: 1000, max: 86_400_000 }),
      ['1s', '60m', '1000ms', '1d'],
      ['999ms', '2d', '5', 5, '1.5h', '-1s', '1 s', '1H', '999999999999d', null],
    ],
    [
      'size',
      size({ about, default: 1024, min: 1024, max: 1024 ** 3 }),
      ['1KB', '1024B', '25MB', '1GB', 'unlimited'],
      ['1B', '2GB', '25mb', '25 MB', 25, '0x10MB', null],
    ],
    [
      'list',
      list({ about, default: [], of: hostName, most: 2 }),
      [[], ['a.example']],
      [['a b'], ['a', 'b', 'c'], 'a', null, {}],
    ],
    [
      'list that is never empty',
      list({ about, default: ['a'], of: hostName, least: 1 }),
      [['a.example']],
      [[], null, 'a'],
    ],
    [
      'named',
      named({ about, default: {}, of: groupEntries, most: 2 }),
      [{}, { a: [] }],
      [{ 'a b': [] }, { a: 5 }, [], null],
    ],
    ['optional', optional({ about, of: hostName }), [null, 'a.example'], [undefined, '', 5]],
    [
      'listen address',
      listenAddress,
      ['*', '*:25', '127.0.0.1', '127.0.0.1:0', '[::1]:25', '::1', '[::]'],
      ['mail.example.com', '127.0.0.1:65536', '127.0.0.1:', ':25', '::1:x', '[127.0.0.1]', '127.1', '*:x', 25],
    ],
    [
      'network or group',
      networkOrGroup,
      ['10.0.0.1', '10.0.0.0/8', '2001:db8::/32', 'group:a.b'],
      ['this-machine', '10.0.0.1/8', 'group:', 'group:a b', 'a.example', null],
    ],
    [
      'group entries',
      groupEntries,
      [
        [],
        [
          '10.0.0.1',
          'this-machine',
          'group:a',
          '10.0.0.1-10.0.0.9',
          { address: '::1', enabled: false, description: 'x' },
        ],
      ],
      [
        ['10.0.0.1/8'],
        ['x'],
        [5],
        [null],
        [{}],
        [{ address: '::1', on: true }],
        [{ address: '::1', enabled: 'no' }],
        ['\0'],
      ],
    ],
  ]

for (const [name, kind, taken, refused] of CASES) {
  test(`${name}: what is taken and what is not`, () => {
    for (const value of taken) assert.ok(kind.parse(value).ok, `${name} refuses ${JSON.stringify(value)}`)
    for (const value of refused) {
      const parsed = kind.parse(value)
      assert.ok(!parsed.ok && parsed.wanted !== '', `${name} takes ${JSON.stringify(value)}`)
    }
  })
}

test('spans and sizes read back as what they were written from', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (amount) => {
      assert.equal(parseDuration(formatDuration(Math.floor(amount / 10_000))), Math.floor(amount / 10_000))
      assert.equal(parseSize(formatSize(Math.floor(amount / 10))), Math.floor(amount / 10))
    }),
    { numRuns: 300 },
  )
  assert.deepEqual([0, 1, 90_000, 3_600_000, 172_800_000].map(formatDuration), ['0s', '1ms', '90s', '1h', '2d'])
  assert.deepEqual([0, 1, 1024, 26_214_400].map(formatSize), ['0B', '1B', '1KB', '25MB'])
})

test('a wrong entry is named by its place', () => {
  const names = named({ about, default: {}, of: groupEntries })
  const parsed = names.parse({ office: ['10.0.0.1', 'what'] })
  assert.deepEqual(!parsed.ok && parsed.path, ['office', 1])
})

test('a map of names has no prototype to reach through', () => {
  const parsed = named({ about, default: {}, of: groupEntries }).parse(JSON.parse('{"constructor": []}'))
  assert.ok(parsed.ok && Object.getPrototypeOf(parsed.value) === null)
  assert.ok(!named({ about, default: {}, of: groupEntries }).parse(JSON.parse('{"__proto__": []}')).ok)
})

test('host and port in every form', () => {
  const rows: readonly [string, string, number | undefined][] = [
    ['mail.example.com', 'mail.example.com', undefined],
    ['mail.example.com:53', 'mail.example.com', 53],
    ['[2001:db8::1]:53', '2001:db8::1', 53],
    ['[2001:db8::1]', '2001:db8::1', undefined],
    ['2001:db8::1', '2001:db8::1', undefined],
    ['127.0.0.1:5353', '127.0.0.1', 5353],
    ['*:25', '*', 25],
  ]
  for (const [text, host, port] of rows) assert.deepEqual(parseHostPort(text), { host, port }, text)
  for (const text of ['', ':', 'a:b', 'a b', '[]', '[::1', '::1]', '[::1]x', 'a:1:2', '-a', 'a..b', '\0']) {
    assert.equal(parseHostPort(text), undefined, text)
  }
})

test('no text makes a parser throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 60 }), fc.anything()), (value) => {
      for (const [, kind] of CASES) kind.parse(value)
      if (typeof value === 'string') parseHostPort(value)
    }),
    { numRuns: 200 },
  )
})
