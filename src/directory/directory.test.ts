import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserRow } from '#store/contract.ts'
import { newUser, openDirectoryInMemory } from '#store/sqlite/directory-in-memory.ts'
import { openDirectory } from './directory.ts'

async function start() {
  const { store } = openDirectoryInMemory()
  const directory = openDirectory({
    store: { directory: store, mailboxes: { usage: () => ({ messages: 0, bytes: 0 }) } },
  })
  await store.addDomain({ name: 'one.test' })
  await store.addDomain({ name: 'alias.test', aliasOf: 'one.test' })
  await store.addUsers([newUser('ann@one.test', { addresses: ['a@one.test'] }), newUser('bob@one.test')])
  return { store, directory }
}

test('a domain of ours is known by any name', async () => {
  const { store, directory } = await start()
  await store.addDomain({ name: 'xn--bcher-kva.example' })
  const rows: readonly [string, boolean][] = [
    ['one.test', true],
    ['ONE.Test', true],
    ['alias.test', true],
    ['bücher.example', true],
    ['two.test', false],
    ['sub.one.test', false],
    ['', false],
    ['__proto__', false],
    ['one.test\0', false],
  ]
  for (const [domain, expected] of rows) assert.equal(await directory.isLocalDomain(domain), expected, domain)
})

test('a login name is an address of the user, or a local part in the only domain', async () => {
  const { store, directory } = await start()
  const find = async (name: string) => (await directory.findLogin(name))?.address
  for (const name of ['ann@one.test', 'ANN@alias.test', 'a@one.test', 'ann', 'A'])
    assert.equal(await find(name), 'ann@one.test', name)
  await store.putAlias({ address: 'sales@one.test', to: ['ann@one.test'] })
  await store.putAlias({ address: '*@one.test', to: ['ann@one.test'] })
  // Only what is the user's own name: no alias, no detail, no fallback.
  for (const name of [
    'sales',
    'ann+x@one.test',
    'postmaster',
    'x@one.test',
    'ann@far.test',
    '',
    '@',
    '*',
    '__proto__',
  ]) {
    assert.equal(await find(name), undefined, name)
  }
  await store.addDomain({ name: 'two.test' })
  assert.equal(await find('ann'), undefined)
})

test('a user owns the addresses that lead to it alone', async () => {
  const { store, directory } = await start()
  await store.putAlias({ address: 'sales@one.test', to: ['info@alias.test'] })
  await store.putAlias({ address: 'info@one.test', to: ['ann@one.test'] })
  await store.putAlias({ address: 'both@one.test', to: ['ann@one.test', 'bob@one.test'] })
  await store.putAlias({ address: 'out@one.test', to: ['ann@far.test'] })
  await store.putAlias({ address: 'ring@one.test', to: ['round@one.test'] })
  await store.putAlias({ address: 'round@one.test', to: ['ring@one.test'] })
  await store.putAlias({ address: 'ann-*@one.test', to: ['ann@one.test'] })
  await store.putGroup({ address: 'team@one.test', members: ['ann@one.test'] })
  await store.setUser('bob@one.test', { forwarding: { to: ['ann@one.test'], keepCopy: false } })
  const ann = (await directory.findLogin('ann')) as UserRow
  const rows: readonly [string, boolean][] = [
    ['ann@one.test', true],
    ['Ann@Alias.test', true],
    ['a@one.test', true],
    ['ann+x@one.test', true],
    ['info@one.test', true],
    ['sales@one.test', true],
    ['ann-news@one.test', true],
    ['both@one.test', false],
    ['out@one.test', false],
    ['ring@one.test', false],
    ['team@one.test', false],
    ['bob@one.test', false],
    ['nobody@one.test', false],
    ['ann@far.test', false],
    ['', false],
  ]
  for (const [address, expected] of rows) assert.equal(await directory.ownsAddress(ann, address), expected, address)
})
