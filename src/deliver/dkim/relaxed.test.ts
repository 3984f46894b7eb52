import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseHeaderFields, relaxHeaderField } from './header-fields.ts'
import { RelaxedBodyHash } from './relaxed-body.ts'

/** The algorithm as RFC 6376 §3.4.4 tells it, on a whole text. */
function relaxedBody(text: string): string {
  const lines = text.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''))
  while (lines.at(-1) === '') lines.pop()
  return lines.map((line) => `${line}\r\n`).join('')
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex')
}

function hashOf(pieces: readonly string[]): string {
  const hash = new RelaxedBodyHash()
  for (const piece of pieces) hash.update(Buffer.from(piece, 'latin1'))
  return hash.digest().toString('hex')
}

const BODIES: readonly (readonly [name: string, body: string, relaxed: string])[] = [
  ['RFC 6376 §3.4.5', ' C \r\nD \t E\r\n\r\n\r\n', ' C\r\nD E\r\n'],
  ['nothing (RFC 6376 §3.4.4)', '', ''],
  ['empty lines only', '\r\n\r\n\r\n', ''],
  ['blanks only', ' \t ', ''],
  ['lines of blanks at the end', 'a\r\n \t\r\n\t\r\n', 'a\r\n'],
  ['no CRLF at the end', 'a', 'a\r\n'],
  ['blanks and no CRLF at the end', 'a \t', 'a\r\n'],
  ['empty lines between', 'a\r\n\r\n \r\nb', 'a\r\n\r\n\r\nb\r\n'],
  ['a tab between words', 'a\tb\r\n', 'a b\r\n'],
  ['a blank at the start of a line', '  a\r\n\tb\r\n', ' a\r\n b\r\n'],
  ['a CR alone', 'a\rb\r\r\n', 'a\rb\r\r\n'],
  ['a CR at the very end', 'a\r\n\r', 'a\r\n\r\r\n'],
  ['an LF alone', 'a \nb\r\n', 'a \nb\r\n'],
  ['8-bit octets', 'h\u00e4  \u00ff\r\n', 'h\u00e4 \u00ff\r\n'],
  ['NUL', 'a \0\r\n', 'a \0\r\n'],
]

for (const [name, body, relaxed] of BODIES) {
  test(`a relaxed body: ${name}`, () => {
    assert.equal(relaxedBody(body), relaxed)
    assert.equal(hashOf([body]), sha256(relaxed))
    assert.equal(hashOf([...body]), sha256(relaxed), 'octet by octet')
  })
}

test('a body cut anywhere has the one hash, whatever it holds', () => {
  const octet = fc.constantFrom(
    'a',
    'b',
    ' ',
    '\t',
    '\r',
    '\n',
    '\r\n',
    '\r\n',
    '\r\n\r\n',
    '\0',
    '\u00e4',
    'word word',
  )
  const body = fc.array(octet, { maxLength: 60 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(body, fc.array(fc.nat(200), { maxLength: 8 }), (text, cuts) => {
      const at = [...cuts.map((cut) => Math.min(cut, text.length)), 0, text.length].sort((a, b) => a - b)
      const pieces = at.slice(1).map((end, index) => text.slice(at[index], end))
      assert.equal(hashOf(pieces), sha256(relaxedBody(text)))
    }),
    { numRuns: 1000 },
  )
})

test('a body larger than what is hashed together has its hash too', () => {
  const lines = Array.from({ length: 30_000 }, (_, n) => `line ${n}${' '.repeat(n % 3)}${'x'.repeat(n % 90)}`)
  const text = `${lines.join('\r\n')}\r\n${'y'.repeat(200_000)}\r\n${'\r\n'.repeat(100_000)}.`
  assert.equal(hashOf([text]), sha256(relaxedBody(text)))
})

test('what follows millions of empty lines does not stop the thread', () => {
  const lines = Buffer.alloc(40_000_000, '\r\n')
  const hash = new RelaxedBodyHash()
  hash.update(lines)
  const hashing = timeOf(() => createHash('sha256').update(lines).digest())
  assert.ok(timeOf(() => hash.update(Buffer.from('.'))) < 8 * hashing, 'longer than to hash them takes')
})

function timeOf(run: () => void): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

const FIELDS: readonly (readonly [name: string, raw: string, relaxed: string])[] = [
  ['RFC 6376 §3.4.5, A', 'A: X', 'a:X'],
  ['RFC 6376 §3.4.5, B', 'B : Y\t\r\n\tZ  ', 'b:Y Z'],
  ['no value', 'Subject:', 'subject:'],
  ['blanks for a value', 'Subject: \t ', 'subject:'],
  ['a fold with nothing on its first line', 'To:\r\n a@b.test,\r\n\t c@d.test', 'to:a@b.test, c@d.test'],
  ['colons in the value', 'X: a : b', 'x:a : b'],
  ['8-bit octets', 'Subject: h\u00c3\u00a4', 'subject:h\u00c3\u00a4'],
]

for (const [name, raw, relaxed] of FIELDS) {
  test(`a relaxed header field: ${name}`, () => {
    const [field, ...more] = parseHeaderFields(`${raw}\r\n`) ?? []
    assert.ok(field)
    assert.deepEqual(more, [])
    assert.equal(relaxHeaderField(field), relaxed)
  })
}

test('a header comes apart into its fields, and what is no header into none', () => {
  const names = (header: string) => parseHeaderFields(header)?.map(({ name }) => name)
  assert.deepEqual(names('From: a\r\nTO: b\r\n c\r\nFrom: d\r\n'), ['from', 'to', 'from'])
  assert.deepEqual(names('From: a'), ['from'])
  assert.deepEqual(names(''), [])
  for (const strange of [
    ' folded from nothing\r\nFrom: a\r\n',
    'From: a\r\nno colon\r\n',
    ': a\r\n',
    'Fr\u00f6m: a\r\n',
  ]) {
    assert.equal(names(strange), undefined, strange)
  }
})
