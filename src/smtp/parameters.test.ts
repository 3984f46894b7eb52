import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { afterKeyword, splitCommand } from './command.ts'
import { type MailParameters, parseMailParameters, parseRcptParameters, type RcptParameters } from './parameters.ts'

const MAIL_ROWS: readonly (readonly [text: string, wanted: MailParameters | 'unknown' | 'malformed'])[] = [
  ['', {}],
  ['SIZE=0', { sizeBytes: 0 }],
  ['size=12345678901234567890', { sizeBytes: Number('12345678901234567890') }],
  ['SIZE=123456789012345678901', 'malformed'],
  ['SIZE=-1', 'malformed'],
  ['SIZE=1e3', 'malformed'],
  ['SIZE', 'malformed'],
  ['BODY=8BITMIME  SMTPUTF8', { body: '8BITMIME', smtputf8: true }],
  ['BODY=7bit', { body: '7BIT' }],
  ['BODY=BINARYMIME', 'malformed'],
  ['SMTPUTF8=', 'malformed'],
  ['AUTH=<>', { auth: '<>' }],
  ['AUTH=e+3Dmc2@example.com', { auth: 'e+3Dmc2@example.com' }],
  ['AUTH=e+3dmc2@example.com', 'malformed'],
  ['AUTH=', 'malformed'],
  ['RET=FULL ENVID=a', { ret: 'FULL', envid: 'a' }],
  ['REQUIRETLS', { requireTls: true }],
  ['RET=FULL RET=FULL', 'malformed'],
  [`ENVID=${'x'.repeat(100)}`, { envid: 'x'.repeat(100) }],
  [`ENVID=${'x'.repeat(101)}`, 'malformed'],
  ['NOTIFY=NEVER', 'unknown'],
  ['=', 'unknown'],
  ['constructor=1', 'unknown'],
]

const RCPT_ROWS: readonly (readonly [text: string, wanted: RcptParameters | 'unknown' | 'malformed'])[] = [
  ['NOTIFY=never', { notify: 'NEVER' }],
  ['NOTIFY=DELAY,SUCCESS', { notify: 'DELAY,SUCCESS' }],
  ['NOTIFY=NEVER,DELAY', 'malformed'],
  ['NOTIFY=DELAY,', 'malformed'],
  ['ORCPT=rfc822;a+40b@c.example', { orcpt: 'rfc822;a+40b@c.example' }],
  ['ORCPT=utf-8;jörg@c.example', { orcpt: 'utf-8;jörg@c.example' }],
  ['ORCPT=rfc822;', 'malformed'],
  ['ORCPT=a@c.example', 'malformed'],
  ['RET=HDRS', 'unknown'],
]

describe('parameters of MAIL', () => {
  for (const [text, wanted] of MAIL_ROWS) {
    test(text, () => {
      const parsed = parseMailParameters(text)
      assert.deepEqual(parsed.is === 'ok' ? parsed.values : parsed.is, wanted)
    })
  }
})

describe('parameters of RCPT', () => {
  for (const [text, wanted] of RCPT_ROWS) {
    test(text, () => {
      const parsed = parseRcptParameters(text)
      assert.deepEqual(parsed.is === 'ok' ? parsed.values : parsed.is, wanted)
    })
  }
})

test('no text breaks a parser', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      parseMailParameters(text)
      parseRcptParameters(text)
      const { verb, args } = splitCommand(text)
      assert.ok(!verb.includes(' ') && args === args.trim())
    }),
  )
})

test('a command line is a verb and what follows', () => {
  assert.deepEqual(splitCommand('mail FROM:<a@b> X '), { verb: 'MAIL', args: 'FROM:<a@b> X' })
  assert.deepEqual(splitCommand('QUIT'), { verb: 'QUIT', args: '' })
  assert.deepEqual(splitCommand(''), { verb: '', args: '' })
  assert.equal(afterKeyword('from: <a@b>', 'FROM:'), '<a@b>')
  assert.equal(afterKeyword('TO:<a@b>', 'FROM:'), undefined)
})
