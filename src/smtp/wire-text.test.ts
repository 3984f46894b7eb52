import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ContentCheck, DataReader } from './data-reader.ts'
import { WireText } from './wire-text.ts'

function send(as: 'data' | 'bdat', pieces: readonly Uint8Array[]): string {
  const text = new WireText(as)
  const out: Uint8Array[] = []
  let added = 0
  for (const piece of pieces) added += text.push(piece, out)
  assert.equal(added, Buffer.concat(out).length)
  out.push(text.finish())
  return Buffer.concat(out).toString('latin1')
}

const ROWS: readonly (readonly [name: string, content: string, data: string, bdat: string])[] = [
  ['nothing', '', '.\r\n', ''],
  ['a line', 'a\r\n', 'a\r\n.\r\n', 'a\r\n'],
  ['a last line without its end', 'a', 'a\r\n.\r\n', 'a'],
  ['a last line with half its end', 'a\r', 'a\r\n.\r\n', 'a\r\n'],
  ['a dot', '.', '..\r\n.\r\n', '.'],
  ['dots that begin lines', '.a\r\n..b\r\n.\r\n', '..a\r\n...b\r\n..\r\n.\r\n', '.a\r\n..b\r\n.\r\n'],
  ['dots elsewhere', 'a.b\r\nc.\r\n', 'a.b\r\nc.\r\n.\r\n', 'a.b\r\nc.\r\n'],
  ['empty lines', '\r\n\r\n', '\r\n\r\n.\r\n', '\r\n\r\n'],
  ['a bare LF and a dot', 'a\n.\nb', 'a\r\n..\r\nb\r\n.\r\n', 'a\r\n.\r\nb'],
  ['a bare CR and a dot', 'a\r.\rb', 'a\r\n..\r\nb\r\n.\r\n', 'a\r\n.\r\nb'],
  ['the end, smuggled', 'a\n.\r\nMAIL', 'a\r\n..\r\nMAIL\r\n.\r\n', 'a\r\n.\r\nMAIL'],
  ['CR CR LF', 'a\r\r\nb\r\n', 'a\r\n\r\nb\r\n.\r\n', 'a\r\n\r\nb\r\n'],
  ['LF CR', 'a\n\rb\r\n', 'a\r\n\r\nb\r\n.\r\n', 'a\r\n\r\nb\r\n'],
  ['octets of every kind', 'a\0\xff\xfe\r\n', 'a\0\xff\xfe\r\n.\r\n', 'a\0\xff\xfe\r\n'],
]

describe('content on the wire', () => {
  for (const [name, content, data, bdat] of ROWS) {
    test(name, () => {
      const octets = Buffer.from(content, 'latin1')
      const single = [...octets].map((octet) => Buffer.of(octet))
      for (const pieces of [[octets], single]) {
        assert.equal(send('data', pieces), data)
        assert.equal(send('bdat', pieces), bdat)
      }
    })
  }

  const line = fc.array(fc.constantFrom('.', 'a', '..', 'ü'), { maxLength: 4 }).map((words) => words.join(''))
  const lines = fc.array(line, { maxLength: 8 }).map((all) => all.map((text) => `${text}\r\n`).join(''))
  const cuts = fc.array(fc.nat(9), { maxLength: 20 })

  test('the reader of data takes back what was done', () => {
    fc.assert(
      fc.property(lines, cuts, (content, sizes) => {
        const wire = Buffer.from(`${send('data', cut(Buffer.from(content), sizes))}QUIT`, 'latin1')
        const reader = new DataReader()
        const pieces: Uint8Array[] = []
        assert.equal(reader.push(wire, pieces), wire.length - 4)
        assert.deepEqual([reader.done, reader.fault], [true, undefined])
        assert.equal(Buffer.concat(pieces).toString(), content)
      }),
      { numRuns: 300 },
    )
  })

  test('whatever the content, it has one end, and no bare CR or LF', () => {
    const octets = fc.array(fc.constantFrom(13, 10, 46, 97), { maxLength: 40 })
    fc.assert(
      fc.property(octets, cuts, (content, sizes) => {
        const pieces = cut(Buffer.from(content), sizes)
        const wire = Buffer.from(send('data', pieces), 'latin1')
        assert.equal(wire.toString('latin1'), send('data', [Buffer.from(content)]))
        const reader = new DataReader()
        assert.equal(reader.push(wire, []), wire.length)
        assert.deepEqual([reader.done, reader.fault], [true, undefined])
        const check = new ContentCheck()
        check.push(Buffer.from(send('bdat', pieces), 'latin1'))
        check.finish()
        assert.equal(check.fault, undefined)
      }),
      { numRuns: 300 },
    )
  })
})

function cut(octets: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  let from = 0
  for (const size of sizes) {
    pieces.push(octets.subarray(from, from + size))
    from += size
  }
  pieces.push(octets.subarray(from))
  return pieces
}
