import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RemoteReply } from './contract.ts'
import { shapeOf } from './shaping.ts'
import { SHAPING_RULES } from './shaping-rules.ts'

test('what servers say, and the rule that follows', () => {
  const rows: readonly (readonly [string | undefined, number, string | undefined, string, string | undefined])[] = [
    [
      'aspmx.l.google.com',
      421,
      '4.7.28',
      'Our system has detected an unusual rate of unsolicited mail',
      'gmail: unusual rate',
    ],
    ['gmail-smtp-in.l.google.com', 421, '4.7.0', 'Our system has detected an unusual rate of', 'gmail: unusual rate'],
    ['ASPMX2.GOOGLEMAIL.COM.', 421, '4.7.0', 'Try again later, closing connection.', 'gmail: try again later'],
    [
      'aspmx.l.google.com',
      450,
      '4.2.1',
      'The user you are trying to contact is receiving mail too quickly',
      'gmail: recipient gets mail too fast',
    ],
    [
      'hotmail-com.olc.protection.outlook.com',
      421,
      undefined,
      'RP-001 The mail server IP has exceeded the rate limit',
      'outlook: too fast',
    ],
    [
      'hotmail-com.olc.protection.outlook.com',
      421,
      undefined,
      'RP-003 exceeded the connection limit',
      'outlook: too many connections',
    ],
    [
      'x.mail.protection.outlook.com',
      451,
      '4.7.650',
      'The mail server has been temporarily rate limited',
      'outlook: limited by reputation',
    ],
    ['x.mail.protection.outlook.com', 451, '4.7.500', 'Server busy. Please try again later', 'outlook: server busy'],
    [
      'mta5.am0.yahoodns.net',
      421,
      '4.7.0',
      '[TSS04] Messages from 192.0.2.1 temporarily deferred',
      'yahoo: unexpected volume',
    ],
    [
      'mta5.am0.yahoodns.net',
      421,
      '4.7.0',
      '[TS01] Messages from 192.0.2.1 temporarily deferred',
      'yahoo: unexpected volume',
    ],
    ['mx01.mail.icloud.com', 421, '4.7.1', 'Message deferred', 'icloud: deferred'],
    [
      'mx00.gmx.net',
      421,
      undefined,
      'gmx.net Nemesis ESMTP Service not available Too many messages have been',
      'gmx, web.de: too many messages',
    ],
    [
      'mx-ha02.web.de',
      421,
      undefined,
      'Too many messages have been received in a short period',
      'gmx, web.de: too many messages',
    ],
    ['mx00.t-online.de', 421, undefined, 'closing', 't-online: closing'],
    ['mx1.mxge.comcast.net', 421, '4.1.0', 'Throttled - try again later. RL000001', 'comcast: throttled'],
    [
      'smtp-in.orange.fr',
      421,
      undefined,
      'Too many connections, slow down. OFR004_104 [104]',
      'orange: too many connections',
    ],
    ['mx.small.example', 421, '4.7.0', 'Error: too many connections from 192.0.2.1', 'too many connections'],
    ['mx.small.example', 450, '4.7.1', 'Rate limit exceeded', 'too fast'],
    [undefined, 451, undefined, 'throttling failure', 'too fast'],
    ['mx.small.example', 450, '4.2.0', 'Recipient address rejected: Greylisted', 'greylisting'],
    ['mx.small.example', 450, '4.1.1', 'unverified address', undefined],
    ['mx.small.example', 550, '5.7.1', 'rate limit', undefined],
    ['mx.small.example', 250, '2.0.0', 'rate limit', undefined],
    ['google.com.evil.example', 421, '4.7.28', 'no', undefined],
  ]
  for (const [host, code, status, text, name] of rows) {
    const reply: RemoteReply = { code, text, ...(status !== undefined && { status }) }
    assert.equal(shapeOf(reply, host, SHAPING_RULES)?.name, name, `${host} ${code} ${status} ${text}`)
  }
})

test('all that a rule gives must match, and the first rule wins', () => {
  const rule = { name: 'one', host: '*.a.example', code: '4xx', status: '4.7.*', text: '*slow?down*', for: 1 }
  const reply = { code: 421, status: '4.7.9', text: 'please SLOW DOWN' }
  assert.equal(shapeOf(reply, 'mx.a.example', [rule, { ...rule, name: 'two' }])?.name, 'one')
  for (const [other, host] of [
    [{ ...reply, code: 550 }, 'mx.a.example'],
    [{ ...reply, status: '4.6.9' }, 'mx.a.example'],
    [{ code: 421, text: reply.text }, 'mx.a.example'],
    [{ ...reply, text: 'slowdown' }, 'mx.a.example'],
    [reply, 'a.example'],
    [reply, undefined],
  ] as const)
    assert.equal(shapeOf(other, host, [rule]), undefined)
})

test('codes may be cut short or have any digit', () => {
  for (const [code, yes] of [
    ['4', true],
    ['42', true],
    ['4xx', true],
    ['421', true],
    ['422', false],
    ['5', false],
    ['45x', false],
  ] as const)
    assert.equal(shapeOf({ code: 421, text: '' }, undefined, [{ name: '', code, for: 1 }]) !== undefined, yes, code)
})

test('a long answer that nearly matches many stars takes no time to speak of', () => {
  const rule = { name: '', text: `*${'a*'.repeat(100)}b`, for: 1 }
  assert.equal(shapeOf({ code: 451, text: 'a'.repeat(500) }, undefined, [rule]), undefined)
})
