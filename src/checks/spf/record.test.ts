import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isSpfRecord, parseSpfRecord } from './record.ts'

describe('isSpfRecord', () => {
  const rows: readonly (readonly [string, boolean])[] = [
    ['v=spf1', true],
    ['v=spf1 ', true],
    ['V=SPF1 -all', true],
    ['v=spf1\t-all', false],
    ['v=spf10', false],
    ['v=spf2.0/mfrom', false],
    [' v=spf1', false],
    ['', false],
  ]
  for (const [text, wanted] of rows) it(JSON.stringify(text), () => assert.equal(isSpfRecord(text), wanted))
})

describe('parseSpfRecord', () => {
  const good: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['   -all  ', ['-all']],
    ['A MX PTR ~ALL', ['A', 'MX', 'PTR', '~ALL']],
    [
      'a/24//64 a//64 a/0 a:b.example//0 mx:b.example/32',
      ['a/24//64', 'a//64', 'a/0', 'a:b.example//0', 'mx:b.example/32'],
    ],
    ['ip4:192.0.2.0/24 ip6:2001:db8::/32 ip6:::1', ['ip4:192.0.2.0/24', 'ip6:2001:db8::/32', 'ip6:::1']],
    ['?exists:%{ir}.b.example ptr:%{d}', ['?exists:%{ir}.b.example', 'ptr:%{d}']],
    ['exp=a.b redirect=c.d other= x-y_z.1=%{d}/:', []],
    ['a:b/c.example/24', ['a:b/c.example/24']],
  ]
  for (const [terms, wanted] of good) {
    it(`takes "${terms}"`, () => {
      const record = parseSpfRecord(`v=spf1 ${terms}`)
      assert.ok(typeof record !== 'string', String(record))
      assert.deepEqual(
        record.directives.map(({ written }) => written),
        wanted,
      )
    })
  }

  const wrong: readonly string[] = [
    ...['all:', 'all/8', 'all.', '--all', '-', '+', 'moo', ':', '/', '=', '1a=b', '-a=b'],
    ...['a:', 'a/', 'a//', 'a/33', 'a//129', 'a/024', 'a/24/64', 'a/24//', 'a:b', 'a:1.2.3.4', 'a/24:b.example'],
    ...[
      'ip4',
      'ip4:',
      'ip4:1.2.3',
      'ip4:01.2.3.4',
      'ip4:1.2.3.4/',
      'ip4:1.2.3.4/33',
      'ip4:1.2.3.4//32',
      'ip4:::1',
      'ip4/8',
    ],
    ...['ip6:', 'ip6:1.2.3.4', 'ip6:::1/129', 'ip6:::1/', 'ip6:fe80::1%25eth0', 'ip6:[::1]'],
    ...['ptr/24', 'ptr:', 'include', 'include:', 'include:a', 'include:a.b/24', 'exists', 'exists/1', 'exists:'],
    ...[
      'exp=',
      'redirect=',
      'exp=a.b exp=a.b',
      'redirect=a.b REDIRECT=c.d',
      'x=%',
      'x=%{c}',
      'a:%{d',
      '-all\0',
      'ä',
      'a\tmx',
    ],
  ]
  for (const terms of wrong) {
    it(`refuses ${JSON.stringify(terms)}, wherever it stands`, () => {
      assert.equal(typeof parseSpfRecord(`v=spf1 ${terms}`), 'string')
      assert.equal(typeof parseSpfRecord(`v=spf1 -all ${terms}`), 'string')
      assert.equal(typeof parseSpfRecord(`v=spf1 ${terms} -all`), 'string')
    })
  }

  it('takes any text without a fault, and says what is wrong in one short printable line', () => {
    const unit = fc.constantFrom(...'aall mx:/.%{}dr=-~0129ip46\0ä\u202e'.split(''))
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 200 }), (text) => {
        const record = parseSpfRecord(`v=spf1 ${text}`)
        if (typeof record === 'string') assert.match(record, /^[^\p{C}]{1,1000}$/u)
      }),
      { numRuns: 300 },
    )
  })

  it('gives what was written back as terms of their own', () => {
    const term = fc.constantFrom(
      'a',
      '-a:b.example/24',
      'mx//64',
      'ip4:192.0.2.1',
      '~ip6:::/0',
      'ptr',
      'exists:%{i}.x',
      '?all',
    )
    fc.assert(
      fc.property(fc.array(term), fc.constantFrom(' ', '  ', '   '), (terms, space) => {
        const record = parseSpfRecord(`v=spf1${space}${terms.join(space)}${space}`)
        assert.ok(typeof record !== 'string')
        assert.deepEqual(
          record.directives.map(({ written }) => written),
          terms,
        )
      }),
      { numRuns: 200 },
    )
  })

  it('reads records of the greatest size in time', () => {
    const size = 65_000
    for (const piece of ['a:', '%{d}', '/1', '%', 'a=', '. ', '-', '9', 'exists:%{d', 'a/1 ', '.a']) {
      const text = `v=spf1 ${piece.repeat(size / piece.length)}`
      const before = performance.now()
      parseSpfRecord(text)
      parseSpfRecord(`v=spf1 a:${text.slice(7)}`)
      parseSpfRecord(`v=spf1 exp=${text.slice(7)}`)
      assert.ok(performance.now() - before < 1000, piece)
    }
  })
})
