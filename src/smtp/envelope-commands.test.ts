import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { NO_CAPABILITIES } from './capabilities.ts'
import { formatMail, formatRcpt, isSendable, type MailCommand, type RcptCommand } from './envelope-commands.ts'
import { parseMailParameters, parseRcptParameters } from './parameters.ts'
import { parseForwardPath, parseReversePath } from './path.ts'

const ALL = { ...NO_CAPABILITIES, size: true, eightBit: true, smtputf8: true, dsn: true, requireTls: true }
const MAIL: MailCommand = {
  returnPath: 'a@b.example',
  sizeBytes: 12,
  body: '8BITMIME',
  smtputf8: true,
  ret: 'HDRS',
  envid: 'x+2B1',
  requireTls: true,
}
const RCPT: RcptCommand = { recipient: 'c@d.example', notify: 'SUCCESS,DELAY', orcpt: 'rfc822;c@d.example' }

const MAILS: readonly (readonly [name: string, mail: MailCommand, can: Partial<typeof ALL>, line: string])[] = [
  ['all', MAIL, ALL, 'MAIL FROM:<a@b.example> SIZE=12 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2B1 REQUIRETLS'],
  ['nothing offered', MAIL, {}, 'MAIL FROM:<a@b.example>'],
  ['nothing asked', { returnPath: '', sizeBytes: 0 }, ALL, 'MAIL FROM:<> SIZE=0'],
  ['the size alone', MAIL, { size: true }, 'MAIL FROM:<a@b.example> SIZE=12'],
  ['eight bits alone', MAIL, { eightBit: true }, 'MAIL FROM:<a@b.example> BODY=8BITMIME'],
  ['DSN alone', MAIL, { dsn: true }, 'MAIL FROM:<a@b.example> RET=HDRS ENVID=x+2B1'],
  [
    'an ENVID that would break the line',
    { ...MAIL, envid: 'a\r\nRSET' },
    { dsn: true },
    'MAIL FROM:<a@b.example> RET=HDRS',
  ],
]
const RCPTS: readonly (readonly [name: string, rcpt: RcptCommand, can: Partial<typeof ALL>, line: string])[] = [
  ['all', RCPT, ALL, 'RCPT TO:<c@d.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@d.example'],
  ['nothing offered', RCPT, {}, 'RCPT TO:<c@d.example>'],
  ['nothing asked', { recipient: 'c@d.example' }, ALL, 'RCPT TO:<c@d.example>'],
  [
    'UTF-8 in ORCPT, and SMTPUTF8',
    { ...RCPT, orcpt: 'utf-8;ü@d' },
    ALL,
    'RCPT TO:<c@d.example> NOTIFY=SUCCESS,DELAY ORCPT=utf-8;ü@d',
  ],
  [
    'UTF-8 in ORCPT, and no SMTPUTF8',
    { ...RCPT, orcpt: 'utf-8;ü@d' },
    { dsn: true },
    'RCPT TO:<c@d.example> NOTIFY=SUCCESS,DELAY',
  ],
]
const ADDRESSES: readonly (readonly [address: string, sendable: boolean])[] = [
  ['a@b.example', true],
  ['postmaster', true],
  ['"a b"@c.example', true],
  ['"a\\"b>"@c.example', true],
  ['ü@ü.example', true],
  ['a@[192.0.2.1]', true],
  ["o'hara+x=y@c.example", true],
  ['', false],
  ['a b@c', false],
  ['a>b@c', false],
  ['a@b\r\nRSET', false],
  ['a@b\0', false],
  ['a@b> SIZE=1', false],
  ['a@b@c', true],
  ['"a@c', false],
  ['a@"b"', false],
  ['a\u0085@b', false],
]

describe('envelope commands', () => {
  for (const [name, mail, can, line] of MAILS) {
    test(`MAIL: ${name}`, () => assert.equal(formatMail(mail, { ...NO_CAPABILITIES, ...can }), `${line}\r\n`))
  }
  for (const [name, rcpt, can, line] of RCPTS) {
    test(`RCPT: ${name}`, () => assert.equal(formatRcpt(rcpt, { ...NO_CAPABILITIES, ...can }), `${line}\r\n`))
  }
  for (const [address, sendable] of ADDRESSES) {
    test(`${JSON.stringify(address)} is ${sendable ? '' : 'not '}sendable`, () =>
      assert.equal(isSendable(address), sendable))
  }

  test('what we say, we understand', () => {
    const mail = parseReversePath(
      formatMail(MAIL, { ...ALL, requireTls: false })
        .trim()
        .slice('MAIL FROM:'.length),
    )
    assert.equal(mail?.address, MAIL.returnPath)
    const { returnPath: _, requireTls: __, ...asked } = MAIL
    assert.deepEqual(parseMailParameters(mail?.rest ?? ''), { is: 'ok', values: asked })
    const rcpt = parseForwardPath(formatRcpt(RCPT, ALL).trim().slice('RCPT TO:'.length))
    assert.deepEqual(parseRcptParameters(rcpt?.rest ?? ''), {
      is: 'ok',
      values: { notify: RCPT.notify, orcpt: RCPT.orcpt },
    })
  })

  test('a sendable address is one argument of one line, and every address that we take is sendable', () => {
    const text = fc.array(fc.constantFrom('a', '@', '"', '\\', '<', '>', ' ', '\r', '\n', '.', 'ü', '[', ']'), {
      maxLength: 10,
    })
    fc.assert(
      fc.property(text, (parts) => {
        const address = parts.join('')
        const path = parseForwardPath(`<${address}>`)
        if (path !== undefined) assert.ok(isSendable(path.address), path.address)
        if (isSendable(address)) assert.doesNotMatch(address.replaceAll(/"(?:[^"\\]|\\.)*"/g, ''), /[\r\n<> ]/)
      }),
      { numRuns: 300 },
    )
  })
})
