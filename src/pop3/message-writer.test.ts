import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MessageWriter, TopCutter } from './message-writer.ts'

function piecesOf(bytes: Buffer, pieceBytes: number): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes))
  return pieces
}

function written(bytes: Buffer, pieceBytes: number): Buffer {
  const writer = new MessageWriter()
  return Buffer.concat([...piecesOf(bytes, pieceBytes).map((piece) => writer.stuff(piece)), writer.end()])
}

function top(bytes: Buffer, lines: number, pieceBytes: number): string {
  const cutter = new TopCutter(lines)
  return Buffer.concat(piecesOf(bytes, pieceBytes).map((piece) => cutter.cut(piece))).toString('latin1')
}

/** Read a multi-line reply as a client does; `lineEnd` is what it takes for the end of a line. */
function read(reply: Buffer, lineEnd: '\r\n' | '\n'): { readonly message: string; readonly rest: string } {
  let text = reply.toString('latin1')
  let message = ''
  for (;;) {
    const end = text.indexOf(lineEnd)
    assert.notEqual(end, -1, 'the reply has an end')
    const line = text.slice(0, end + lineEnd.length)
    text = text.slice(line.length)
    if (line === `.${lineEnd}` || line === '.\r\n') return { message, rest: text }
    message += line.startsWith('.') ? line.slice(1) : line
  }
}

const pieceBytes = fc.integer({ min: 1, max: 12 })
const line = fc.constantFrom('', '.', '..', '.x', 'x.', 'From: a', '\r.', '\0')
const message = fc.array(line, { maxLength: 8 }).map((lines) => lines.map((one) => `${one}\r\n`).join(''))
const anyBytes = fc
  .array(fc.constantFrom('\r\n', '\n', '\r', '.', '..', 'x', '\xff'), { maxLength: 20 })
  .map((parts) => parts.join(''))

test('what a client reads is the message, byte for byte', () => {
  fc.assert(
    fc.property(message, pieceBytes, (text, size) => {
      const reply = written(Buffer.from(text, 'latin1'), size)
      assert.deepEqual(read(reply, '\r\n'), { message: text, rest: '' })
      assert.deepEqual(read(reply, '\n'), { message: text, rest: '' })
    }),
    { numRuns: 300 },
  )
})

test('whatever the bytes are, a client that reads up to LF gets them all, and nothing for the next reply', () => {
  fc.assert(
    fc.property(anyBytes, pieceBytes, (text, size) => {
      const wanted = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`
      assert.deepEqual(read(written(Buffer.from(text, 'latin1'), size), '\n'), { message: wanted, rest: '' })
    }),
    { numRuns: 300 },
  )
})

test('a message cannot hold its own end', () => {
  fc.assert(
    fc.property(anyBytes, pieceBytes, (text, size) => {
      const reply = written(Buffer.from(text, 'latin1'), size).toString('latin1')
      assert.equal(`\r\n${reply}`.indexOf('\r\n.\r\n'), reply.length - 3)
    }),
    { numRuns: 300 },
  )
})

test('a piece with nothing to double is passed on uncopied', () => {
  const piece = Buffer.from('Subject: x\r\n\r\nbody. \r\n')
  assert.equal(new MessageWriter().stuff(piece), piece)
})

const tops: readonly (readonly [string, string, number, string])[] = [
  ['the header alone, with the blank line', 'A: b\r\n\r\none\r\ntwo\r\n', 0, 'A: b\r\n\r\n'],
  ['two lines', 'A: b\r\n\r\none\r\n\r\nthree\r\n', 2, 'A: b\r\n\r\none\r\n\r\n'],
  ['more lines than there are', 'A: b\r\n\r\none', 9, 'A: b\r\n\r\none'],
  ['a header without a body', 'A: b\r\n', 3, 'A: b\r\n'],
  ['a line of a lone CR in the header is none that is blank', 'A: b\r\nx\r\r\n\r\none\r\n', 0, 'A: b\r\nx\r\r\n\r\n'],
  ['no header at all', '\r\none\r\ntwo\r\n', 1, '\r\none\r\n'],
  ['bare LF', 'A: b\n\none\ntwo\n', 1, 'A: b\n\none\n'],
  ['nothing', '', 1, ''],
]

for (const [name, text, lines, wanted] of tops) {
  test(`top: ${name}, however it is cut`, () => {
    for (let size = 1; size <= text.length + 1; size += 1) {
      assert.equal(top(Buffer.from(text, 'latin1'), lines, size), wanted, `${size} bytes a piece`)
    }
  })
}
