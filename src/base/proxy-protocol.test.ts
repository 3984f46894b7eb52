import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { normalizeIp } from './ip.ts'
import { type DecodedProxyHeader, decodeProxyHeader, MOST_HEADER_BYTES } from './proxy-protocol.ts'

const SIGNATURE = '0d0a0d0a000d0a515549540a'

function v2(hex: string): Buffer {
  return Buffer.from(SIGNATURE + hex.replaceAll(' ', ''), 'hex')
}

function proxied(sourceIp: string, sourcePort: number, ip: string, port: number) {
  return { is: 'proxied', source: { ip: sourceIp, port: sourcePort }, destination: { ip, port } } as const
}

function summary(decoded: DecodedProxyHeader): unknown {
  return decoded.is === 'header' ? decoded.header : decoded.is
}

const rows: readonly (readonly [string, Buffer | string, unknown])[] = [
  ['v1 TCP4', 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n', proxied('192.0.2.1', 56324, '198.51.100.2', 25)],
  ['v1 TCP6', 'PROXY TCP6 2001:DB8:0::1 ::1 1 65535\r\n', proxied('2001:db8::1', 1, '::1', 65535)],
  ['v1 mapped', 'PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c000:202 1 2\r\n', proxied('192.0.2.1', 1, '192.0.2.2', 2)],
  ['v1 unknown', 'PROXY UNKNOWN\r\n', { is: 'unknown' }],
  ['v1 unknown with more', 'PROXY UNKNOWN ffff:: ::1 1 2 x y\r\n', { is: 'unknown' }],
  ['v1 lower case', 'proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n', 'malformed'],
  ['v1 UDP', 'PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n', 'malformed'],
  ['v1 port too high', 'PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n', 'malformed'],
  ['v1 port with a zero before', 'PROXY TCP4 192.0.2.1 198.51.100.2 01 25\r\n', 'malformed'],
  ['v1 octal', 'PROXY TCP4 192.0.2.010 198.51.100.2 1 25\r\n', 'malformed'],
  ['v1 families mixed', 'PROXY TCP4 ::1 198.51.100.2 1 25\r\n', 'malformed'],
  ['v1 scope id', 'PROXY TCP6 fe80::1%eth0 ::1 1 25\r\n', 'malformed'],
  ['v1 two blanks', 'PROXY TCP4  192.0.2.1 198.51.100.2 1 25\r\n', 'malformed'],
  ['v1 something more', 'PROXY TCP4 192.0.2.1 198.51.100.2 1 25 x\r\n', 'malformed'],
  ['v1 bare LF', 'PROXY TCP4 192.0.2.1 198.51.100.2 1 25\n', 'malformed'],
  ['v1 without an end', `PROXY TCP4 ${'1'.repeat(100)}`, 'malformed'],
  ['v1 not yet ended', 'PROXY TCP4 192.0.2.1 19', 'more'],
  ['another protocol', 'EHLO x\r\n', 'malformed'],
  ['nothing yet', '', 'more'],
  ['v2 TCP4', v2('21 11 000c c0000201 c6336402 dc04 0019'), proxied('192.0.2.1', 56324, '198.51.100.2', 25)],
  [
    'v2 TCP6',
    v2(`21 21 0024 20010db8${'0'.repeat(22)}01 ${'0'.repeat(31)}1 0001 ffff`),
    proxied('2001:db8::1', 1, '::1', 65535),
  ],
  [
    'v2 mapped',
    v2(`21 21 0024 ${'0'.repeat(20)}ffffc0000201 ${'0'.repeat(20)}ffffc0000202 0001 0002`),
    proxied('192.0.2.1', 1, '192.0.2.2', 2),
  ],
  ['v2 with TLVs', v2('21 11 0010 c0000201 c6336402 0001 0002 04000100'), proxied('192.0.2.1', 1, '198.51.100.2', 2)],
  ['v2 local', v2('20 00 0000'), { is: 'local' }],
  ['v2 local with addresses', v2('20 11 000c c0000201 c6336402 dc04 0019'), { is: 'local' }],
  ['v2 unspecified', v2('21 00 0000'), { is: 'unknown' }],
  ['v2 UDP', v2('21 12 000c c0000201 c6336402 dc04 0019'), { is: 'unknown' }],
  ['v2 addresses missing', v2('21 11 0004 c0000201'), 'malformed'],
  ['v2 another version', v2('31 11 000c c0000201 c6336402 dc04 0019'), 'malformed'],
  ['v2 another command', v2('22 11 000c c0000201 c6336402 dc04 0019'), 'malformed'],
  ['v2 too long', v2('21 11 ffff'), 'malformed'],
  ['v2 not yet ended', v2('21 11 000c c0000201'), 'more'],
]

for (const [name, input, wanted] of rows) {
  test(name, () => {
    const bytes = Buffer.from(input as string)
    const decoded = decodeProxyHeader(bytes)
    assert.deepEqual(summary(decoded), wanted, JSON.stringify(decoded))
    if (decoded.is !== 'header') return
    assert.equal(decoded.consumedBytes, bytes.length)
    // Every beginning asks for more, and what follows is left alone.
    for (let cut = 0; cut < bytes.length; cut += 1) {
      assert.equal(decodeProxyHeader(bytes.subarray(0, cut)).is, 'more', `cut at ${cut}`)
    }
    assert.deepEqual(decodeProxyHeader(Buffer.concat([bytes, Buffer.from('QUIT\r\n')])), decoded)
  })
}

test('any bytes are decoded or refused, and never past the bound', () => {
  const start = fc.constantFrom('', 'PROXY ', 'PROXY TCP4 ', 'PROXY TCP6 ::1 ::1 ').map((text) => Buffer.from(text))
  const startV2 = fc.constantFrom('', '21', '2111', '21110100', '2121', '20').map((hex) => v2(hex))
  const bytes = fc
    .tuple(fc.oneof(start, startV2), fc.uint8Array({ maxLength: 600 }))
    .map(([head, rest]) => Buffer.concat([head, rest]))
  fc.assert(
    fc.property(bytes, (input) => {
      const decoded = decodeProxyHeader(input)
      if (decoded.is !== 'header') return decoded.is === 'malformed' || input.length < MOST_HEADER_BYTES
      if (decoded.header.is === 'proxied') {
        const { source, destination } = decoded.header
        for (const { ip } of [source, destination]) assert.equal(normalizeIp(ip), ip)
      }
      return decoded.consumedBytes <= Math.min(input.length, MOST_HEADER_BYTES)
    }),
    { numRuns: 300 },
  )
})
