import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIPv6, normalizeIp, parseIPv4, readIPv6 } from './ip.ts'

const NORMALIZED: readonly [string, string | undefined][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:0201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['::', '::'],
  ['1::', '1::'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::192.0.2.1', '::c000:201'],
  ['192.0.2', undefined],
  ['192.0.2.01', undefined],
  ['00.0.0.0', undefined],
  ['0x7f.0.0.1', undefined],
  ['256.0.0.1', undefined],
  ['1.2.3.4.5', undefined],
  ['1.2.3.', undefined],
  ['.1.2.3', undefined],
  [' 1.2.3.4', undefined],
  ['1.2.3.4%eth0', undefined],
  ['2130706433', undefined],
  ['', undefined],
  [':', undefined],
  [':::', undefined],
  ['1::2::3', undefined],
  ['1:2:3:4:5:6:7', undefined],
  ['1:2:3:4:5:6:7:8:9', undefined],
  ['::1:2:3:4:5:6:7:8', undefined],
  ['12345::', undefined],
  ['1:2:3:4:5:6:7:1.2.3.4', undefined],
  ['::1.2.3.4:5', undefined],
  ['1:', undefined],
  [':1', undefined],
  ['::g', undefined],
  ['\0', undefined],
]

for (const [text, wanted] of NORMALIZED) {
  test(`normalizeIp ${JSON.stringify(text)} is ${wanted}`, () => assert.equal(normalizeIp(text), wanted))
}

const almostAddress = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF:.'), maxLength: 46 }),
  fc
    .array(fc.constantFrom('', '0', '1', 'ffff', '255', '1.2.3.4', '01'), { maxLength: 10 })
    .map((parts) => parts.join(':')),
  fc
    .array(fc.constantFrom('', '0', '1', '25', '255', '256', '00', '01'), { maxLength: 6 })
    .map((parts) => parts.join('.')),
)

test('an address is what node:net takes for one', () => {
  const words = new Uint32Array(4)
  fc.assert(
    fc.property(almostAddress, (text) => {
      assert.equal(parseIPv4(text) >= 0, isIP(text) === 4)
      assert.equal(readIPv6(text, words), isIP(text) === 6)
    }),
    { numRuns: 300 },
  )
})

test('what formatIPv6 writes reads back as the same address, and stays as it is when normalized', () => {
  const word = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.integer({ min: 0, max: 0xffffffff }))
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), (parts) => {
      const words = new Uint32Array(4)
      const text = formatIPv6(Uint32Array.from(parts))
      assert.ok(readIPv6(text, words))
      assert.deepEqual([...words], parts)
      if (!(parts[0] === 0 && parts[1] === 0 && parts[2] === 0xffff)) assert.equal(normalizeIp(text), text)
    }),
    { numRuns: 200 },
  )
})

test('no text makes normalizeIp throw', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (text) => void normalizeIp(text)),
    { numRuns: 200 },
  )
  assert.equal(normalizeIp('1'.repeat(1_000_000)), undefined)
})
