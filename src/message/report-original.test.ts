import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageIdOf, originalPart } from './report-original.ts'

const KB = 1024

/** Say on one line what a part is. */
function said(text: string | Buffer, wanted: 'FULL' | 'HDRS', isWhole = true): string {
  const { fields, content } = originalPart({ content: Buffer.from(text as string), isWhole }, wanted)
  return [...fields.map((field) => field.slice(field.indexOf(' ') + 1)), content.length].join(' ')
}

test('what of a message goes back with a report (RFC 3461 §4.3)', () => {
  const head = 'Subject: hi\r\nX: y\r\n'
  const utf8 = 'Subject: ž\r\n'
  const cases: readonly (readonly [string, string | Buffer, 'FULL' | 'HDRS', string, boolean?])[] = [
    ['RET=HDRS', `${head}\r\nbody\r\n`, 'HDRS', 'text/rfc822-headers 7bit 19'],
    ['RET=FULL', `${head}\r\nbody\r\n`, 'FULL', 'message/rfc822 7bit 27'],
    ['FULL, eight bits in the body', `${head}\r\nž\r\n`, 'FULL', 'message/rfc822 8bit 25'],
    ['FULL, UTF-8 in the header (RFC 6532 §3.7)', `${utf8}\r\nx\r\n`, 'FULL', 'message/global 8bit 18'],
    ['HDRS, UTF-8 in the header (RFC 6533 §6)', `${utf8}\r\nx\r\n`, 'HDRS', 'message/global-headers 8bit 13'],
    ['FULL, but only a beginning is here', `${head}\r\nbody`, 'FULL', 'text/rfc822-headers 7bit 19', false],
    ['FULL, 64 KiB', `${head}\r\n${'x\r\n'.repeat(21_838)}`, 'FULL', 'message/rfc822 7bit 65535'],
    ['FULL, above 64 KiB', `${head}\r\n${'x\r\n'.repeat(21_839)}`, 'FULL', 'text/rfc822-headers 7bit 19'],
    ['FULL, a line too long', `${head}\r\n${'x'.repeat(999)}\r\n`, 'FULL', 'text/rfc822-headers 7bit 19'],
    ['FULL, the longest line', `${head}\r\n${'x'.repeat(998)}\r\n`, 'FULL', 'message/rfc822 7bit 1021'],
    ['FULL, a bare LF', `${head}\r\nx\ny\r\n`, 'FULL', 'text/rfc822-headers 7bit 19'],
    ['FULL, a bare CR', `${head}\r\nx\ry\r\n`, 'FULL', 'text/rfc822-headers 7bit 19'],
    ['FULL, a NUL', `${head}\r\n\0\r\n`, 'FULL', 'text/rfc822-headers 7bit 19'],
    [
      'a header in no known charset',
      Buffer.from('A: \xfc\r\n\r\n', 'latin1'),
      'FULL',
      'text/rfc822-headers quoted-printable 8',
    ],
    ['a header with bare LF', 'A: b\nC: d\n\nbody\n', 'HDRS', 'text/rfc822-headers quoted-printable 12'],
    [
      'a header with a line too long',
      `A: ${'x'.repeat(1000)}\r\n\r\n`,
      'HDRS',
      'text/rfc822-headers quoted-printable 1044',
    ],
    ['a header without end', 'A: b\r\n'.repeat(10 * KB), 'HDRS', 'text/rfc822-headers 7bit 32766'],
    ['a header of one endless line', 'A'.repeat(64 * KB), 'HDRS', 'text/rfc822-headers 7bit 0'],
    ['no header', '\r\nbody', 'HDRS', 'text/rfc822-headers 7bit 0'],
    ['nothing', '', 'FULL', 'message/rfc822 7bit 0'],
  ]
  for (const [name, text, wanted, expected, isWhole] of cases) assert.equal(said(text, wanted, isWhole), expected, name)
})

test('the Message-ID, where it is one', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['Message-ID: <a@b>\r\n\r\n', '<a@b>'],
    ['X: y\r\nmessage-id:\r\n <a@b>\r\nZ: y\r\n\r\n', '<a@b>'],
    ['Message-ID: <a@b> (comment)\r\n\r\n', undefined],
    ['Message-ID: <a b@c>\r\n\r\n', undefined],
    ['Message-ID: <ž@c>\r\n\r\n', undefined],
    ['Message-ID: a@b\r\n\r\n', undefined],
    ['X: y\r\n\r\nMessage-ID: <a@b>\r\n', undefined],
    [`Message-ID: <${'a'.repeat(500)}@b>\r\n\r\n`, undefined],
  ]
  for (const [text, id] of cases) {
    assert.equal(messageIdOf({ content: Buffer.from(text), isWhole: true }), id, JSON.stringify(text))
  }
})
