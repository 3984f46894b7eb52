import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseCsv } from './csv.ts'

test('records come with the line they begin on', () => {
  assert.deepEqual(parseCsv('\ufeffa,b\r\n\r\n"c\nd","say ""x"""\n,\n'), [
    { line: 1, fields: ['a', 'b'] },
    { line: 3, fields: ['c\nd', 'say "x"'] },
    { line: 5, fields: ['', ''] },
  ])
  assert.deepEqual(parseCsv(''), [])
  assert.deepEqual(parseCsv('a,'), [{ line: 1, fields: ['a', ''] }])
})

test('what is no CSV is told with its line', () => {
  assert.equal(parseCsv('a\n"b'), 'line 2: a quoted field does not end')
  assert.equal(parseCsv('a\n"b"c'), 'line 2: expected a comma after the closing quote')
})

test('what is written as CSV is read back', () => {
  const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ') })
  fc.assert(
    fc.property(fc.array(fc.array(field, { minLength: 2, maxLength: 4 })), (rows) => {
      const text = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join('\r\n')
      const records = parseCsv(text)
      assert.ok(typeof records !== 'string')
      assert.deepEqual(
        records.map(({ fields }) => fields),
        rows,
      )
    }),
  )
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r') }), (text) => void parseCsv(text)))
})
