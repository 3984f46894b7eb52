import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '#base/clock.ts'
import { createSrs } from '#base/srs.ts'
import type { AddressOwner, MailboxUsage } from '#store/contract.ts'
import { newUser, openDirectoryInMemory } from '#store/sqlite/directory-in-memory.ts'
import type { Resolution } from './contract.ts'
import { openDirectory } from './directory.ts'
import { MAX_EXPANSION, type ResolveReads, resolveAddress } from './resolve.ts'
import { settle } from './settle.ts'

async function start(
  options: { readonly srsSecret?: Uint8Array; readonly hostname?: () => string; readonly clock?: ManualClock } = {},
) {
  const { store } = openDirectoryInMemory()
  const usage = new Map<string, MailboxUsage>()
  const readers = {
    directory: store,
    mailboxes: { usage: (id: number) => usage.get(`mailbox ${id}`) ?? { messages: 0, bytes: 0 } },
  }
  const directory = openDirectory({ store: readers, ...options })
  const plain = openDirectory({ store: readers })
  await store.addDomain({ name: 'one.test' })
  await store.addDomain({ name: 'two.test' })
  await store.addDomain({ name: 'alias.test', aliasOf: 'two.test' })
  return { store, directory, plain, usage }
}

/** Write a result on one line. */
function said(resolution: Resolution): string {
  switch (resolution.is) {
    case 'local':
      return [
        ...resolution.mailboxes.map(({ user }) => user),
        ...resolution.external.map((address) => `→ ${address}`),
        ...(resolution.full === undefined ? [] : [`full: ${resolution.full}`]),
      ].join(' ')
    case 'external':
      return `external ${resolution.domain}`
    case 'loop':
      return `loop ${resolution.by}`
    default:
      return resolution.is
  }
}

test('an address ends where the directory says', async () => {
  const { store, directory } = await start()
  await store.addUsers([
    newUser('ann@one.test', { addresses: ['a@one.test', 'ann@two.test'] }),
    newUser('bob@one.test'),
    newUser('bob+list@one.test'),
    newUser('gone@one.test', { disabled: true }),
    newUser('copy@one.test', { forwarding: { to: ['Me@Far.test', 'bob@one.test'], keepCopy: true } }),
    newUser('away@one.test', { forwarding: { to: ['me@far.test'], keepCopy: false } }),
    newUser('void@one.test', { forwarding: { to: ['nobody@one.test'], keepCopy: false } }),
    newUser('back@one.test', { forwarding: { to: ['forth@one.test'], keepCopy: true } }),
    newUser('forth@one.test', { forwarding: { to: ['back@one.test'], keepCopy: true } }),
    newUser('ring1@one.test', { forwarding: { to: ['ring2@one.test'], keepCopy: false } }),
    newUser('ring2@one.test', { forwarding: { to: ['ring1@one.test'], keepCopy: false } }),
    newUser('δοκιμή@two.test'),
  ])
  await store.putGroup({
    address: 'team@one.test',
    members: ['ann@one.test', 'bob@one.test', 'sub@one.test', 'gone@one.test'],
  })
  await store.putGroup({ address: 'sub@one.test', members: ['bob@one.test', 'copy@one.test', 'team@one.test'] })
  await store.putGroup({ address: 'empty@one.test', members: [] })
  await store.putAlias({ address: 'sales@one.test', to: ['ann@one.test'] })
  await store.putAlias({ address: 'dead@one.test', to: ['gone@one.test'] })
  await store.putAlias({ address: 'half@one.test', to: ['half@alias.test', 'ann@one.test', 'half@one.test'] })
  await store.putAlias({ address: 's*@two.test', to: ['bob@one.test'] })
  await store.putAlias({ address: 'sa*@two.test', to: ['ann@one.test'] })
  await store.putAlias({ address: 'ann+x*@two.test', to: ['bob@one.test'] })

  const rows: readonly [string, string, string][] = [
    ['a user', 'ann@one.test', 'ann@one.test'],
    ['in any case', 'ANN@One.Test', 'ann@one.test'],
    ['by a further address', 'a@one.test', 'ann@one.test'],
    ['in another domain', 'ann@two.test', 'ann@one.test'],
    ['by an alias of the domain', 'ann@alias.test', 'ann@one.test'],
    ['in quotes', '"ann"@one.test', 'ann@one.test'],
    ['in other letters', 'Δοκιμή@TWO.test', 'δοκιμή@two.test'],
    ['with a detail', 'ann+anything@one.test', 'ann@one.test'],
    ['with a detail, by an alias of the domain', 'ann+a+b@alias.test', 'ann@one.test'],
    ['an exact address before a detail', 'bob+list@one.test', 'bob+list@one.test'],
    ['a detail of an alias', 'sales+x@one.test', 'ann@one.test'],
    ['a pattern with + before the detail', 'ann+xyz@two.test', 'bob@one.test'],
    ['a detail before a pattern without +', 'ann+y@two.test', 'ann@one.test'],
    ['no base before the +', '+x@one.test', 'nobody'],
    ['nobody', 'nobody@one.test', 'nobody'],
    ['a disabled user', 'gone@one.test', 'disabled'],
    ['an alias of a disabled user', 'dead@one.test', 'disabled'],
    ['forwarding with a copy', 'copy@one.test', 'copy@one.test bob@one.test → Me@far.test'],
    ['forwarding without one', 'away@one.test', '→ me@far.test'],
    ['forwarding to nobody', 'void@one.test', 'nobody'],
    ['two users that forward to each other', 'back@one.test', 'back@one.test forth@one.test'],
    ['the same without copies', 'ring1@one.test', 'loop ring1@one.test'],
    ['nested groups, round in a circle', 'team@one.test', 'ann@one.test bob@one.test copy@one.test → Me@far.test'],
    ['an empty group', 'empty@one.test', 'nobody'],
    ['an alias that also leads to itself and to nobody', 'half@one.test', 'ann@one.test'],
    ['the most specific pattern', 'sales@two.test', 'ann@one.test'],
    ['the next pattern', 'support@two.test', 'bob@one.test'],
    ['a domain that is not ours', 'x@far.test', 'external far.test'],
    ['an address literal', 'x@[192.0.2.1]', 'external [192.0.2.1]'],
    ['postmaster, which nobody has', 'postmaster@two.test', 'ann@one.test'],
    ['abuse, which nobody has', 'ABUSE@alias.test', 'ann@one.test'],
    ['postmaster without a domain', 'Postmaster', 'ann@one.test'],
    ['a name without a domain is in the first', 'bob', 'bob@one.test'],
    ['postmaster elsewhere', 'postmaster@far.test', 'external far.test'],
    ['no address', 'a@b@', 'nobody'],
    ['nothing', '', 'nobody'],
    ['a control character', 'ann\0@one.test', 'nobody'],
    ['__proto__', '__proto__@one.test', 'nobody'],
    ['__proto__ as a domain', 'ann@__proto__', 'external __proto__'],
    ['a pattern is nobody', 's*@one.test', 'nobody'],
  ]
  for (const [name, address, expected] of rows) {
    const resolution = directory.resolve(address)
    assert.ok(!(resolution instanceof Promise), 'a store that answers at once is answered at once')
    assert.equal(said(resolution), expected, name)
    assert.ok(resolution.steps.length > 0, name)
  }
})

test('an address that stands for the sender of something forwarded leads back to it (SRS)', async () => {
  const nowMs = Date.UTC(2026, 10, 24)
  const secret = Buffer.from('a secret of this server')
  const clock = new ManualClock(nowMs)
  const { store, directory, plain } = await start({ srsSecret: secret, clock })
  await store.addUsers([newUser('all@one.test')])
  await store.putAlias({ address: '*@one.test', to: ['all@one.test'] })
  const srs = createSrs(secret)
  const local = srs.forward({ local: 'Ann', domain: 'far.test' }, nowMs) as string
  const quoted = srs.forward({ local: 'a b', domain: 'far.test' }, nowMs) as string
  const rows: readonly [string, string, string][] = [
    ['as it was written', `${local}@one.test`, '→ Ann@far.test'],
    ['in another domain of ours', `${local}@alias.test`, '→ Ann@far.test'],
    ['its case changed on the way', `${local.toLowerCase()}@ONE.test`, '→ ann@far.test'],
    ['a sender in quotes', `"${quoted}"@one.test`, '→ "a b"@far.test'],
    ['changed, it is nobody’s, not even the catch-all’s', `${local.replace('far', 'fan')}@one.test`, 'nobody'],
    ['made elsewhere', 'SRS0=AAAAAAAA=AA=far.test=ann@one.test', 'nobody'],
    ['what only looks a little like it', 'srs0@one.test', 'all@one.test'],
    ['elsewhere it is nothing of ours', `${local}@far.test`, 'external far.test'],
  ]
  for (const [name, address, expected] of rows) assert.equal(said(await directory.resolve(address)), expected, name)
  const end = await directory.resolve(`${local}@one.test`)
  assert.equal(end.is === 'local' && end.bouncesOnly, true)
  assert.equal(
    said(await plain.resolve(`${local}@one.test`)),
    'all@one.test',
    'without the secret it is a name like others',
  )
  clock.advance(22 * 86_400_000)
  assert.equal(said(await directory.resolve(`${local}@one.test`)), 'nobody', 'after three weeks')
})

test('a catch-all takes what nobody has, postmaster included', async () => {
  const { store, directory } = await start()
  await store.addUsers([newUser('first@one.test'), newUser('all@one.test')])
  await store.putAlias({ address: '*@one.test', to: ['all@one.test'] })
  await store.putAlias({ address: 'x?*@one.test', to: ['first@one.test'] })
  for (const [address, expected] of [
    ['whoever@one.test', 'all@one.test'],
    ['postmaster@one.test', 'all@one.test'],
    ['first@one.test', 'first@one.test'],
    ['first+detail@one.test', 'first@one.test'],
    ['x@one.test', 'all@one.test'],
    ['xy@one.test', 'first@one.test'],
    ['whoever@two.test', 'nobody'],
  ] as const) {
    assert.equal(said(await directory.resolve(address)), expected, address)
  }
})

test('postmaster and abuse are taken even where what they lead to is not', async () => {
  const { store, directory } = await start()
  await store.addUsers([
    newUser('first@one.test', { forwarding: { to: ['postmaster@one.test'], keepCopy: false } }),
    newUser('off@one.test', { disabled: true }),
  ])
  await store.putAlias({ address: 'abuse@one.test', to: ['off@one.test', 'nobody@one.test'] })
  assert.equal(said(await directory.resolve('postmaster@one.test')), 'first@one.test')
  assert.equal(said(await directory.resolve('abuse@one.test')), 'first@one.test')
  await store.setUser('first@one.test', { disabled: true })
  assert.equal(said(await directory.resolve('abuse@one.test')), 'disabled')
})

test('a mailbox is full at its quota, and for a message that would pass it', async () => {
  const { store, directory, usage } = await start()
  await store.addUsers([
    newUser('bytes@one.test', { quotaBytes: 1000 }),
    newUser('count@one.test', { quotaMessages: 2 }),
    newUser('none@one.test', { quotaBytes: 0 }),
    newUser('free@one.test'),
  ])
  await store.putAlias({ address: 'both@one.test', to: ['free@one.test', 'bytes@one.test'] })
  usage.set('mailbox 1', { messages: 9, bytes: 900 })
  usage.set('mailbox 2', { messages: 1, bytes: 9e9 })
  usage.set('mailbox 4', { messages: 9e9, bytes: 9e9 })
  const rows: readonly [string, number | undefined, string][] = [
    ['bytes@one.test', undefined, 'bytes@one.test'],
    ['bytes@one.test', 100, 'bytes@one.test'],
    ['bytes@one.test', 101, 'bytes@one.test full: bytes@one.test'],
    ['both@one.test', 101, 'free@one.test bytes@one.test full: bytes@one.test'],
    ['count@one.test', 5, 'count@one.test'],
    ['none@one.test', undefined, 'none@one.test full: none@one.test'],
    ['free@one.test', 9e9, 'free@one.test'],
  ]
  for (const [address, sizeBytes, expected] of rows) {
    assert.equal(said(await directory.resolve(address, sizeBytes)), expected, `${address} ${sizeBytes}`)
  }
  usage.set('mailbox 1', { messages: 9, bytes: 1000 })
  usage.set('mailbox 2', { messages: 2, bytes: 0 })
  assert.equal(said(await directory.resolve('bytes@one.test')), 'bytes@one.test full: bytes@one.test')
  assert.equal(said(await directory.resolve('count@one.test')), 'count@one.test full: count@one.test')
})

test('the way is told step by step', async () => {
  const { store, directory } = await start()
  await store.addUsers([newUser('ann@two.test', { forwarding: { to: ['a@far.test'], keepCopy: true } })])
  await store.putAlias({ address: 'sales@two.test', to: ['ann+leads@two.test', 'nobody@two.test'] })
  assert.deepEqual((await directory.resolve('Sales@alias.test')).steps, [
    { address: 'sales@alias.test', says: 'alias.test is an alias of two.test' },
    { address: 'sales@two.test', says: 'an alias: leads to ann+leads@two.test, nobody@two.test' },
    {
      address: 'ann+leads@two.test',
      says: 'nobody has exactly this address: what follows the + is a detail, read as ann@two.test',
    },
    { address: 'ann+leads@two.test', says: 'the user ann@two.test: mail goes into the mailbox, and on to a@far.test' },
    { address: 'a@far.test', says: 'far.test is no domain of ours: mail is sent on' },
    { address: 'nobody@two.test', says: 'nobody has this address' },
  ])
})

// ---- any graph ------------------------------------------------------------------------------------------------------

type Node = {
  readonly kind: 'user' | 'alias' | 'group'
  readonly keep: boolean
  readonly disabled: boolean
  readonly to: number[]
}

const SIZE = 8

/** Any directory of a few addresses that lead to one another, to nobody (SIZE) and elsewhere (SIZE + 1). */
const graphs = fc.array(
  fc.record({
    kind: fc.constantFrom('user' as const, 'alias' as const, 'group' as const),
    keep: fc.boolean(),
    disabled: fc.boolean(),
    to: fc.array(fc.nat(SIZE + 1), { maxLength: 4 }),
  }),
  { minLength: SIZE, maxLength: SIZE },
)

function nameOf(node: number): string {
  return node === SIZE + 1 ? 'x@far.test' : `n${node}@one.test`
}

function readsOf(graph: readonly Node[]): ResolveReads {
  const owners = new Map<string, AddressOwner>(
    graph.map(({ kind, keep, disabled, to }, id) => {
      const address = nameOf(id)
      const targets = to.map(nameOf)
      if (kind === 'group') return [address, { is: 'group', group: { id, address, members: targets } }]
      if (kind === 'alias') return [address, { is: 'alias', alias: { id, address, to: targets } }]
      const forwarding = targets.length > 0 ? { forwarding: { to: targets, keepCopy: keep } } : {}
      return [address, { is: 'user', user: { ...newUser(address, { disabled, ...forwarding }), id, mailboxId: id } }]
    }),
  )
  return {
    domain: (name) => (name === 'one.test' ? { id: 1, name } : undefined),
    domains: () => [{ id: 1, name: 'one.test' }],
    owner: (address) => owners.get(address),
    wildcardAliases: () => [],
    firstUser: () => undefined,
    usage: () => ({ messages: 0, bytes: 0 }),
  }
}

/** What can be reached, by plain search. */
function reachable(graph: readonly Node[]): { readonly mailboxes: Set<number>; readonly external: boolean } {
  const mailboxes = new Set<number>()
  let external = false
  const seen = new Set<number>()
  const waiting = [0]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    if (at === SIZE + 1) external = true
    const node = graph[at]
    if (node === undefined || (node.kind === 'user' && node.disabled)) continue
    if (node.kind === 'user' && (node.keep || node.to.length === 0)) mailboxes.add(at)
    waiting.push(...node.to)
  }
  return { mailboxes, external }
}

test('on any graph, what can be reached is reached once, and nothing else', () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const resolution = settle(resolveAddress(readsOf(graph), nameOf(0)))
      assert.ok(!(resolution instanceof Promise))
      const { mailboxes, external } = reachable(graph)
      if (mailboxes.size === 0 && !external) {
        assert.ok(['nobody', 'disabled', 'loop'].includes(resolution.is))
        return
      }
      assert.equal(resolution.is, 'local')
      if (resolution.is !== 'local') return
      const ids = resolution.mailboxes.map(({ mailboxId }) => mailboxId)
      assert.deepEqual([...ids].sort(), [...mailboxes].sort())
      assert.deepEqual(resolution.external, external ? ['x@far.test'] : [])
    }),
    { numRuns: 300 },
  )
})

test('a ring that leads nowhere is a loop, however long', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: SIZE }),
      fc.constantFrom('alias' as const, 'group' as const),
      (length, kind) => {
        const graph = Array.from({ length: SIZE }, (_, id) => ({
          kind,
          keep: false,
          disabled: false,
          to: [(id + 1) % length],
        }))
        const resolution = settle(resolveAddress(readsOf(graph), nameOf(0)))
        assert.ok(!(resolution instanceof Promise))
        assert.equal(said(resolution), 'loop n0@one.test')
        assert.ok(resolution.steps.some(({ says }) => /leads back to itself/.test(says)))
      },
    ),
  )
})

test('what waits for its store ends at the same place, and a fault of the store comes through', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, async (graph) => {
      const reads = readsOf(graph)
      const later: ResolveReads = {
        ...reads,
        owner: async (address) => reads.owner(address),
        domain: async (name) => reads.domain(name),
      }
      const waited = settle(resolveAddress(later, nameOf(0)))
      assert.ok(waited instanceof Promise)
      assert.deepEqual(await waited, settle(resolveAddress(reads, nameOf(0))))
    }),
    { numRuns: 100 },
  )
  const away: ResolveReads = { ...readsOf([]), owner: () => Promise.reject(new Error('away')) }
  await assert.rejects(async () => settle(resolveAddress(away, nameOf(0))), /away/)
})

// ---- bounds ---------------------------------------------------------------------------------------------------------

test('too deep or too wide is refused as a whole, and ends soon', async () => {
  const deep = Array.from({ length: 60 }, (_, id) => ({
    kind: 'alias' as const,
    keep: false,
    disabled: false,
    to: [id + 1],
  }))
  const reads = (targets: (address: string) => readonly string[]): ResolveReads => ({
    ...readsOf(deep),
    owner: (address) => ({ is: 'group', group: { id: 1, address, members: targets(address) } }),
  })
  const chain = reads((address) => [`n${Number.parseInt(address.slice(1), 10) + 1}@one.test`])
  assert.equal(said(await settle(resolveAddress(chain, 'n0@one.test'))), 'loop n51@one.test')

  let asked = 0
  const tree = reads((address) => {
    asked++
    return Array.from({ length: 10 }, (_, index) => address.replace('@', `${index}@`))
  })
  const counted = await settle(resolveAddress(tree, 'n@one.test'))
  assert.equal(counted.is, 'loop')
  assert.ok(asked <= MAX_EXPANSION)
  assert.ok(counted.steps.length <= 1000)

  const wide = reads(() => Array.from({ length: MAX_EXPANSION + 1 }, (_, index) => `x${index}@far.test`))
  assert.equal((await settle(resolveAddress(wide, 'n@one.test'))).is, 'loop')
  const fits = reads(() => Array.from({ length: MAX_EXPANSION - 1 }, (_, index) => `x${index}@far.test`))
  assert.equal((await settle(resolveAddress(fits, 'n@one.test'))).is, 'local')
})

test('the server has a postmaster at its own name, whatever domains it serves', async () => {
  const { store, directory, plain } = await start({ hostname: () => 'Mail.Host.test' })
  await store.addUsers([newUser('ann@one.test'), newUser('bob@one.test')])
  await store.putAlias({ address: 'abuse@one.test', to: ['bob@one.test'] })
  const cases: readonly (readonly [address: string, end: string])[] = [
    ['Postmaster@MAIL.host.test', 'ann@one.test'],
    ['abuse@mail.host.test', 'bob@one.test'],
    ['ann@mail.host.test', 'external mail.host.test'],
    ['postmaster@host.test', 'external host.test'],
  ]
  for (const [address, end] of cases) assert.equal(said(await directory.resolve(address)), end, address)
  assert.equal(said(await plain.resolve('postmaster@mail.host.test')), 'external mail.host.test')
  await store.addDomain({ name: 'mail.host.test' })
  await store.addUsers([newUser('postmaster@mail.host.test')])
  assert.equal(said(await directory.resolve('postmaster@mail.host.test')), 'postmaster@mail.host.test')
})
