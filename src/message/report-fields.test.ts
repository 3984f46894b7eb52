import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatReportFields, type ReportFieldsInput } from './report-fields.ts'
import type { ReportRecipient } from './report-recipient.ts'

const AT_MS = Date.UTC(2026, 10, 24, 8, 30)

function fieldsOf(recipient: Partial<ReportRecipient>, message: Partial<ReportFieldsInput> = {}): readonly string[] {
  return formatReportFields({
    kind: 'failed',
    hostname: 'mail.here.example',
    ref: 'REF',
    arrivalMs: AT_MS,
    recipients: [{ recipient: 'bob@far.example', status: '5.1.1', ...recipient }],
    ...message,
  }).split('\r\n')
}

test("the message's fields (RFC 3464 §2.2)", () => {
  const cases: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['§2.2.1: no ENVID, no field', undefined, undefined],
    ['§2.2.1: as it was before it was encoded', 'QQ314159+3D', 'QQ314159='],
    ['RFC 3461 §4.4: blanks may be in it', 'a+20b', 'a b'],
    ['RFC 3461 §4.4: controls may not, and stay encoded', 'a+0D+0AX:', 'a+0D+0AX:'],
    ['nor what is beyond ASCII', '+FF', '+FF'],
  ]
  for (const [name, envid, expected] of cases) {
    const fields = fieldsOf({}, envid === undefined ? {} : { envid })
    const found = fields.find((field) => field.startsWith('Original-Envelope-Id'))
    assert.equal(found, expected === undefined ? undefined : `Original-Envelope-Id: ${expected}`, name)
    assert.ok(fields.includes('Reporting-MTA: dns; mail.here.example'), '§2.2.2')
    assert.ok(fields.includes('Arrival-Date: Tue, 24 Nov 2026 08:30:00 +0000'), '§2.2.5')
  }
})

const REPLY = { code: 550, status: '5.1.1', text: 'No such user' }

test("a recipient's fields (RFC 3464 §2.3)", () => {
  const cases: readonly (readonly [
    name: string,
    recipient: Partial<ReportRecipient>,
    field: string,
    value: string | undefined,
    message?: Partial<ReportFieldsInput>,
  ])[] = [
    ['§2.3.1: none without ORCPT', {}, 'Original-Recipient', undefined],
    ['§2.3.1: decoded', { orcpt: 'rfc822;a+2Bb@x.example' }, 'Original-Recipient', 'rfc822; a+b@x.example'],
    ['§2.3.1: another type', { orcpt: 'x400;/G=Ann/' }, 'Original-Recipient', 'x400; /G=Ann/'],
    ['§2.3.1: its type stays', { orcpt: 'X-Mixed;a@x.example' }, 'Original-Recipient', 'X-Mixed; a@x.example'],
    ['no line end out of it', { orcpt: 'rfc822;a+0D+0Ab' }, 'Original-Recipient', 'rfc822; a+0D+0Ab'],
    ['RFC 6533 §3', { orcpt: 'utf-8;\\x{17E}@x.example' }, 'Original-Recipient', 'utf-8; \\x{17E}@x.example'],
    ['RFC 6533 §3, in UTF-8', { orcpt: 'utf-8;ž@x.example' }, 'Original-Recipient', 'utf-8; ž@x.example'],
    ['too long for a line', { orcpt: `utf-8;${'ž'.repeat(480)}` }, 'Original-Recipient', undefined],
    ['§2.3.2', {}, 'Final-Recipient', 'rfc822; bob@far.example'],
    ['RFC 6533 §3', { recipient: 'žofie@x.example' }, 'Final-Recipient', 'utf-8; žofie@x.example'],
    ['§2.3.3', {}, 'Action', 'failed'],
    ['§2.3.3', {}, 'Action', 'delayed', { kind: 'delayed' }],
    ['§2.3.3', {}, 'Action', 'relayed', { kind: 'relayed' }],
    ['§2.3.3', {}, 'Action', 'delivered', { kind: 'delivered' }],
    ['§2.3.3', {}, 'Action', 'expanded', { kind: 'expanded' }],
    ['§2.3.4', {}, 'Status', '5.1.1'],
    ['§2.3.4: a temporary one that went on too long', { status: '4.4.7' }, 'Status', '4.4.7'],
    ['§2.3.4: a delay is temporary', { status: '5.1.1' }, 'Status', '4.0.0', { kind: 'delayed' }],
    ['§2.3.4: a success is a success', { status: '5.1.1' }, 'Status', '2.0.0', { kind: 'relayed' }],
    ['§2.3.4: no code', { status: 'what' }, 'Status', '5.0.0'],
    ['§2.3.5', { reply: REPLY, remoteHost: 'mx.far.example' }, 'Remote-MTA', 'dns; mx.far.example'],
    ['§2.3.5: an address', { reply: REPLY, remoteHost: '192.0.2.1' }, 'Remote-MTA', 'dns; [192.0.2.1]'],
    ['§2.3.5: an address', { reply: REPLY, remoteHost: '2001:db8::1' }, 'Remote-MTA', 'dns; [IPv6:2001:db8::1]'],
    ['§2.3.5: who said nothing is not named', { remoteHost: 'mx.far.example' }, 'Remote-MTA', undefined],
    ['§2.3.6', { reply: REPLY, because: 'x' }, 'Diagnostic-Code', 'smtp; 550 5.1.1 No such user'],
    ['§2.3.6: in ASCII', { reply: { code: 550, text: 'schließt' } }, 'Diagnostic-Code', 'smtp; 550 schlie?t'],
    ['§2.3.6: ours', { because: 'no MX' }, 'Diagnostic-Code', 'x-postern; no MX'],
    ['§2.3.6: nothing to say', {}, 'Diagnostic-Code', undefined],
    ['§2.3.7', { lastAttemptMs: AT_MS }, 'Last-Attempt-Date', 'Tue, 24 Nov 2026 08:30:00 +0000'],
    ['§2.3.8', {}, 'Final-Log-ID', 'REF'],
    ['§2.3.9: only of a delay', { willRetryUntilMs: AT_MS }, 'Will-Retry-Until', undefined],
    ['§2.3.9', { willRetryUntilMs: AT_MS }, 'Will-Retry-Until', 'Tue, 24 Nov 2026 08:30:00 +0000', { kind: 'delayed' }],
  ]
  for (const [name, recipient, field, value, message] of cases) {
    const found = fieldsOf(recipient, message).filter((line) => line.startsWith(`${field}:`))
    assert.deepEqual(found, value === undefined ? [] : [`${field}: ${value}`], `${name} ${field}`)
  }
})

test('long values are folded, and the longest cut', () => {
  const words = formatReportFields({
    kind: 'failed',
    hostname: 'h',
    ref: 'REF',
    arrivalMs: AT_MS,
    recipients: [{ recipient: 'a@b', status: '5.0.0', reply: { code: 550, text: 'word '.repeat(100) } }],
  })
  for (const line of words.split('\r\n')) assert.ok(line.length <= 78, line)
  assert.match(words, /^Diagnostic-Code: smtp; 550 (?:word ?|\r\n )+word/m)
  for (const line of fieldsOf({ because: '\u{10ffff}'.repeat(400) })) assert.ok(Buffer.byteLength(line) <= 998)
})
