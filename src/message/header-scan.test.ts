import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { HeaderScan } from './header-scan.ts'

function scan(chunks: readonly Uint8Array[]): {
  received: number
  messageId: string | undefined
  done: boolean
  tlsOptional: boolean
} {
  const header = new HeaderScan()
  for (const chunk of chunks) header.push(chunk)
  return { received: header.received, messageId: header.messageId, done: header.done, tlsOptional: header.tlsOptional }
}

const ROWS: readonly (readonly [
  name: string,
  text: string,
  received: number,
  messageId: string | undefined,
  done: boolean,
])[] = [
  ['a header', 'Received: a\r\nMessage-ID: <1@b>\r\nReceived: b\r\n\r\nReceived: c\r\n', 2, '<1@b>', true],
  ['names in any case, blanks before the colon', 'RECEIVED : a\r\nmessage-id:<2@b>\r\n\r\n', 1, '<2@b>', true],
  ['folded lines', 'X: a\r\n Received: b\r\nMessage-ID:\r\n <3@b>\r\n\r\n', 0, '<3@b>', true],
  ['a Message-ID that is empty', 'Message-ID: \r\nReceived: a\r\n\r\n', 1, undefined, true],
  ['the first Message-ID counts', 'Message-ID: <1>\r\nMessage-ID: <2>\r\n\r\n', 0, '<1>', true],
  ['names that only begin alike', 'Received-SPF: a\r\nMessage-ID-X: b\r\n\r\n', 0, undefined, true],
  ['no body', 'Received: a\r\n', 1, undefined, false],
  ['a body alone', '\r\nReceived: a\r\n', 0, undefined, true],
  ['nothing', '', 0, undefined, false],
]

describe('header scan', () => {
  for (const [name, text, received, messageId, done] of ROWS) {
    test(name, () => {
      const wanted = { received, messageId, done, tlsOptional: false }
      assert.deepEqual(scan([Buffer.from(text)]), wanted)
      assert.deepEqual(scan([...Buffer.from(text)].map((octet) => Buffer.of(octet))), wanted)
    })
  }

  const TLS_ROWS: readonly (readonly [name: string, text: string, tlsOptional: boolean])[] = [
    ['No', 'TLS-Required: No\r\n\r\n', true],
    ['in any case, among others', 'To: a\r\ntls-required:NO\r\nMessage-ID: <1>\r\n\r\n', true],
    ['folded', 'TLS-Required:\r\n No\r\nSubject: x\r\n\r\n', true],
    ['with a comment', 'TLS-Required: (please) No (really)\r\n\r\n', true],
    ['another value', 'TLS-Required: Yes\r\n\r\n', false],
    ['no value', 'TLS-Required: \r\n\r\n', false],
    ['more than No', 'TLS-Required: No\r\n way\r\n\r\n', false],
    ['a value that only begins alike', 'TLS-Required: Not\r\n\r\n', false],
    ['twice', 'TLS-Required: No\r\nTLS-Required: No\r\n\r\n', false],
    ['two that differ', 'TLS-Required: No\r\nSubject: x\r\nTLS-Required: Yes\r\n\r\n', false],
    ['another field', 'TLS-Required-By: No\r\n\r\n', false],
    ['in the body', 'Subject: x\r\n\r\nTLS-Required: No\r\n', false],
  ]
  for (const [name, text, tlsOptional] of TLS_ROWS) {
    test(`TLS-Required: ${name}`, () => {
      assert.equal(scan([Buffer.from(text)]).tlsOptional, tlsOptional)
      assert.equal(scan([...Buffer.from(text)].map((octet) => Buffer.of(octet))).tlsOptional, tlsOptional)
    })
  }

  test('the same octets give the same answer wherever they are cut', () => {
    const part = fc.constantFrom(
      'Received',
      ':',
      ' x',
      '\r\n',
      'Message-ID',
      'M',
      '\t',
      'r',
      '<id>',
      '\r',
      'TLS-Required',
      ': No',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 25 }), fc.nat(120), (parts, cut) => {
        const text = Buffer.from(parts.join(''))
        assert.deepEqual(scan([text.subarray(0, cut), text.subarray(cut)]), scan([text]))
      }),
      { numRuns: 300 },
    )
  })

  test('a header without end or lines costs nothing', () => {
    const header = new HeaderScan()
    const piece = Buffer.alloc(64 * 1024, 'Message-ID: x')
    for (let count = 0; count < 200; count++) header.push(piece)
    header.push(Buffer.from('\r\nReceived: a\r\n'))
    assert.ok((header.messageId ?? '').length <= 1000)
    assert.equal(header.received, 1)
  })
})
