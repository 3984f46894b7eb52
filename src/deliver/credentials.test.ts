import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { Fault } from '#base/fault.ts'
import { createSeal } from '#base/seal.ts'
import { createCredentials } from './credentials.ts'
import { openVault } from './vault.ts'
import { openTestVault } from './vault-testing.ts'

const LOGIN = { user: 'anna', password: 'a secret ä' }

test('a login is kept, told without its password, used, changed and removed', async (t) => {
  const { vault, store, clock } = await openTestVault(t)
  const credentials = createCredentials(vault)
  assert.equal(await credentials.loginOf('isp'), undefined)
  assert.equal(await credentials.put('isp', LOGIN), 'added')
  assert.equal(await credentials.put('isp', LOGIN), 'same')
  assert.deepEqual(await credentials.loginOf('isp'), LOGIN)
  assert.deepEqual(await credentials.list(), [{ name: 'isp', user: 'anna', changedAtMs: clock.nowMs() }])
  for (const { open, sealed } of store.kept.values()) {
    assert.ok(!open.includes('secret') && !Buffer.from(sealed).includes('secret'))
  }
  clock.advance(5)
  assert.equal(await credentials.put('isp', { ...LOGIN, password: 'another' }), 'changed')
  assert.equal(await credentials.put('isp', { user: 'ben', password: 'another' }), 'changed')
  assert.deepEqual(await credentials.loginOf('isp'), { user: 'ben', password: 'another' })
  assert.equal((await credentials.list())[0]?.changedAtMs, clock.nowMs())
  assert.equal(await credentials.remove('isp'), true)
  assert.equal(await credentials.remove('isp'), false)
  assert.deepEqual(await credentials.list(), [])
})

const WRONG: readonly (readonly [name: string, as: string, user: string, password: string, says: RegExp])[] = [
  ['no name', '', 'anna', 'x', /wanted a name/],
  ['a name with a blank', 'my isp', 'anna', 'x', /wanted a name/],
  ['a name that is a path', '../isp', 'anna', 'x', /wanted a name/],
  ['no user', 'isp', '', 'x', /the user is empty/],
  ['a user with NUL', 'isp', 'anna\0', 'x', /the user .* control character/],
  ['no password', 'isp', 'anna', '', /the password is empty/],
  ['a password with a line end', 'isp', 'anna', 'hidden\r\nQUIT', /the password .* control character/],
  ['a password without end', 'isp', 'anna', 'hidden'.repeat(1000), /the password .* too long/],
]

for (const [name, as, user, password, says] of WRONG) {
  test(`${name} is refused, and the password not repeated`, async (t) => {
    const { vault, store } = await openTestVault(t)
    await assert.rejects(createCredentials(vault).put(as, { user, password }), (error) => {
      assert.ok(error instanceof Fault && !error.temporary)
      assert.match(error.message, says)
      assert.doesNotMatch(error.message, /hidden/)
      return true
    })
    assert.equal(store.kept.size, 0)
  })
}

test('a sealed password that was moved to another name does not open', async (t) => {
  const { vault, store } = await openTestVault(t)
  const credentials = createCredentials(vault)
  await credentials.put('isp', LOGIN)
  await credentials.put('other', { user: 'x', password: 'y' })
  const [isp, other] = [store.kept.get('credentials isp'), store.kept.get('credentials other')]
  assert.ok(isp && other)
  await store.put({ ...other, sealed: isp.sealed })
  await assert.rejects(credentials.loginOf('other'), /belongs to another name/)
})

test('a lost key stops new secrets until the old are gone, and one set again goes with the new key', async (t) => {
  const { vault, store, clock, keyFile } = await openTestVault(t)
  const credentials = createCredentials(vault)
  await credentials.put('isp', LOGIN)
  await credentials.put('other', LOGIN)
  await vault.put('dkim', 'a.test', { open: '{}', secret: Buffer.from('k') })
  const key = await readFile(keyFile)
  assert.equal(await credentials.isUsable('isp'), true)
  await rm(keyFile)
  // What is still in memory must not pass for kept.
  assert.equal(await credentials.isUsable('isp'), false)
  await assert.rejects(credentials.put('isp', LOGIN), /secrets\.key is gone/)

  const restarted = openVault({ store, seal: createSeal(keyFile), nowMs: () => clock.nowMs() })
  const later = createCredentials(restarted)
  await assert.rejects(later.loginOf('isp'), /secrets\.key is not there; put it back/)
  await assert.rejects(later.put('isp', LOGIN), /secrets\.key is gone.*credentials "other".*or remove them first/)
  assert.deepEqual((await later.list()).length, 2)
  assert.equal(await later.remove('other'), true)
  await assert.rejects(later.put('isp', LOGIN), /dkim "a\.test"/)
  await restarted.remove('dkim', 'a.test')
  assert.equal(await later.put('isp', LOGIN), 'changed')
  assert.deepEqual(await later.loginOf('isp'), LOGIN)

  await writeFile(keyFile, key)
  await assert.rejects(
    createCredentials(openVault({ store, seal: createSeal(keyFile), nowMs: () => 0 })).loginOf('isp'),
  )
})
