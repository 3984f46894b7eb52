import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createReferences } from './reference.ts'

const references = createReferences(new Uint8Array(32).fill(7))
const ids = fc.integer({ min: 0, max: 2 ** 40 - 1 })

test('a reference leads back to its number', () => {
  fc.assert(fc.property(ids, (id) => references.parse(references.format(id)) === id))
})

test('every reference is eight digits of the alphabet', () => {
  fc.assert(fc.property(ids, (id) => /^[0-9A-HJKMNP-TV-Z]{8}$/.test(references.format(id))))
})

test('every eight digits are the reference of exactly one number', () => {
  const digit = fc.constantFrom(...'0123456789ABCDEFGHJKMNPQRSTVWXYZ')
  fc.assert(
    fc.property(fc.array(digit, { minLength: 8, maxLength: 8 }), (digits) => {
      const text = digits.join('')
      const id = references.parse(text)
      return id !== undefined && references.format(id) === text
    }),
  )
})

test('numbers in a row share no visible pattern', () => {
  const seen = Array.from({ length: 4096 }, (_, id) => references.format(id))
  assert.equal(new Set(seen).size, seen.length)
  for (let at = 0; at < 8; at++) {
    assert.equal(new Set(seen.map((reference) => reference[at])).size, 32, `digit ${at}`)
  }
})

test('another key gives other references', () => {
  const others = createReferences(new Uint8Array(32).fill(8))
  const same = Array.from({ length: 1000 }, (_, id) => others.format(id) === references.format(id))
  assert.equal(same.filter(Boolean).length, 0)
})

test('references are read as people type them', () => {
  const id = references.parse('0110ABCD')
  assert.notEqual(id, undefined)
  for (const text of ['O1I0abcd', ' 0l10-ABCD ', 'oLio abcd']) assert.equal(references.parse(text), id, text)
})

test('what is no reference is undefined, whatever it is', () => {
  for (const text of [
    '',
    '7K2M9QX',
    '7K2M9QXAA',
    'U0000000',
    '__proto__',
    'constructor',
    '\0\0\0\0\0\0\0\0',
    '٣٣٣٣٣٣٣٣',
  ]) {
    assert.equal(references.parse(text), undefined, JSON.stringify(text))
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const id = references.parse(text)
      return id === undefined || (Number.isSafeInteger(id) && id >= 0 && id < 2 ** 40)
    }),
  )
})

test('numbers outside the range are a bug', () => {
  for (const id of [-1, 0.5, 2 ** 40, Number.NaN]) assert.throws(() => references.format(id), RangeError)
})
