import assert from 'node:assert/strict'
import { test } from 'node:test'
import { extensionsOf } from './extensions.ts'
import {
  closesSession,
  formatChallenge,
  formatEhlo,
  formatReply,
  isDeferral,
  isFailure,
  REPLIES,
  type ReplyName,
  type ReplyRow,
} from './replies.ts'

const ROWS = Object.entries(REPLIES) as unknown as readonly (readonly [ReplyName, ReplyRow])[]

test('every reply fits a line with its reference, and is printable ASCII', () => {
  for (const [name] of ROWS) {
    const line = formatReply(name, 'ABCDEFGH')
    assert.ok(Buffer.byteLength(line) <= 510, name)
    assert.match(line, /^[ -~]+$/, name)
  }
})

test('the class of the enhanced code is that of the basic code (RFC 3463 §2)', () => {
  for (const [name, { code, detail }] of ROWS) {
    const enhanced = /^\d{3} (\d)\.(\d{1,3}\.\d{1,3}) /.exec(formatReply(name))
    if (detail === undefined) assert.equal(enhanced, null, name)
    else assert.deepEqual(enhanced?.slice(1), [String(code)[0], detail], name)
  }
})

test('replies of 2xx, 4xx and 5xx bear an enhanced code, 3xx none (RFC 2034 §4)', () => {
  for (const [name, { code, detail }] of ROWS) assert.equal(detail === undefined, code >= 300 && code < 400, name)
})

test('221, 421 and what is marked so close the session, and no reply says so that does not', () => {
  for (const [name, { code, text, closes }] of ROWS) {
    assert.equal(closesSession(name), code === 221 || code === 421 || closes === true, name)
    if (text.includes('closing the connection')) assert.equal(closesSession(name), true, name)
  }
  assert.equal(closesSession('tooManyFromYouRefused'), true)
  assert.equal(closesSession('unknownRecipient'), false)
})

test('no reply tells which rule, file or list refused', () => {
  for (const [name, { text }] of ROWS) assert.doesNotMatch(text, /group|sqlite|config|setting|postern/i, name)
})

test('a deferral is 4xx, a failure 5xx', () => {
  for (const [name, { code }] of ROWS) {
    assert.equal(isDeferral(name), code >= 400 && code < 500, name)
    assert.equal(isFailure(name), code >= 500, name)
  }
})

test('the reply to EHLO', () => {
  const offer = { maxMessageBytes: 'unlimited', startTls: false, tls: false, mechanisms: ['PLAIN', 'LOGIN'] } as const
  assert.equal(
    formatEhlo('mail.here.example', extensionsOf(offer)),
    [
      '250-mail.here.example',
      '250-PIPELINING',
      '250-8BITMIME',
      '250-SMTPUTF8',
      '250-CHUNKING',
      '250-DSN',
      '250-ENHANCEDSTATUSCODES',
      '250-SIZE 0',
      '250 AUTH PLAIN LOGIN',
    ].join('\r\n'),
  )
})

test('a challenge of nothing is 334 and a blank (RFC 4954 §4)', () => {
  assert.equal(formatChallenge(new Uint8Array(0)), '334 ')
  assert.equal(formatChallenge(Buffer.from('Username:')), '334 VXNlcm5hbWU6')
})
