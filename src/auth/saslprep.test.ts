import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { saslprep } from './saslprep.ts'

const ROWS: readonly [string, string, string | undefined][] = [
  // RFC 4013 §3
  ['soft hyphen mapped to nothing', 'I\u00adX', 'IX'],
  ['no change', 'user', 'user'],
  ['case kept', 'USER', 'USER'],
  ['NFKC', '\u00aa', 'a'],
  ['NFKC of a Roman numeral', '\u2168', 'IX'],
  ['a control character', '\u0007', undefined],
  ['bidirectional text', '\u0627\u0031', undefined],
  // Others
  ['empty', '', ''],
  ['a no-break space is a space', 'a\u00a0b', 'a b'],
  ['composed', 'u\u0308', 'ü'],
  ['right-to-left all through', '\u0627\u0031\u0628', '\u0627\u0031\u0628'],
  ['letters of both directions', '\u0627a\u0628', undefined],
  ['an emoji, joined', '\u{1f468}\u200d\u{1f469}', '\u{1f468}\u{1f469}'],
  ['NUL', 'a\0b', undefined],
  ['DEL', 'a\u007f', undefined],
  ['a lone surrogate', '\ud800', undefined],
  ['private use', '\ue000', undefined],
  ['a non-character', '\uffff', undefined],
  ['a direction override', 'a\u202eb', undefined],
  ['a line separator', 'a\u2028b', undefined],
  ['a replacement character', '\ufffd', undefined],
]

test('names and passwords are prepared as RFC 4013 says', () => {
  for (const [name, text, expected] of ROWS) assert.equal(saslprep(text), expected, name)
})

test('what is prepared stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const prepared = saslprep(text)
      if (prepared !== undefined) assert.equal(saslprep(prepared), prepared)
    }),
    { numRuns: 300 },
  )
})
