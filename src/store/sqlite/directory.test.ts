import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '#base/fault.ts'
import type { Credentials } from '../contract.ts'
import { newUser, openDirectoryInMemory } from './directory-in-memory.ts'

const credentials: Credentials = {
  argon2id: '$argon2id$…',
  scram: {
    salt: Uint8Array.of(1, 2),
    iterations: 4096,
    storedKey: Uint8Array.of(3),
    serverKey: Uint8Array.of(4),
  },
}

async function start() {
  const opened = openDirectoryInMemory()
  await opened.store.addDomain({ name: 'one.test' })
  await opened.store.addDomain({ name: 'two.test' })
  return { ...opened, opened }
}

async function refused(write: Promise<unknown>, says: RegExp): Promise<void> {
  await assert.rejects(write, (error) => {
    assert.ok(error instanceof Fault, String(error))
    assert.equal(error.temporary, false)
    assert.match(error.message, says)
    return true
  })
}

test('a user comes back as added, by each address', async () => {
  const { store } = await start()
  const user = newUser('a@one.test', {
    name: 'Ä',
    addresses: ['b@one.test', 'a@two.test'],
    disabled: true,
    quotaBytes: 0,
    quotaMessages: 7,
    forwarding: { to: ['x@far.test'], keepCopy: true },
    localDomainsOnly: true,
    credentials,
  })
  await store.addUsers([user])
  const { credentials: _, ...kept } = user
  for (const address of ['a@one.test', 'b@one.test', 'a@two.test']) {
    assert.deepEqual(await store.owner(address), { is: 'user', user: { ...kept, id: 1, mailboxId: 1 } }, address)
  }
  assert.deepEqual(await store.user(1), { ...kept, id: 1, mailboxId: 1 })
  assert.deepEqual(await store.credentials(1), credentials)
  assert.equal(await store.owner('c@one.test'), undefined)
})

test('one address has one owner, and the refusal names it', async () => {
  const { store } = await start()
  await store.addUsers([newUser('a@one.test', { addresses: ['b@one.test'] })])
  await store.putGroup({ address: 'g@one.test', members: [] })
  await store.putAlias({ address: 'l@one.test', to: ['a@one.test'] })
  await store.putAlias({ address: 'l*@one.test', to: ['a@one.test'] })
  const taken: [string, RegExp][] = [
    ['a@one.test', /a@one\.test: it belongs to the user a@one\.test already/],
    ['b@one.test', /b@one\.test: it belongs to the user a@one\.test already/],
    ['g@one.test', /belongs to the group g@one\.test/],
    ['l@one.test', /belongs to the alias l@one\.test/],
  ]
  for (const [address, says] of taken) {
    await refused(store.addUsers([newUser(address)]), says)
    await refused(store.addUsers([newUser('new@one.test', { addresses: [address] })]), says)
    await refused(store.setUser('a@one.test', { addresses: ['a@one.test'] }), /belongs to the user/)
    if (!address.startsWith('g')) await refused(store.putGroup({ address, members: [] }), says)
    if (!address.startsWith('l')) await refused(store.putAlias({ address, to: ['x@far.test'] }), says)
  }
  assert.equal(await store.owner('new@one.test'), undefined)
})

test('users are added all or none, mailboxes too', async () => {
  const { store, opened } = await start()
  await refused(
    store.addUsers([newUser('a@one.test'), newUser('b@one.test'), newUser('a@one.test')]),
    /a@one\.test: it belongs to the user a@one\.test already/,
  )
  assert.deepEqual(await store.users({ limit: 10 }), [])
  assert.equal(opened.mailboxes.size, 0)
})

test('an address needs a domain of ours, and not an alias of one', async () => {
  const { store } = await start()
  await store.addDomain({ name: 'alias.test', aliasOf: 'one.test' })
  await refused(store.addUsers([newUser('a@far.test')]), /there is no domain far\.test; add it first/)
  await refused(
    store.addUsers([newUser('a@alias.test')]),
    /alias\.test is an alias of one\.test; add a@one\.test instead/,
  )
  await refused(store.putAlias({ address: '*@alias.test', to: ['a@one.test'] }), /is an alias of one\.test/)
})

test('a change keeps what it does not name, and null takes away', async () => {
  const { store } = await start()
  await store.addUsers([
    newUser('a@one.test', { name: 'A', quotaBytes: 5, addresses: ['b@one.test', 'c@one.test'], credentials }),
  ])
  await store.setUser('a@one.test', { quotaMessages: 3, addresses: ['c@one.test', 'd@one.test'] })
  assert.deepEqual(await store.user(1), {
    ...newUser('a@one.test', { name: 'A', addresses: ['c@one.test', 'd@one.test'] }),
    id: 1,
    mailboxId: 1,
    quotaBytes: 5,
    quotaMessages: 3,
  })
  assert.equal(await store.owner('b@one.test'), undefined)

  await store.setUser('a@one.test', {
    name: null,
    quotaBytes: null,
    quotaMessages: null,
    addresses: null,
    credentials: null,
  })
  assert.deepEqual(await store.user(1), { ...newUser('a@one.test'), id: 1, mailboxId: 1 })
  assert.equal(await store.credentials(1), undefined)

  await store.setUser('a@one.test', { forwarding: { to: ['x@far.test'], keepCopy: false }, disabled: true })
  await store.setUser('a@one.test', { forwarding: null })
  assert.deepEqual(await store.user(1), { ...newUser('a@one.test', { disabled: true }), id: 1, mailboxId: 1 })
  await refused(store.setUser('z@one.test', { name: 'Z' }), /the user z@one\.test: there is none/)
})

test('a removed user leaves nothing, and its number is never used again', async () => {
  const { store, opened } = await start()
  await store.addUsers([newUser('a@one.test', { addresses: ['b@one.test'], credentials })])
  await store.removeUser('a@one.test')
  assert.equal(await store.owner('a@one.test'), undefined)
  assert.equal(await store.owner('b@one.test'), undefined)
  assert.equal(await store.credentials(1), undefined)
  assert.equal(opened.mailboxes.size, 0)
  await store.addUsers([newUser('a@one.test')])
  assert.equal((await store.users({ limit: 1 }))[0]?.id, 2)
  await refused(store.removeUser('b@one.test'), /the user b@one\.test: there is none/)
})

test('domains: aliases are one step long, and only an empty domain goes', async () => {
  const { store } = await start()
  await refused(store.addDomain({ name: 'one.test' }), /exists already/)
  await refused(store.addDomain({ name: 'x.test', aliasOf: 'far.test' }), /there is no domain far\.test/)
  await refused(store.setDomain('one.test', { aliasOf: 'one.test' }), /no alias of itself/)
  await store.addDomain({ name: 'alias.test', aliasOf: 'one.test' })
  assert.deepEqual(await store.domain('alias.test'), { id: 3, name: 'alias.test', aliasOf: 'one.test' })
  await refused(
    store.addDomain({ name: 'x.test', aliasOf: 'alias.test' }),
    /alias\.test is an alias itself, name one\.test instead/,
  )
  await refused(store.setDomain('one.test', { aliasOf: 'two.test' }), /alias\.test is an alias of it/)
  await refused(store.removeDomain('one.test'), /alias\.test is an alias of it/)

  await store.addUsers([newUser('a@two.test')])
  await refused(store.removeDomain('two.test'), /among them a@two\.test/)
  await refused(store.setDomain('two.test', { aliasOf: 'one.test' }), /among them a@two\.test/)
  await store.removeUser('a@two.test')
  await store.setDomain('alias.test', { aliasOf: null })
  await store.removeDomain('two.test')
  await store.removeDomain('alias.test')
  assert.deepEqual(await store.domains(), [{ id: 1, name: 'one.test' }])
  await refused(store.removeDomain('two.test'), /there is none/)
})

test('groups and aliases are put, changed and removed', async () => {
  const { store } = await start()
  await store.putGroup({ address: 'g@one.test', members: ['a@one.test'] })
  await store.putGroup({ address: 'g@one.test', members: ['b@one.test'] })
  assert.deepEqual(await store.owner('g@one.test'), {
    is: 'group',
    group: { id: 1, address: 'g@one.test', members: ['b@one.test'] },
  })
  await store.putAlias({ address: 'l@one.test', to: ['a@one.test'] })
  await store.putAlias({ address: 'l@one.test', to: ['X@far.test'] })
  assert.deepEqual(await store.owner('l@one.test'), {
    is: 'alias',
    alias: { id: 1, address: 'l@one.test', to: ['X@far.test'] },
  })
  await store.removeGroup('g@one.test')
  await store.removeAlias('l@one.test')
  assert.deepEqual([await store.groups({ limit: 9 }), await store.aliases({ limit: 9 })], [[], []])
  await refused(store.removeGroup('g@one.test'), /there is none/)
  await refused(store.removeAlias('l@one.test'), /there is none/)
  await store.removeDomain('one.test')
})

test('patterns belong to nobody by themselves, and come most specific first', async () => {
  const { store } = await start()
  for (const local of ['*', 's*', 's?les', 'sal*', '?*', 'sa*s*']) {
    await store.putAlias({ address: `${local}@one.test`, to: ['a@one.test'] })
  }
  await store.putAlias({ address: '*@two.test', to: ['a@one.test'] })
  assert.equal(await store.owner('*@one.test'), undefined)
  const order = (await store.wildcardAliases('one.test')).map(({ address }) => address.split('@')[0])
  assert.deepEqual(order, ['s?les', 'sal*', 'sa*s*', 's*', '?*', '*'])
  assert.deepEqual(await store.wildcardAliases('far.test'), [])
  await refused(store.putGroup({ address: '*@one.test', members: [] }), /belongs to the alias \*@one\.test/)
  await store.putAlias({ address: '*@one.test', to: ['b@one.test'] })
  assert.deepEqual((await store.wildcardAliases('one.test')).at(-1)?.to, ['b@one.test'])
  await store.removeAlias('s?les@one.test')
  assert.equal((await store.wildcardAliases('one.test'))[0]?.address, 'sal*@one.test')
  await store.removeAlias('*@two.test')
  await store.removeDomain('two.test')
})

test('a domain that was removed and comes again has none of its old patterns', async () => {
  const { store } = await start()
  const patterns = async () => (await store.wildcardAliases('two.test')).map(({ address }) => address)
  await store.putAlias({ address: 'a*@two.test', to: ['a@one.test'] })
  assert.deepEqual(await patterns(), ['a*@two.test'])
  await store.removeAlias('a*@two.test')
  await store.removeDomain('two.test')
  assert.deepEqual(await patterns(), [])
  await store.addDomain({ name: 'two.test' })
  await store.putAlias({ address: 'b*@two.test', to: ['a@one.test'] })
  assert.deepEqual(await patterns(), ['b*@two.test'])
})

test('a domain has a thousand patterns at most', async () => {
  const { store, db } = await start()
  db.exec(`WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO alias (address, recipients, pattern_domain) SELECT 'p' || i || '*@one.test', '[]', 'one.test' FROM n`)
  await refused(store.putAlias({ address: '*@one.test', to: ['a@one.test'] }), /1000 aliases with \* or \? already/)
  await store.putAlias({ address: 'exact@one.test', to: ['a@one.test'] })
})

test('pages follow one another, and match patterns as they stand', async () => {
  const { store } = await start()
  await store.addUsers(['c', 'a', 'b[x]', 'b', 'axe'].map((local) => newUser(`${local}@one.test`)))
  const names = async (page: Parameters<typeof store.users>[0]) =>
    (await store.users(page)).map(({ address }) => address)
  assert.deepEqual(await names({ limit: 2 }), ['a@one.test', 'axe@one.test'])
  assert.deepEqual(await names({ limit: 2, after: 'axe@one.test' }), ['b@one.test', 'b[x]@one.test'])
  assert.deepEqual(await names({ limit: 9, match: 'A*' }), ['a@one.test', 'axe@one.test'])
  assert.deepEqual(await names({ limit: 9, match: '?@*' }), ['a@one.test', 'b@one.test', 'c@one.test'])
  assert.deepEqual(await names({ limit: 9, match: 'b[x]@*' }), ['b[x]@one.test'])
  assert.deepEqual(await names({ limit: -1 }), [])
})

test('the first user is the one added first of those enabled', async () => {
  const { store } = await start()
  assert.equal(await store.firstUser(), undefined)
  await store.addUsers([newUser('z@one.test', { disabled: true }), newUser('y@one.test'), newUser('a@one.test')])
  assert.equal((await store.firstUser())?.address, 'y@one.test')
})

test('names that mean something elsewhere mean nothing here', async () => {
  const { store } = await start()
  const odd = ['__proto__', 'constructor', "'; drop table user; --", 'a@b', '%', '_', '\u{1f4ec}']
  await store.addUsers(odd.map((local) => newUser(`${local}@one.test`)))
  for (const local of odd) {
    const owner = await store.owner(`${local}@one.test`)
    assert.equal(owner?.is === 'user' && owner.user.address, `${local}@one.test`)
  }
  for (const address of ['', '@', 'one.test', '@one.test', '\0@one.test', 'a\0@one.test']) {
    assert.equal(await store.owner(address), undefined, JSON.stringify(address))
  }
})

test('each recipient is found by index', async () => {
  const { db } = await start()
  const queries = [
    'SELECT kind FROM address WHERE domain = ? AND local = ?',
    'SELECT id FROM user WHERE id = ?',
    'SELECT id FROM user WHERE disabled = 0 ORDER BY id LIMIT 1',
    'SELECT id FROM alias WHERE pattern_domain = ?',
    'SELECT local FROM address WHERE domain = ? LIMIT 1',
    'SELECT name FROM domain WHERE alias_of = ? LIMIT 1',
  ]
  for (const query of queries) {
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${query}`).all(...(query.match(/\?/g) ?? []).map(() => '1'))
    for (const { detail } of plan)
      assert.match(String(detail), /USING (COVERING )?(INDEX|INTEGER PRIMARY KEY|PRIMARY KEY)/, query)
  }
})
