import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatAddress, formatDotted, parseClientAddress, sharesPrefix } from './client-address.ts'

describe('sharesPrefix', () => {
  const rows: readonly (readonly [string, string, number, boolean])[] = [
    ['192.0.2.1', '192.0.2.1', 32, true],
    ['192.0.2.1', '192.0.2.0', 32, false],
    ['192.0.2.1', '192.0.2.0', 31, true],
    ['192.0.2.1', '192.0.3.1', 24, false],
    ['192.0.2.1', '64.0.2.1', 1, false],
    ['192.0.2.1', '1.1.1.1', 0, true],
    ['255.255.255.255', '127.255.255.255', 1, false],
    ['192.0.2.1', '2001:db8::1', 0, false],
    ['::ffff:192.0.2.1', '192.0.2.1', 32, true],
    ['2001:db8::1', '2001:db8::2', 126, true],
    ['2001:db8::1', '2001:db8::2', 127, false],
    ['2001:db8::1', '2001:db8::1', 128, true],
    ['2001:db8::', '2001:db8:8000::', 32, true],
    ['2001:db8::', '2001:db8:8000::', 33, false],
  ]
  for (const [a, b, bits, wanted] of rows) {
    it(`${a} ${b} /${bits}`, () => {
      const [first, second] = [parseClientAddress(a), parseClientAddress(b)]
      assert.ok(first && second)
      assert.equal(sharesPrefix(first, second, bits), wanted)
      assert.equal(sharesPrefix(second, first, bits), wanted)
    })
  }
})

describe('an address as a macro', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['192.0.2.1', '192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1', 'F.E.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1'],
  ]
  for (const [text, shown, dotted] of rows) {
    it(text, () => {
      const address = parseClientAddress(text)
      assert.ok(address)
      assert.deepEqual([formatAddress(address), formatDotted(address)], [shown, dotted])
    })
  }
  for (const text of ['', 'unix', '1.2.3', '1.2.3.4.5', ':::']) {
    it(`none: "${text}"`, () => assert.equal(parseClientAddress(text), undefined))
  }
})
