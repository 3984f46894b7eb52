import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Line, LineReader } from './line-reader.ts'

function linesOf(chunks: readonly Buffer[], mostBytes = 255): Line[] {
  const reader = new LineReader()
  const lines: Line[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let line = reader.next(mostBytes); line !== undefined; line = reader.next(mostBytes)) lines.push(line)
    assert.ok(reader.bufferedBytes < mostBytes, 'a line under way is bounded')
  }
  return lines
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place))
}

const bad: Line = { trouble: 'badLine' }
const long: Line = { trouble: 'lineTooLong' }

const rows: readonly (readonly [string, string, readonly Line[]])[] = [
  ['lines', 'STAT\r\nLIST 1\r\n', ['STAT', 'LIST 1']],
  ['an empty line', '\r\n', ['']],
  ['no whole line', 'STAT\r', []],
  ['UTF-8', 'USER jürgen\r\n', ['USER jürgen']],
  ['a bare LF', 'STAT\nLIST\r\n', [bad, 'LIST']],
  ['a bare CR', 'ST\rAT\r\n', [bad]],
  ['a doubled CR', 'STAT\r\r\n', [bad]],
  ['a NUL', 'ST\0AT\r\n', [bad]],
  ['a line one byte too long', `${'x'.repeat(254)}\r\nSTAT\r\n`, [long, 'STAT']],
  ['the longest line', `${'x'.repeat(253)}\r\n`, ['x'.repeat(253)]],
]

for (const [name, text, wanted] of rows) {
  test(`${name}, whole and byte by byte`, () => {
    const bytes = Buffer.from(text)
    assert.deepEqual(linesOf([bytes]), wanted)
    assert.deepEqual(linesOf([...bytes].map((byte) => Buffer.of(byte))), wanted)
  })
}

test('invalid UTF-8 is a bad line', () => {
  assert.deepEqual(linesOf([Buffer.from('USER \xff\r\n', 'latin1')]), [bad])
})

test('the same bytes cut anywhere give the same lines', () => {
  const bytes = fc
    .array(
      fc.oneof(fc.constantFrom('\r\n', '\n', '\r', '\0', 'STAT', 'x'.repeat(30)), fc.string({ unit: 'grapheme' })),
      { maxLength: 40 },
    )
    .map((parts) => Buffer.from(parts.join('')))
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { maxLength: 10 }), (whole, cuts) => {
      assert.deepEqual(linesOf(cutAt(whole, cuts), 60), linesOf([whole], 60))
    }),
    { numRuns: 300 },
  )
})
