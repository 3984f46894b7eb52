import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Reply, ReplyReader } from './reply-reader.ts'

interface Read {
  readonly replies: readonly Reply[]
  readonly lines: readonly (readonly string[])[]
  readonly fault?: string | undefined
}

function read(chunks: readonly Uint8Array[]): Read {
  const reader = new ReplyReader()
  const replies: Reply[] = []
  const lines: (readonly string[])[] = []
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk))
    for (let reply = reader.next(); reply !== undefined; reply = reader.next()) {
      replies.push(reply)
      lines.push(reader.lines)
    }
  }
  return { replies, lines, fault: reader.fault }
}

const ROWS: readonly (readonly [name: string, input: string, replies: readonly Reply[], fault?: string])[] = [
  ['a reply', '250 fine\r\n', [{ code: 250, text: 'fine' }]],
  ['a code alone', '250\r\n', [{ code: 250, text: '' }]],
  ['a code and a blank', '250 \r\n', [{ code: 250, text: '' }]],
  ['a status', '550 5.1.1 No such user\r\n', [{ code: 550, status: '5.1.1', text: 'No such user' }]],
  ['a status alone', '250 2.0.0\r\n', [{ code: 250, status: '2.0.0', text: '' }]],
  ['a status of another class is text', '550 4.1.1 no\r\n', [{ code: 550, text: '4.1.1 no' }]],
  ['no status for 3xx', '354 3.0.0 go\r\n', [{ code: 354, text: '3.0.0 go' }]],
  ['an address is no status', '550 5.1.1.1 listed\r\n', [{ code: 550, text: '5.1.1.1 listed' }]],
  [
    'lines',
    '550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1 three\r\n',
    [{ code: 550, status: '5.7.1', text: 'one two three' }],
  ],
  ['a line without the status', '550-5.7.1 one\r\n550 two\r\n', [{ code: 550, status: '5.7.1', text: 'one two' }]],
  [
    'two replies',
    '250 a\r\n354 b\r\n',
    [
      { code: 250, text: 'a' },
      { code: 354, text: 'b' },
    ],
  ],
  [
    'a bare LF',
    '250 a\n250 b\r\n',
    [
      { code: 250, text: 'a' },
      { code: 250, text: 'b' },
    ],
  ],
  ['UTF-8', '550 schön\r\n', [{ code: 550, text: 'schön' }]],
  ['controls and a NUL', '550 a\0b\x1b[2Jc\r\n', [{ code: 550, text: 'a\\u{0}b\\u{1b}[2Jc' }]],
  ['a reply that has not come whole', '250-a\r\n250', []],
  ['500 characters', `250 ${'x'.repeat(600)}\r\n`, [{ code: 250, text: 'x'.repeat(500) }]],
  [
    'a line of 60,000 octets',
    `250 ${'x'.repeat(60_000)}\r\n250 b\r\n`,
    [
      { code: 250, text: 'x'.repeat(500) },
      { code: 250, text: 'b' },
    ],
  ],
  ['a line without end', `250 ${'x'.repeat(70_000)}`, [], 'tooLong'],
  ['100 lines', `${'250-x\r\n'.repeat(99)}250 x\r\n`, [{ code: 250, text: `${'x '.repeat(99)}x` }]],
  ['lines without end', '250-x\r\n'.repeat(101), [], 'tooLong'],
  ['lines of more than 64 KiB', `250-${'x'.repeat(2000)}\r\n`.repeat(40), [], 'tooLong'],
  ['codes that differ', '250-a\r\n550 b\r\n', [], 'codesDiffer'],
  ['no code', 'hello\r\n', [], 'notReply'],
  ['an empty line', '\r\n', [], 'notReply'],
  ['1xx', '150 a\r\n', [], 'notReply'],
  ['6xx', '650 a\r\n', [], 'notReply'],
  ['four digits', '2500 a\r\n', [], 'notReply'],
  ['a tab', '250\ta\r\n', [], 'notReply'],
  ['a reply before the fault', '250 a\r\nHTTP/1.1 400\r\n250 b\r\n', [{ code: 250, text: 'a' }], 'notReply'],
]

describe('reply reader', () => {
  for (const [name, input, replies, fault] of ROWS) {
    test(name, () => {
      const octets = Buffer.from(input)
      const whole = read([octets])
      assert.deepEqual([whole.replies, whole.fault], [replies, fault])
      if (octets.length < 5000) assert.deepEqual(read([...octets].map((octet) => Buffer.of(octet))), whole)
    })
  }

  test('the lines of a reply, as EHLO needs them', () => {
    const { lines } = read([Buffer.from('250-mx\r\n250-SIZE 10\r\n250 2.0.0 AUTH PLAIN\r\n250 x\r\n')])
    assert.deepEqual(lines, [['mx', 'SIZE 10', '2.0.0 AUTH PLAIN'], ['x']])
  })

  test('the same octets give the same replies wherever they are cut', () => {
    const word = fc.constantFrom(
      '250',
      '550',
      '-',
      ' ',
      '5.1.1',
      '2.0.0',
      'x',
      'ü',
      '\r\n',
      '\n',
      '\r',
      '\0',
      '250-',
      '250 a\r\n',
    )
    const text = fc.array(
      fc.oneof({ weight: 3, arbitrary: word }, { weight: 1, arbitrary: fc.constant('x'.repeat(2100)) }),
      {
        maxLength: 25,
      },
    )
    fc.assert(
      fc.property(text, fc.array(fc.nat(300), { maxLength: 30 }), (parts, cuts) => {
        const input = Buffer.from(parts.join(''))
        const chunks: Buffer[] = []
        let from = 0
        for (const size of cuts) {
          chunks.push(input.subarray(from, from + size))
          from += size
        }
        chunks.push(input.subarray(from))
        assert.deepEqual(read(chunks), read([input]))
      }),
      { numRuns: 300 },
    )
  })

  test('is empty only between replies', () => {
    const reader = new ReplyReader()
    assert.equal(reader.isEmpty, true)
    for (const part of ['2', '50-a\r\n', '250 b\r']) {
      reader.push(Buffer.from(part))
      assert.equal(reader.next(), undefined)
      assert.equal(reader.isEmpty, false)
    }
    reader.push(Buffer.from('\n'))
    assert.equal(reader.isEmpty, false)
    assert.deepEqual(reader.next(), { code: 250, text: 'a b' })
    assert.equal(reader.isEmpty, true)
  })
})
