import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatUniqueId } from './uidl.ts'

test('a unique id is 1 to 70 characters of 0x21 to 0x7E (RFC 1939 §7), and leads back to one uid', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (uid) => {
      const id = formatUniqueId(uid)
      assert.match(id, /^[\x21-\x7e]{1,70}$/)
      assert.equal(Number.parseInt(id, 36), uid)
    }),
  )
})
