import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeQuotedPrintable } from './quoted-printable.ts'

test('quoted-printable (RFC 2045 §6.7)', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['plain', 'abc', 'abc'],
    ['rule 1: beyond ASCII, and =', 'ž=', '=C5=BE=3D'],
    ['rule 3: a blank at the end of a line', 'a \r\nb\t', 'a=20\r\nb=09'],
    ['rule 3: a blank within', 'a b\tc', 'a b\tc'],
    ['rule 4: line ends', 'a\nb\r\nc\r', 'a\r\nb\r\nc=0D'],
    ['rule 5: 76 characters', 'a'.repeat(76), `${'a'.repeat(75)}=\r\na`],
  ]
  for (const [name, text, expected] of cases) assert.equal(encodeQuotedPrintable(Buffer.from(text)), expected, name)
})

test('whatever goes in comes out again', () => {
  const octets = fc.array(fc.constantFrom(9, 10, 13, 32, 46, 61, 65, 200, 0), { maxLength: 300 })
  fc.assert(
    fc.property(octets, (values) => {
      const encoded = encodeQuotedPrintable(Uint8Array.from(values))
      for (const line of encoded.split('\r\n')) assert.match(line, /^[\t -~]{0,75}[!-~]?$/)
      const decoded = encoded
        .replaceAll('=\r\n', '')
        .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      const wanted = Buffer.from(values).toString('latin1').replaceAll(/\r?\n/g, '\r\n')
      assert.equal(decoded, wanted)
    }),
    { numRuns: 300 },
  )
})
