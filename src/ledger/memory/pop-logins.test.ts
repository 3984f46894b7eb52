import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPopLogins } from './pop-logins.ts'

const ANNA = 'anna@here.example'

test('a login is remembered from its last time on', () => {
  const logins = createPopLogins()
  logins.note('192.0.2.1', 1_000, ANNA)
  logins.note('192.0.2.1', 5_000, ANNA)
  assert.equal(logins.sinceMs('192.0.2.1', 6_000), 1_000)
  assert.equal(logins.sinceMs('192.0.2.2', 6_000), undefined)
})

test('after a clock was set back a login opens no way, and a moment between threads is no such thing', () => {
  const logins = createPopLogins()
  logins.note('192.0.2.1', 5_000, ANNA)
  assert.equal(logins.sinceMs('192.0.2.1', 4_500), 0)
  assert.equal(logins.sinceMs('192.0.2.1', 1_000), undefined)
})

test('the address whose login is oldest is let go first', () => {
  const logins = createPopLogins(2)
  logins.note('192.0.2.1', 1, ANNA)
  logins.note('192.0.2.2', 2, ANNA)
  logins.note('192.0.2.1', 3, ANNA)
  logins.note('192.0.2.3', 4, ANNA)
  assert.equal(logins.sinceMs('192.0.2.2', 5), undefined)
  assert.equal(logins.sinceMs('192.0.2.1', 5), 2)
})

test('the list gives the newest login first, and a revoked one is gone', () => {
  const logins = createPopLogins()
  logins.note('192.0.2.1', 1, ANNA)
  logins.note('192.0.2.2', 2, ANNA)
  logins.note('192.0.2.1', 3, ANNA)
  assert.deepEqual(logins.list(), [
    { ip: '192.0.2.1', atMs: 3, user: ANNA },
    { ip: '192.0.2.2', atMs: 2, user: ANNA },
  ])
  assert.equal(logins.revoke('192.0.2.1'), true)
  assert.equal(logins.revoke('192.0.2.1'), false)
  assert.equal(logins.sinceMs('192.0.2.1', 4), undefined)
})

test('the logins of a user whose account was stopped open no way any more', () => {
  const logins = createPopLogins()
  logins.note('192.0.2.1', 1, ANNA)
  logins.note('192.0.2.2', 2, 'bob@here.example')
  logins.revokeOf(ANNA)
  assert.equal(logins.sinceMs('192.0.2.1', 3), undefined)
  assert.equal(logins.sinceMs('192.0.2.2', 3), 1)
})
