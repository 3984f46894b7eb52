import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Fault } from '#base/fault.ts'
import type { Credentials, DirectoryStore, NewUser } from '#store/contract.ts'
import type { StoreEngine } from './engine.ts'
import { withStore } from './with-store.ts'

const credentials: Credentials = {
  argon2id: '$argon2id$…',
  scram: {
    salt: Uint8Array.of(1, 2),
    iterations: 4096,
    storedKey: Uint8Array.of(3),
    serverKey: Uint8Array.of(4),
  },
}

function newUser(address: string, fields: Partial<NewUser> = {}): NewUser {
  return { address, name: '', disabled: false, addresses: [], localDomainsOnly: false, ...fields }
}

async function withDirectory(engine: StoreEngine, run: (store: DirectoryStore) => Promise<void>): Promise<void> {
  await withStore(engine, async ({ store: { directory } }) => {
    await directory.addDomain({ name: 'one.test' })
    await directory.addDomain({ name: 'two.test' })
    await run(directory)
  })
}

/** Give the user at an address, without the numbers, which each engine gives as it likes. */
async function userAt(store: DirectoryStore, address: string): Promise<unknown> {
  const owner = await store.owner(address)
  if (owner?.is !== 'user') return owner
  assert.deepEqual(await store.user(owner.user.id), owner.user)
  const { id: _, mailboxId: __, ...user } = owner.user
  return user
}

async function credentialsAt(store: DirectoryStore, address: string): Promise<Credentials | undefined> {
  const owner = await store.owner(address)
  assert.ok(owner?.is === 'user')
  return store.credentials(owner.user.id)
}

async function refused(write: Promise<unknown>, says: RegExp): Promise<void> {
  await assert.rejects(write, (error) => {
    assert.ok(error instanceof Fault, String(error))
    assert.equal(error.temporary, false)
    assert.match(error.message, says)
    return true
  })
}

/** What every engine must do with the directory. */
export function directoryContract(engine: StoreEngine): void {
  it('gives a user back as added, by each address', async () => {
    await withDirectory(engine, async (store) => {
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
        assert.deepEqual(await userAt(store, address), kept, address)
      }
      assert.deepEqual(await credentialsAt(store, 'a@one.test'), credentials)
      assert.equal(await store.owner('c@one.test'), undefined)
    })
  })

  it('gives one address one owner, and names it in the refusal', async () => {
    await withDirectory(engine, async (store) => {
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
  })

  it('takes addresses only in domains that are there and no aliases', async () => {
    await withDirectory(engine, async (store) => {
      await store.addDomain({ name: 'alias.test', aliasOf: 'one.test' })
      await refused(store.addUsers([newUser('a@far.test')]), /there is no domain far\.test; add it first/)
      await refused(
        store.addUsers([newUser('a@alias.test')]),
        /alias\.test is an alias of one\.test; add a@one\.test instead/,
      )
      await refused(store.putAlias({ address: '*@alias.test', to: ['a@one.test'] }), /is an alias of one\.test/)
    })
  })

  it('keeps why an account is frozen until it is let go', async () => {
    await withDirectory(engine, async (store) => {
      const frozen = {
        sinceMs: 1000,
        why: '501 new recipients "in" a day',
        by: 'account-new-recipients',
        ref: '7K2M9QXA',
      }
      await store.addUsers([newUser('a@one.test', { name: 'A' }), newUser('b@one.test', { frozen })])
      assert.deepEqual(await userAt(store, 'b@one.test'), newUser('b@one.test', { frozen }))
      await store.setUser('a@one.test', { frozen: { sinceMs: 5, why: '', by: 'postern (root)' } })
      await store.setUser('a@one.test', { name: 'B' })
      const stopped = newUser('a@one.test', { name: 'B', frozen: { sinceMs: 5, why: '', by: 'postern (root)' } })
      assert.deepEqual(await userAt(store, 'a@one.test'), stopped)
      const [listed] = await store.users({ limit: 1 })
      assert.deepEqual(listed?.frozen, stopped.frozen)
      await store.setUser('a@one.test', { frozen: null })
      assert.deepEqual(await userAt(store, 'a@one.test'), newUser('a@one.test', { name: 'B' }))
    })
  })

  it('keeps what a change does not name, and takes away what it names null', async () => {
    await withDirectory(engine, async (store) => {
      await store.addUsers([
        newUser('a@one.test', { name: 'A', quotaBytes: 5, addresses: ['b@one.test', 'c@one.test'], credentials }),
      ])
      await store.setUser('a@one.test', { quotaMessages: 3, addresses: ['c@one.test', 'd@one.test'] })
      assert.deepEqual(await userAt(store, 'a@one.test'), {
        ...newUser('a@one.test', { name: 'A', addresses: ['c@one.test', 'd@one.test'] }),
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
      assert.deepEqual(await userAt(store, 'a@one.test'), newUser('a@one.test'))
      assert.equal(await store.credentials(1), undefined)

      await store.setUser('a@one.test', { forwarding: { to: ['x@far.test'], keepCopy: false }, disabled: true })
      await store.setUser('a@one.test', { forwarding: null })
      assert.deepEqual(await userAt(store, 'a@one.test'), newUser('a@one.test', { disabled: true }))
      await refused(store.setUser('z@one.test', { name: 'Z' }), /the user z@one\.test: there is none/)
    })
  })

  it('keeps nothing of a removed user, and uses no number again', async () => {
    await withDirectory(engine, async (store) => {
      await store.addUsers([newUser('a@one.test', { addresses: ['b@one.test'], credentials })])
      const [old] = await store.users({ limit: 1 })
      assert.ok(old)
      await store.removeUser('a@one.test')
      assert.equal(await store.owner('a@one.test'), undefined)
      assert.equal(await store.owner('b@one.test'), undefined)
      assert.equal(await store.credentials(old.id), undefined)
      await store.addUsers([newUser('a@one.test')])
      const [young] = await store.users({ limit: 1 })
      assert.ok(young && young.id > old.id && young.mailboxId > old.mailboxId)
      await refused(store.removeUser('b@one.test'), /the user b@one\.test: there is none/)
    })
  })

  it('keeps aliases of domains one step long, and removes empty domains only', async () => {
    await withDirectory(engine, async (store) => {
      await refused(store.addDomain({ name: 'one.test' }), /exists already/)
      await refused(store.addDomain({ name: 'x.test', aliasOf: 'far.test' }), /there is no domain far\.test/)
      await refused(store.setDomain('one.test', { aliasOf: 'one.test' }), /no alias of itself/)
      await store.addDomain({ name: 'alias.test', aliasOf: 'one.test' })
      assert.equal((await store.domain('alias.test'))?.aliasOf, 'one.test')
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
      assert.deepEqual(
        (await store.domains()).map(({ name, aliasOf }) => [name, aliasOf]),
        [['one.test', undefined]],
      )
      await refused(store.removeDomain('two.test'), /there is none/)
    })
  })

  it('puts, changes and removes groups and aliases', async () => {
    await withDirectory(engine, async (store) => {
      await store.putGroup({ address: 'g@one.test', members: ['a@one.test'] })
      await store.putGroup({ address: 'g@one.test', members: ['b@one.test'] })
      const group = await store.owner('g@one.test')
      assert.deepEqual(group?.is === 'group' && group.group.members, ['b@one.test'])
      await store.putAlias({ address: 'l@one.test', to: ['a@one.test'] })
      await store.putAlias({ address: 'l@one.test', to: ['X@far.test'] })
      const alias = await store.owner('l@one.test')
      assert.deepEqual(alias?.is === 'alias' && alias.alias.to, ['X@far.test'])
      await store.removeGroup('g@one.test')
      await store.removeAlias('l@one.test')
      assert.deepEqual([await store.groups({ limit: 9 }), await store.aliases({ limit: 9 })], [[], []])
      await refused(store.removeGroup('g@one.test'), /there is none/)
      await refused(store.removeAlias('l@one.test'), /there is none/)
      await store.removeDomain('one.test')
    })
  })

  it("gives patterns the most specific first, and as nobody's address", async () => {
    await withDirectory(engine, async (store) => {
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
  })

  it('gives a domain that was removed and comes again none of its old patterns', async () => {
    await withDirectory(engine, async (store) => {
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
  })

  it('gives pages that follow one another, and matches patterns as they stand', async () => {
    await withDirectory(engine, async (store) => {
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
  })

  it('gives as the first user the one added first of those enabled', async () => {
    await withDirectory(engine, async (store) => {
      assert.equal(await store.firstUser(), undefined)
      await store.addUsers([newUser('z@one.test', { disabled: true }), newUser('y@one.test'), newUser('a@one.test')])
      assert.equal((await store.firstUser())?.address, 'y@one.test')
    })
  })

  it('knows no names that mean something else', async () => {
    await withDirectory(engine, async (store) => {
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
  })

  it('adds users all or none', async () => {
    await withDirectory(engine, async (store) => {
      await refused(
        store.addUsers([newUser('a@one.test'), newUser('b@one.test'), newUser('a@one.test')]),
        /a@one\.test: it belongs to the user a@one\.test already/,
      )
      assert.deepEqual(await store.users({ limit: 10 }), [])
      await refused(store.addUsers(Array.from({ length: 1001 }, (_, n) => newUser(`u${n}@one.test`))), /at most 1000/)
    })
  })

  it('keeps everything over a restart, and shows changes to every thread', async () => {
    await withStore(engine, async (under) => {
      const another = await under.another()
      const other = another.directory
      const { directory } = under.store
      assert.equal(await other.domain('one.test'), undefined)
      await directory.addDomain({ name: 'one.test' })
      await directory.addUsers([newUser('a@one.test', { credentials })])
      await directory.putAlias({ address: '*@one.test', to: ['a@one.test'] })
      assert.deepEqual(await userAt(other, 'a@one.test'), newUser('a@one.test'))
      assert.equal((await other.wildcardAliases('one.test')).length, 1)
      await directory.removeAlias('*@one.test')
      assert.deepEqual(await other.wildcardAliases('one.test'), [])
      await directory.putAlias({ address: 'x*@one.test', to: ['a@one.test'] })

      await another.close()
      const again = await under.restart()
      const restarted = again.store.directory
      assert.deepEqual(await userAt(restarted, 'a@one.test'), newUser('a@one.test'))
      assert.deepEqual(await credentialsAt(restarted, 'a@one.test'), credentials)
      assert.equal((await restarted.wildcardAliases('one.test'))[0]?.address, 'x*@one.test')
      await again.close()
    })
  })
}
