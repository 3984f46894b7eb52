import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashPassword, NOBODYS_HASH, parsePasswordHash, verifyPassword } from './password-hash.ts'

/** From the test suite of the reference implementation (phc-winner-argon2, test.c). */
const REFERENCE = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'

test('a hash of the reference implementation is verified', async () => {
  assert.equal(await verifyPassword('password', REFERENCE), true)
  assert.equal(await verifyPassword('Password', REFERENCE), false)
  assert.equal(await verifyPassword('', REFERENCE), false)
})

test('a new hash has the parameters of OWASP and a salt of its own', async () => {
  const [one, two] = await Promise.all([hashPassword('geheim ü'), hashPassword('geheim ü')])
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.notEqual(one, two)
  assert.equal(await verifyPassword('geheim ü', one), true)
  assert.equal(await verifyPassword('geheim u', one), false)
})

test('nobody has the password of nobody, and it costs the same', () => {
  const { memory, passes, parallelism, salt, tag } = parsePasswordHash(NOBODYS_HASH) ?? assert.fail()
  assert.deepEqual([memory, passes, parallelism, salt.length, tag.length], [19456, 2, 1, 16, 32])
})

test('what is no hash, or asks for too much, is never computed', async () => {
  const wrong = [
    '',
    'password',
    REFERENCE.replace('argon2id', 'argon2i'),
    REFERENCE.replace('v=19', 'v=16'),
    REFERENCE.replace('m=256', 'm=9999999'),
    REFERENCE.replace('m=256', 'm=7'),
    REFERENCE.replace('t=2', 't=0'),
    REFERENCE.replace('t=2', 't=999'),
    REFERENCE.replace('p=1', 'p=0'),
    REFERENCE.replace('p=1', 'p=99'),
    `${REFERENCE}\n`,
    REFERENCE.slice(0, -40),
  ]
  for (const text of wrong) {
    assert.equal(parsePasswordHash(text), undefined, text)
    assert.equal(await verifyPassword('password', text), false, text)
  }
  fc.assert(fc.property(fc.string(), (text) => parsePasswordHash(`$argon2id$v=19$${text}`) === undefined))
})
