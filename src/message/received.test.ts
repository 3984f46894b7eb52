import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Arrival, formatDate, formatReceived } from './received.ts'

const ARRIVAL: Arrival = {
  helo: 'client.example',
  ip: '198.51.100.7',
  hostname: 'mail.here.example',
  ref: '7K2M9QXA',
  extended: true,
  tls: false,
  authenticated: false,
  smtputf8: false,
  atMs: Date.UTC(2026, 0, 2, 3, 4, 5),
}

const ROWS: readonly (readonly [name: string, arrival: Partial<Arrival>, wanted: RegExp])[] = [
  [
    'from and by',
    {},
    /^Received: from client\.example \(\[198\.51\.100\.7\]\)\r\n\tby mail\.here\.example with ESMTP\r\n/,
  ],
  ['an IPv6 address', { ip: '2001:db8::1' }, /\(\[IPv6:2001:db8::1\]\)/],
  ['HELO', { extended: false }, /with SMTP\r\n/],
  ['TLS', { tls: true }, /with ESMTPS\r\n/],
  ['a login', { authenticated: true }, /with ESMTPA\r\n/],
  ['both', { tls: true, authenticated: true }, /with ESMTPSA\r\n/],
  ['SMTPUTF8', { smtputf8: true, tls: true, authenticated: true }, /with UTF8SMTPSA\r\n/],
  ['one recipient', { recipient: 'a@b.example' }, /\tid 7K2M9QXA\r\n\tfor <a@b\.example>;\r\n\t/],
  ['no address', { ip: undefined }, /^Received: from client\.example\r\n\tby /],
  ['no address, not even as a name', { ip: undefined, helo: '[10.0.0.1]' }, /^Received: by /],
  ['no address without brackets either', { ip: undefined, helo: '10.0.0.1' }, /^Received: by /],
  ['a HELO that would be a header', { helo: 'a\r\nBcc: x' }, /from a\?\?Bcc:\?x \(/],
  ['a HELO that is a comment', { helo: '(evil) [1.2.3.4])' }, /from \?evil\?\?\[1\.2\.3\.4\]\? \(\[198/],
  ['no HELO', { helo: '' }, /from unknown \(/],
  ['the date', {}, /;\r\n\tFri, 02 Jan 2026 03:04:05 \+0000\r\n$/],
]

describe('Received', () => {
  for (const [name, arrival, wanted] of ROWS) {
    test(name, () => assert.match(formatReceived({ ...ARRIVAL, ...arrival }), wanted))
  }

  test('whatever HELO says, it is one field', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (helo) => {
        const lines = formatReceived({ ...ARRIVAL, helo }).split('\r\n')
        assert.equal(lines.pop(), '')
        assert.match(lines[0] as string, /^Received: from [A-Za-z0-9._:[\]?-]+ \(\[198\.51\.100\.7\]\)$/)
        for (const line of lines.slice(1)) assert.match(line, /^\t[ -~]+$/)
      }),
    )
  })
})

test('a date has the form of RFC 5322 §3.3', () => {
  assert.equal(formatDate(0), 'Thu, 01 Jan 1970 00:00:00 +0000')
})
