import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  expandExplanation,
  expandName,
  type MacroPart,
  type MacroValues,
  parseDomainSpec,
  parseMacroString,
} from './macro.ts'

/** RFC 7208 §7.4. */
const VALUES: MacroValues = {
  s: 'strong-bad@email.example.com',
  l: 'strong-bad',
  o: 'email.example.com',
  d: 'email.example.com',
  i: '192.0.2.3',
  p: 'mx.example.org',
  v: 'in-addr',
  h: 'mx.example.org',
  c: '192.0.2.3',
  r: 'receiver.example',
  t: '1767225600',
}
const IPV6 = '2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.C.B.0.1'

function expand(text: string, values: Partial<MacroValues> = {}): string | undefined {
  const parts = parseMacroString(text, 'record')
  return parts && expandName(parts, { ...VALUES, ...values })
}

describe('expandName', () => {
  const rows: readonly (readonly [string, string, Partial<MacroValues>?])[] = [
    // RFC 7208 §7.4, all of its examples.
    ['%{s}', 'strong-bad@email.example.com'],
    ['%{o}', 'email.example.com'],
    ['%{d}', 'email.example.com'],
    ['%{d4}', 'email.example.com'],
    ['%{d3}', 'email.example.com'],
    ['%{d2}', 'example.com'],
    ['%{d1}', 'com'],
    ['%{dr}', 'com.example.email'],
    ['%{d2r}', 'example.email'],
    ['%{l}', 'strong-bad'],
    ['%{l-}', 'strong.bad'],
    ['%{lr}', 'strong-bad'],
    ['%{lr-}', 'bad.strong'],
    ['%{l1r-}', 'strong'],
    ['%{ir}.%{v}._spf.%{d2}', '3.2.0.192.in-addr._spf.example.com'],
    ['%{lr-}.lp._spf.%{d2}', 'bad.strong.lp._spf.example.com'],
    ['%{lr-}.lp.%{ir}.%{v}._spf.%{d2}', 'bad.strong.lp.3.2.0.192.in-addr._spf.example.com'],
    ['%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}', '3.2.0.192.in-addr.strong.lp._spf.example.com'],
    ['%{d2}.trusted-domains.example.net', 'example.com.trusted-domains.example.net'],
    [
      '%{ir}.%{v}._spf.%{d2}',
      '1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf.example.com',
      { i: IPV6, v: 'ip6' },
    ],
    ['%{L}.x', 'a%26b%C3%A4~.x', { l: 'a&bä~' }],
    ['%{L}.x', '%21%27%28%29%2A.x', { l: "!'()*" }],
    ['%{l+.-,/_=}', 'a.b.c.d.e.f.g.h', { l: 'a+b.c-d,e/f_g=h' }],
    ['%{l99999999999999999999r-}', 'bad.strong'],
    ['%{lR-}', 'bad.strong'],
    ['a%%b%_c%-d', 'a%b c%20d'],
    ['x.example.com.', 'x.example.com'],
    ['%{l}', '..', { l: '...' }],
  ]
  for (const [text, wanted, values] of rows) it(text, () => assert.equal(expand(text, values), wanted))

  it('takes labels off the left of a name that is too long', () => {
    const label = 'a'.repeat(49)
    assert.equal(expand(`%{o}.${Array(5).fill(label).join('.')}.`), `com.${Array(5).fill(label).join('.')}`)
    assert.equal(expand(`%{o}.b.${Array(5).fill(label).join('.')}`), `b.${Array(5).fill(label).join('.')}`)
    assert.equal(expand('a'.repeat(254)), '')
  })

  it('never gives more than 253 characters, nor a part of a label', () => {
    const piece = fc.constantFrom('%{s}', '%{l1r-}', '%{d}', '.', 'abc', '%%', '%{h-}', 'label.')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 80 }), fc.string({ maxLength: 150 }), (pieces, l) => {
        const parts = parseMacroString(pieces.join(''), 'record')
        assert.ok(parts)
        const values = { ...VALUES, l }
        const whole = parts.map((part) => expandPart(part, values)).join('')
        const name = expandName(parts, values)
        const full = whole.endsWith('.') ? whole.slice(0, -1) : whole
        assert.ok(name.length <= 253)
        assert.ok(full.endsWith(name))
        assert.ok(name === full || name === '' || full[full.length - name.length - 1] === '.')
      }),
      { numRuns: 300 },
    )
  })
})

describe('parseMacroString', () => {
  const wrong = [
    '%',
    '%a',
    '%{',
    '%{}',
    '%{d',
    '%{a}',
    '%{d0}',
    '%{d00r}',
    '%{drr}',
    '%{d2r!}',
    '%{dr2}',
    '%(d)',
    '%{c}',
  ]
  for (const text of [...wrong, '%{r}', '%{t}', 'a b', 'a\tb', 'a\0', 'ä', '\x7f']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseMacroString(text, 'record'), undefined))
  }
  it('takes spaces and more letters in an explanation', () => {
    const parts = parseMacroString('%{c} at %{t}, says %{R}. ', 'explanation')
    assert.equal(parts && expandExplanation(parts, VALUES, 100), '192.0.2.3 at 1767225600, says receiver.example. ')
  })
  it('takes any text without a fault, in time', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('%', '{', '}', 'd', 'r', '9', '.', '-', 'a') }), (text) => {
        parseMacroString(text, 'record')
        parseDomainSpec(text)
      }),
      { numRuns: 300 },
    )
  })
})

describe('expandExplanation', () => {
  it('is bounded, one line, printable ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.integer({ min: 0, max: 60 }), (l, most) => {
        const parts = parseMacroString('say %{l} %{L} %{lr-}'.repeat(20), 'explanation')
        assert.ok(parts)
        const text = expandExplanation(parts, { ...VALUES, l }, most)
        assert.match(text, /^[\x20-\x7e]*$/)
        assert.equal(text.length, most)
      }),
      { numRuns: 200 },
    )
  })
})

describe('parseDomainSpec', () => {
  const good = [
    'a.b',
    'a.b.',
    'foo:bar/baz.example.com',
    '%{d}',
    'x.%{d}',
    'a%%',
    '.com',
    'a.xn--p1ai',
    'a.1a',
    'a.a-1',
    '%{d}.com',
  ]
  const wrong = [
    '',
    'com',
    'com.',
    'a..',
    '.',
    'a.123',
    'a.-b',
    'a.b-',
    'a.b_c',
    '%{d}com',
    'a.c%-m',
    'a.b/24',
    'a.b:25',
    '-all',
  ]
  for (const text of good) it(`takes ${text}`, () => assert.ok(parseDomainSpec(text)))
  for (const text of wrong) it(`refuses "${text}"`, () => assert.equal(parseDomainSpec(text), undefined))
})

/** One part as it is: no part is so long that labels are taken off, and the dot that is dropped is one of ours. */
function expandPart(part: MacroPart, values: MacroValues): string {
  return expandName([part, { is: 'text', text: '.' }], values)
}
