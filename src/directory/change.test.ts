import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '#base/fault.ts'
import type { Credentials } from '#store/contract.ts'
import { openDirectoryInMemory } from '#store/sqlite/directory-in-memory.ts'
import { createDirectoryChanges, type Passwords } from './change.ts'

async function start() {
  const opened = openDirectoryInMemory()
  const { store } = opened
  let made = 0
  let atOnce = 0
  let most = 0
  const passwords: Passwords = {
    async makeCredentials(password) {
      if (password === 'bad') throw new Fault('Cannot use this password', { temporary: false })
      made++
      most = Math.max(most, ++atOnce)
      await Promise.resolve()
      atOnce--
      const scram: Credentials['scram'] = {
        salt: Uint8Array.of(1),
        iterations: 1,
        storedKey: Uint8Array.of(1),
        serverKey: Uint8Array.of(1),
      }
      return { argon2id: `hash of ${password}`, scram }
    },
    matchesCredentials: async (password, { argon2id }) => argon2id === `hash of ${password}`,
  }
  const changes = createDirectoryChanges({ store, passwords })
  await changes.addDomain({ name: 'One.Test' })
  const hashed = () => ({ made, most })
  return { opened, store, changes, hashed }
}

async function refused(change: Promise<unknown>, says: RegExp): Promise<void> {
  await assert.rejects(change, (error) => {
    assert.ok(error instanceof Fault, String(error))
    assert.match(error.message, says)
    return true
  })
}

test('a user is added in the form that is looked up', async () => {
  const { store, changes } = await start()
  await changes.addUser({
    address: 'Ann@One.TEST',
    password: 'secret',
    name: ' Ann ',
    addresses: ['A@one.test', 'a@ONE.test'],
    forwarding: { to: ['Me@FAR.test'], keepCopy: true },
    quotaBytes: null,
  })
  assert.deepEqual(await store.owner('ann@one.test'), {
    is: 'user',
    user: {
      id: 1,
      mailboxId: 1,
      address: 'ann@one.test',
      name: 'Ann',
      disabled: false,
      addresses: ['a@one.test'],
      forwarding: { to: ['Me@far.test'], keepCopy: true },
      localDomainsOnly: false,
    },
  })
  assert.equal((await store.credentials(1))?.argon2id, 'hash of secret')
})

test('what cannot stand is refused in a sentence', async () => {
  const { opened, changes } = await start()
  await changes.addUser({ address: 'ann@one.test' })
  await refused(
    changes.addDomain({ name: 'a b' }),
    /Cannot use "a b" as a domain: expected a name such as example\.com/,
  )
  await refused(changes.addDomain({ name: '[192.0.2.1]' }), /as a domain/)
  await refused(changes.addUser({ address: 'ann' }), /Cannot use the address "ann": expected NAME@DOMAIN/)
  await refused(changes.addUser({ address: 'a*@one.test' }), /\* and \? are for aliases/)
  await refused(changes.addUser({ address: 'a\n@one.test' }), /Cannot use the address "a\\n@one\.test"/)
  await refused(changes.addUser({ address: 'bob@far.test' }), /there is no domain far\.test; add it first/)
  await refused(changes.addUser({ address: 'bob@one.test', addresses: ['BOB@one.test'] }), /named twice/)
  await refused(
    changes.addUser({ address: 'bob@one.test', password: 'bad' }),
    /the password of bob@one\.test: Cannot use this/,
  )
  await refused(
    changes.addUser({ address: 'bob@one.test', quotaBytes: -1 }),
    /-1.* as quotaBytes: expected a whole number/,
  )
  await refused(changes.addUser({ address: 'bob@one.test', name: 'a\u0000b' }), /none of control/)
  await refused(
    changes.addUser({ address: 'bob@one.test', forwarding: { to: [], keepCopy: true } }),
    /forward to nobody/,
  )
  await refused(changes.putAlias({ address: 's@one.test', to: [] }), /expected an address that it leads to/)
  await refused(changes.putAlias({ address: 's@one.test', to: ['S@One.test'] }), /s@one\.test to itself/)
  await refused(changes.putAlias({ address: 's@one.test', to: ['nobody'] }), /the address "nobody"/)
  await refused(changes.putGroup({ address: 'ann@one.test', members: [] }), /belongs to the user ann@one\.test/)
  await refused(
    changes.putGroup({ address: 'g@one.test', members: Array.from({ length: 9001 }, (_, n) => `x${n}@far.test`) }),
    /9001 entries of members: at most 9000/,
  )
  await refused(changes.setUser('bob@one.test', {}), /the user bob@one\.test: there is none/)
  await refused(changes.setPassword('ann@one.test', 'bad'), /Cannot set the password of ann@one\.test/)
  assert.equal(opened.mailboxes.size, 1)
})

test('a user is changed by any of its addresses, and removed by its own', async () => {
  const { store, changes } = await start()
  await changes.addDomain({ name: 'alias.test', aliasOf: 'one.test' })
  await changes.addUser({ address: 'ann@one.test', addresses: ['a@one.test'], password: 'old' })
  await changes.setUser('A@alias.test', { disabled: true, name: 'Ann' })
  await changes.setPassword('a@one.test', 'new')
  const user = await store.user(1)
  assert.deepEqual([user?.disabled, user?.name], [true, 'Ann'])
  assert.equal((await store.credentials(1))?.argon2id, 'hash of new')
  await changes.setPassword('ann', null)
  assert.equal(await store.credentials(1), undefined)
  await refused(changes.removeUser('a@one.test'), /there is none/)
  await changes.putAlias({ address: 'S*@one.test', to: ['ann@one.test'] })
  await refused(changes.setUser('s*@one.test', {}), /there is none/)
  await changes.removeAlias('s*@ONE.test')
  await store.setUser('ann@one.test', { frozen: { sinceMs: 0, why: 'looks odd', by: 'anna' } })
  await refused(changes.removeUser('ann@one.test'), /Release it first: postern user release ann@one\.test/)
  await store.setUser('ann@one.test', { frozen: null })
  await changes.removeUser('Ann@one.test')
  await changes.removeDomain('alias.test')
  await changes.removeDomain('one.test')
})

test('provisioning twice changes nothing the second time', async () => {
  const { store, changes, hashed } = await start()
  const users = [
    { address: 'ann@one.test', password: 'secret', name: 'Ann', quotaBytes: 5 },
    { address: 'bob@one.test', addresses: ['B@one.test'] },
  ]
  const group = { address: 'Team@one.test', members: ['ann@one.test'] }
  const aliases = [
    { address: 'sales@one.test', to: ['ann@one.test'] },
    { address: '*@one.test', to: ['bob@one.test'] },
  ]
  async function ensure() {
    return [
      await changes.ensureDomain({ name: 'two.test' }),
      await changes.ensureDomain({ name: 'alias.test', aliasOf: 'two.test' }),
      ...(await changes.ensureUsers(users)),
      await changes.ensureGroup(group),
      await changes.ensureAlias(aliases[0] as { address: string; to: string[] }),
      await changes.ensureAlias(aliases[1] as { address: string; to: string[] }),
    ]
  }
  assert.deepEqual(await ensure(), Array(7).fill('added'))
  assert.deepEqual(await ensure(), Array(7).fill('same'))
  assert.equal(hashed().made, 1)

  await changes.setUser('ann@one.test', { name: 'Anna', disabled: true })
  await changes.setPassword('ann@one.test', 'other')
  await changes.putAlias({ address: '*@one.test', to: ['ann@one.test'] })
  await changes.setDomain('alias.test', { aliasOf: 'one.test' })
  assert.deepEqual(await ensure(), ['same', 'changed', 'changed', 'same', 'same', 'same', 'changed'])
  const user = await store.user(1)
  // What the file does not name is left as it is.
  assert.deepEqual([user?.name, user?.disabled], ['Ann', true])
  assert.equal((await store.credentials(1))?.argon2id, 'hash of secret')
})

test('provisioning takes no address from anybody', async () => {
  const { changes } = await start()
  await changes.addUser({ address: 'ann@one.test', addresses: ['a@one.test'] })
  await changes.putAlias({ address: 's@one.test', to: ['ann@one.test'] })
  await refused(changes.ensureUsers([{ address: 'a@one.test', password: 'x' }]), /belongs to the user ann@one\.test/)
  await refused(changes.ensureUsers([{ address: 's@one.test' }]), /belongs to the alias s@one\.test/)
  await refused(
    changes.ensureAlias({ address: 'ann@one.test', to: ['s@one.test'] }),
    /belongs to the user ann@one\.test/,
  )
  await refused(changes.ensureGroup({ address: 's@one.test', members: [] }), /belongs to the alias s@one\.test/)
})

test('users are imported from CSV, a few hashed at once', async () => {
  const { store, changes, hashed } = await start()
  const csv = [
    'Address,password,name,quota,quotaMessages,forward,keepCopy,addresses,disabled,localDomainsOnly',
    'ann@one.test,"se,cret",Ann,500MB,7,Me@far.test,yes,a@one.test; b@one.test,no,1',
    '',
    'bob@one.test',
    ...Array.from({ length: 600 }, (_, n) => `u${n}@one.test,p${n}`),
  ].join('\r\n')
  assert.deepEqual(await changes.importUsers(csv), { added: 602 })
  assert.deepEqual(hashed(), { made: 601, most: 2 })
  const ann = await store.owner('b@one.test')
  assert.deepEqual(ann?.is === 'user' && { ...ann.user, id: 0, mailboxId: 0 }, {
    id: 0,
    mailboxId: 0,
    address: 'ann@one.test',
    name: 'Ann',
    disabled: false,
    quotaBytes: 500 * 1024 * 1024,
    quotaMessages: 7,
    forwarding: { to: ['Me@far.test'], keepCopy: true },
    addresses: ['a@one.test', 'b@one.test'],
    localDomainsOnly: true,
  })
})

test('a CSV with errors adds nobody, and names the lines', async () => {
  const { store, changes, hashed } = await start()
  await changes.addUser({ address: 'ann@one.test' })
  const rows: readonly [string, RegExp][] = [
    ['', /line 1: expected a row that names the columns/],
    ['name,password\n', /line 1: expected a column address/],
    ['address,__proto__\n', /line 1: there is no column "__proto__"/],
    ['address,Address\n', /the column address stands twice/],
    ['address\n"x', /line 2: a quoted field does not end/],
    ['address\nnew@one.test\nx\n', /line 3: Cannot use the address "x"/],
    ['address\nnew@one.test\nNEW@one.test\n', /line 3: new@one\.test stands on line 2 already/],
    ['address,disabled\nnew@one.test,maybe\n', /line 2: cannot read "maybe": expected yes or no/],
    ['address,quota\nnew@one.test,lots\n', /line 2: cannot read "lots"/],
    ['address\nnew@one.test,x\n', /line 2: 2 fields, but the header names 1/],
    ['address\nnew@one.test\nann@one.test\n', /line 3: ann@one\.test exists already/],
    ['address\nnew@one.test\nx@far.test\n', /line 3: there is no domain far\.test; add it first/],
  ]
  for (const [csv, says] of rows) await refused(changes.importUsers(csv), says)
  await refused(changes.importUsers(`address\n${'x\n'.repeat(500)}`), /line 21: .* and 480 more$/)
  assert.equal((await store.users({ limit: 9 })).length, 1)
  assert.equal(hashed().made, 0)
})
