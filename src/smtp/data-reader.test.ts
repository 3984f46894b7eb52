import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ContentCheck, type ContentFault, DataReader } from './data-reader.ts'

interface Reading {
  readonly message: string
  readonly fault: ContentFault | undefined
  /** What follows the end; undefined when there is none. */
  readonly rest: string | undefined
}

function read(chunks: readonly Uint8Array[]): Reading {
  const reader = new DataReader()
  const pieces: Uint8Array[] = []
  const rest: Uint8Array[] = []
  for (const chunk of chunks) {
    const used = reader.done ? 0 : reader.push(chunk, pieces)
    rest.push(chunk.subarray(used))
  }
  return {
    message: reader.fault === undefined ? Buffer.concat(pieces).toString('latin1') : '',
    fault: reader.fault,
    rest: reader.done ? Buffer.concat(rest).toString('latin1') : undefined,
  }
}

const ROWS: readonly (readonly [
  name: string,
  input: string,
  message: string,
  rest: string | undefined,
  fault?: ContentFault,
])[] = [
  ['a message', 'a\r\nb\r\n.\r\n', 'a\r\nb\r\n', ''],
  ['an empty one', '.\r\n', '', ''],
  ['what follows the end is left', 'a\r\n.\r\nQUIT\r\n', 'a\r\n', 'QUIT\r\n'],
  ['doubled dots', '..\r\n..a\r\n...\r\n.\r\n', '.\r\n.a\r\n..\r\n', ''],
  ['a dot that is not doubled is taken out all the same', '.a\r\n.\r\n', 'a\r\n', ''],
  ['dots inside a line', 'a.\r\nb..c\r\n.\r\n', 'a.\r\nb..c\r\n', ''],
  ['no end yet', 'a\r\n.', 'a\r\n', undefined],
  ['LF . LF', 'a\n.\nb\r\n.\r\n', '', '', 'bareLf'],
  ['CR . CR', 'a\r.\rb\r\n.\r\n', '', '', 'bareCr'],
  ['CRLF . LF', 'a\r\n.\nb\r\n.\r\n', '', '', 'bareLf'],
  ['CRLF . CR', 'a\r\n.\rb\r\n.\r\n', '', '', 'bareCr'],
  ['LF . CRLF', 'a\n.\r\nb\r\n.\r\n', '', '', 'bareLf'],
  ['CR . CRLF', 'a\r.\r\nb\r\n.\r\n', '', '', 'bareCr'],
  ['CR CRLF . CRLF', 'a\r\r\n.\r\n', '', '', 'bareCr'],
  ['CRLF . CR CRLF', 'a\r\n.\r\r\nb\r\n.\r\n', '', '', 'bareCr'],
  ['NUL', 'a\0\r\n.\r\n', '', '', 'nul'],
  ['NUL behind the dot', '.\0\r\n.\r\n', '', '', 'nul'],
]

describe('data reader', () => {
  for (const [name, input, message, rest, fault] of ROWS) {
    test(name, () => {
      const wanted = { message, fault, rest }
      assert.deepEqual(read([Buffer.from(input, 'latin1')]), wanted)
      assert.deepEqual(read([...Buffer.from(input, 'latin1')].map((octet) => Buffer.of(octet))), wanted)
    })
  }

  const octets = fc.array(fc.constantFrom(13, 10, 46, 97, 0, 255), { maxLength: 60 })
  const lines = fc.array(fc.string({ unit: fc.constantFrom('.', 'a', 'é', '\t') }), { maxLength: 10 })

  test('what a client stuffs comes out as it went in', () => {
    fc.assert(
      fc.property(lines, fc.nat(80), (texts, cut) => {
        const message = texts.map((text) => `${text}\r\n`).join('')
        const wire = Buffer.from(`${message.replaceAll(/^\./gm, '..')}.\r\n`)
        const reading = read([wire.subarray(0, cut), wire.subarray(cut)])
        assert.deepEqual(reading, { message: Buffer.from(message).toString('latin1'), fault: undefined, rest: '' })
      }),
      { numRuns: 300 },
    )
  })

  test('the same octets give the same message wherever they are cut', () => {
    fc.assert(
      fc.property(octets, fc.nat(60), fc.nat(60), (input, one, two) => {
        const wire = Buffer.from(input)
        const [first, second] = one < two ? [one, two] : [two, one]
        const cut = [wire.subarray(0, first), wire.subarray(first, second), wire.subarray(second)]
        assert.deepEqual(read(cut), read([wire]))
      }),
      { numRuns: 300 },
    )
  })

  test('only CRLF.CRLF ends, and a faultless message holds no bare CR, bare LF or NUL', () => {
    fc.assert(
      fc.property(octets, (input) => {
        const wire = `\r\n${Buffer.from(input).toString('latin1')}`
        const { message, fault, rest } = read([Buffer.from(input)])
        const end = wire.indexOf('\r\n.\r\n')
        assert.equal(rest, end === -1 ? undefined : wire.slice(end + 5))
        if (fault === undefined && rest !== undefined) assert.doesNotMatch(message, /\0|\r(?!\n)|(?<!\r)\n/)
      }),
      { numRuns: 300 },
    )
  })
})

describe('content check', () => {
  function check(...chunks: string[]): ContentFault | undefined {
    const content = new ContentCheck()
    for (const chunk of chunks) content.push(Buffer.from(chunk, 'latin1'))
    content.finish()
    return content.fault
  }
  const rows: readonly (readonly [name: string, input: string, fault: ContentFault | undefined])[] = [
    ['text', 'a\r\nb\r\n', undefined],
    ['text whose last line lacks its end', 'a\r\n\tb', undefined],
    ['a line with a dot', '.\r\n..\r\n', undefined],
    ['a bare LF', 'a\nb', 'bareLf'],
    ['a bare CR', 'a\rb', 'bareCr'],
    ['a bare CR at the end', 'a\r', 'bareCr'],
    ['two CRs', 'a\r\r\n', 'bareCr'],
    ['a NUL', 'a\0', 'nul'],
  ]
  for (const [name, input, fault] of rows) {
    test(name, () => {
      assert.equal(check(input), fault)
      assert.equal(check(...input), fault)
    })
  }
})
