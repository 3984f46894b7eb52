import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Line, LineReader } from './line-reader.ts'

function linesOf(chunks: readonly Uint8Array[], limit = 20): readonly Line[] {
  const reader = new LineReader()
  const lines: Line[] = []
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk))
    for (let line = reader.next(limit); line !== undefined; line = reader.next(limit)) lines.push(line)
  }
  return lines
}

const ROWS: readonly (readonly [name: string, input: string, lines: readonly Line[]])[] = [
  ['lines', 'one\r\ntwo\r\n', ['one', 'two']],
  ['an empty line', '\r\n', ['']],
  ['a line that has not come whole', 'one\r\ntw', ['one']],
  ['a bare LF ends a line, and it is none', 'one\ntwo\r\n', [{ fault: 'bareLf' }, 'two']],
  ['an LF alone', '\n', [{ fault: 'bareLf' }]],
  ['a bare CR', 'o\rne\r\n', [{ fault: 'bareCr' }]],
  ['two CRs', 'one\r\r\n', [{ fault: 'bareCr' }]],
  ['a NUL', 'o\0ne\r\n', [{ fault: 'nul' }]],
  ['UTF-8', 'jörg\r\n', ['jörg']],
  ['18 octets and CRLF', `${'x'.repeat(18)}\r\n`, ['x'.repeat(18)]],
  ['19 octets and CRLF', `${'x'.repeat(19)}\r\ny\r\n`, [{ fault: 'tooLong' }, 'y']],
  ['far too long', `${'x'.repeat(5000)}\r\ny\r\n`, [{ fault: 'tooLong' }, 'y']],
  ['too long, with a bare LF', `${'x'.repeat(50)}\ny\r\n`, [{ fault: 'bareLf' }, 'y']],
  ['too long, with a bare CR inside', `${'x\r'.repeat(50)}\r\ny\r\n`, [{ fault: 'tooLong' }, 'y']],
]

describe('line reader', () => {
  for (const [name, input, wanted] of ROWS) {
    test(name, () => {
      assert.deepEqual(linesOf([Buffer.from(input)]), wanted)
      assert.deepEqual(linesOf([...Buffer.from(input)].map((octet) => Buffer.of(octet))), wanted)
    })
  }

  test('octets that are not UTF-8', () => {
    assert.deepEqual(linesOf([Buffer.from([0x61, 0xe4, 13, 10])]), [{ fault: 'notUtf8' }])
  })

  test('the same octets give the same lines wherever they are cut', () => {
    const octet = fc.oneof(fc.constantFrom(13, 10, 0, 0x61), fc.constantFrom(13, 10), fc.nat(255))
    const crlf = fc.constant([13, 10])
    const text = fc.array(fc.oneof(crlf, fc.array(octet, { maxLength: 25 })), { maxLength: 12 })
    fc.assert(
      fc.property(text, fc.array(fc.nat(40), { maxLength: 30 }), (parts, cuts) => {
        const input = Buffer.from(parts.flat())
        const chunks: Buffer[] = []
        let from = 0
        for (const size of cuts) {
          chunks.push(input.subarray(from, from + size))
          from += size
        }
        chunks.push(input.subarray(from))
        assert.deepEqual(linesOf(chunks), linesOf([input]))
      }),
      { numRuns: 300 },
    )
  })

  test('an endless line is not held', () => {
    const reader = new LineReader()
    for (let count = 0; count < 1000; count++) {
      reader.push(Buffer.alloc(1000, 'x'))
      assert.equal(reader.next(2048), undefined)
      assert.ok(reader.bufferedBytes <= 2048)
    }
    reader.push(Buffer.from('\r\nNOOP\r\n'))
    assert.deepEqual([reader.next(2048), reader.next(2048)], [{ fault: 'tooLong' }, 'NOOP'])
    assert.equal(reader.isEmpty, true)
  })

  test('octets are taken as they are, and what is given back is a line again', () => {
    const reader = new LineReader()
    reader.push(Buffer.from('BDAT\r\nab'))
    reader.push(Buffer.from('cdNO'))
    assert.equal(reader.next(100), 'BDAT')
    assert.equal(reader.take(1)?.toString(), 'a')
    assert.equal(reader.take()?.toString(), 'b')
    const chunk = reader.take() as Buffer
    reader.push(Buffer.from('OP\r\n'))
    reader.putBack(chunk.subarray(2))
    assert.equal(reader.next(100), 'NOOP')
    assert.equal(reader.take(), undefined)
  })
})
