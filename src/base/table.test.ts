import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable } from './printable.ts'
import { formatPairs, formatTable } from './table.ts'

test('columns are aligned, and no line ends in blanks', () => {
  assert.equal(
    formatTable(
      ['NAME', 'N'],
      [
        ['a', '1'],
        ['longer', ''],
        ['ü', '10'],
      ],
    ),
    'NAME    N\na       1\nlonger\nü       10',
  )
  assert.equal(formatTable(['NAME'], []), '')
})

test('pairs leave out what is undefined', () => {
  assert.equal(
    formatPairs(
      [
        ['A', '1'],
        ['Long', undefined],
        ['Bc', '2'],
      ],
      '  ',
    ),
    '  A   1\n  Bc  2',
  )
})

test('text of strangers neither breaks a line nor moves the cursor', () => {
  assert.equal(
    printable('a\r\nb\u001b[2Jc\u202ed\u2028e\ud800'),
    'a\\u{d}\\u{a}b\\u{1b}[2Jc\\u{202e}d\\u{2028}e\\u{d800}',
  )
  assert.equal(printable('grüße 日本'), 'grüße 日本')
  assert.equal(printable('x'.repeat(20), 5), 'xxxxx…')
})
