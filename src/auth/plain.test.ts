import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parsePlain, plain } from './plain.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('PLAIN is three parts, the first empty or the name', () => {
  assert.deepEqual(parsePlain(bytes('\0tim\0tanstaaftanstaaf')), { name: 'tim', password: 'tanstaaftanstaaf' })
  assert.deepEqual(parsePlain(bytes('tim\0tim\0pässword')), { name: 'tim', password: 'pässword' })
  for (const text of ['', 'tim', '\0tim', '\0\0x', '\0tim\0', 'Ursel\0Kurt\0xipj3plmq', '\0a\0b\0c', '\0a\0b\0']) {
    assert.equal(typeof parsePlain(bytes(text)), 'string', JSON.stringify(text))
  }
  assert.equal(typeof parsePlain(Uint8Array.of(0, 0xff, 0, 0x61)), 'string')
})

test('PLAIN takes any bytes, and what it takes is what was sent', () => {
  const part = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\0'))
  fc.assert(
    fc.property(part, part, (name, password) => {
      assert.deepEqual(parsePlain(bytes(`\0${name}\0${password}`)), { name, password })
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (message) => {
      const parsed = parsePlain(message)
      return typeof parsed === 'string' || (parsed.name !== '' && parsed.password !== '')
    }),
    { numRuns: 300 },
  )
})

test('without an initial response the client is asked', async () => {
  const exchange = plain(async (name) => ({ is: 'denied', name, why: '' }))
  assert.deepEqual(await exchange.start(undefined), { is: 'challenge', data: new Uint8Array(0) })
  assert.deepEqual(await exchange.next(bytes('\0a\0b')), { is: 'done', result: { is: 'denied', name: 'a', why: '' } })
})
