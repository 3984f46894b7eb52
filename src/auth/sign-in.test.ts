import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import { openDirectory } from '#directory/directory.ts'
import type { DirectoryStore } from '#store/contract.ts'
import { newUser, openDirectoryInMemory } from '#store/sqlite/directory-in-memory.ts'
import type { Exchange, SignInResult } from './contract.ts'
import { makeCredentials, matchesCredentials } from './credentials.ts'
import type { HashingQueue } from './hashing-queue.ts'
import { openSignIn } from './sign-in.ts'

const credentials = await makeCredentials('sécret')

async function start(
  change: (store: DirectoryStore) => DirectoryStore = (store) => store,
  hashing?: HashingQueue,
  secret = new Uint8Array(32).fill(1),
) {
  const opened = openDirectoryInMemory()
  const store = change(opened.store)
  await store.addDomain({ name: 'one.test' })
  await store.addDomain({ name: 'alias.test', aliasOf: 'one.test' })
  await store.addUsers([
    newUser('ann@one.test', { credentials, addresses: ['a@one.test'] }),
    newUser('gone@one.test', { credentials, disabled: true }),
    newUser('bare@one.test'),
  ])
  const directory = openDirectory({
    store: { directory: store, mailboxes: { usage: () => ({ messages: 0, bytes: 0 }) } },
  })
  const clock = new ManualClock()
  let hashed = 0
  const counting: HashingQueue = hashing ?? {
    run(work) {
      hashed++
      return work()
    },
  }
  return {
    store,
    clock,
    signIn: openSignIn({ directory, store, secret, clock, hashing: counting }),
    hashed: () => hashed,
  }
}

function said(result: SignInResult): string {
  return result.is === 'user'
    ? `user ${result.user.address}`
    : result.is === 'denied'
      ? `denied: ${result.why}`
      : result.is
}

test('a name and a password sign in, or are denied for a reason of ours', async () => {
  const { signIn, hashed } = await start()
  const rows: readonly [string, string, string][] = [
    ['ann@one.test', 'sécret', 'user ann@one.test'],
    ['Ann@Alias.Test', 'se\u0301cret', 'user ann@one.test'],
    ['a@one.test', 'sécret', 'user ann@one.test'],
    ['ann', 'sécret', 'user ann@one.test'],
    ['ann', 'secret', 'denied: wrong password'],
    ['nobody', 'sécret', 'denied: there is no such user'],
    ['gone', 'sécret', 'denied: the user is disabled'],
    ['gone', 'secret', 'denied: wrong password'],
    ['bare', 'sécret', 'denied: the user has no password'],
    ['__proto__', 'x', 'denied: there is no such user'],
    ['ann\0', 'x', 'malformed'],
    ['', 'x', 'malformed'],
    ['x'.repeat(1025), 'x', 'malformed'],
  ]
  for (const [name, password, expected] of rows)
    assert.equal(said(await signIn.password(name, password)), expected, name)
  // Each guess costs the same, whoever it is of; Ann's right password was checked once.
  assert.equal(hashed(), 7)
  for (const password of ['', 'x'.repeat(1025), 'a\0b']) {
    assert.match(said(await signIn.password('ann', password)), /^denied: the password is empty, too long/)
    assert.match(said(await signIn.password('nobody', password)), /^denied: the password is empty, too long/)
  }
  assert.equal(hashed(), 7)
})

test('a right password is remembered for minutes, and forgotten with a change', async () => {
  const { signIn, store, clock, hashed } = await start()
  for (let round = 0; round < 3; round++)
    assert.equal(said(await signIn.password('ann', 'sécret')), 'user ann@one.test')
  assert.equal(hashed(), 1)
  assert.equal(said(await signIn.password('ann', 'guess')), 'denied: wrong password')
  assert.equal(said(await signIn.password('ann', 'guess')), 'denied: wrong password')
  assert.equal(hashed(), 3)
  clock.advance(5 * 60_000 + 1)
  await signIn.password('ann', 'sécret')
  assert.equal(hashed(), 4)
  await store.setUser('ann@one.test', { credentials: await makeCredentials('other') })
  assert.equal(said(await signIn.password('ann', 'sécret')), 'denied: wrong password')
  await store.setUser('ann@one.test', { credentials, disabled: true })
  assert.equal(said(await signIn.password('ann', 'sécret')), 'denied: the user is disabled')
})

test('too much hashing and a store that is away are no denial', async () => {
  const busy = await start(undefined, { run: () => undefined })
  assert.equal(said(await busy.signIn.password('ann', 'sécret')), 'unavailable')
  const away = await start((store) => ({
    ...store,
    owner: () => Promise.reject(new Fault('Cannot read the store', { temporary: true })),
  }))
  assert.equal(said(await away.signIn.password('ann', 'sécret')), 'unavailable')
  const step = await away.signIn.exchange('SCRAM-SHA-256', undefined).start(Buffer.from('n,,n=ann,r=abc'))
  assert.equal(step.is === 'done' && said(step.result), 'unavailable')
  const broken = await start((store) => ({ ...store, owner: () => Promise.reject(new TypeError('a bug')) }))
  await assert.rejects(broken.signIn.password('ann', 'sécret'), TypeError)
})

test('PLAIN and LOGIN check the same password', async () => {
  const { signIn } = await start()
  const bytes = (text: string) => Buffer.from(text)
  const done = async (exchange: Exchange, ...messages: string[]) => {
    let step = await exchange.start(undefined)
    for (const message of messages) step = await exchange.next(bytes(message))
    return step.is === 'done' ? said(step.result) : step.is
  }
  assert.equal(await done(signIn.exchange('PLAIN', undefined), '\0ann\0sécret'), 'user ann@one.test')
  assert.equal(await done(signIn.exchange('PLAIN', undefined), 'ann'), 'malformed')
  assert.equal(await done(signIn.exchange('LOGIN', undefined), 'ann', 'sécret'), 'user ann@one.test')
  assert.equal(await done(signIn.exchange('LOGIN', undefined), 'ann', 'x'), 'denied: wrong password')
  assert.equal(await done(signIn.exchange('LOGIN', undefined), ''), 'malformed')
  const login = signIn.exchange('LOGIN', undefined)
  const asked = await login.start(bytes('ann'))
  assert.equal(asked.is === 'challenge' && Buffer.from(asked.data).toString(), 'Password:')
})

test('-PLUS is offered only where the channel can be bound', async () => {
  const { signIn } = await start()
  assert.deepEqual(signIn.mechanisms(undefined), ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'])
  assert.deepEqual(signIn.mechanisms({}), ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'])
  assert.equal(signIn.mechanisms({ 'tls-exporter': Uint8Array.of(1) })[0], 'SCRAM-SHA-256-PLUS')
})

test('SCRAM shows nobody as it shows a user', async () => {
  const { signIn, store } = await start()
  async function challenge(name: string): Promise<{ salt: string; iterations: string }> {
    const step = await signIn.exchange('SCRAM-SHA-256', undefined).start(Buffer.from(`n,,n=${name},r=abc`))
    const sent = Buffer.from(step.is === 'challenge' ? step.data : []).toString()
    const [, salt, iterations] = /^r=abc[^,]{24},s=([^,]{24}),i=(\d+)$/.exec(sent) ?? assert.fail(sent)
    return { salt: salt as string, iterations: iterations as string }
  }
  const ann = await challenge('ann@one.test')
  const nobody = await challenge('nobody@one.test')
  assert.equal(nobody.iterations, ann.iterations)
  assert.notEqual(nobody.salt, ann.salt)
  // The same name shows the same salt each time and in each form, whether there is such a user or not.
  for (const form of ['%', '%@one.test', '%@ALIAS.test']) {
    assert.deepEqual(await challenge(form.replace('%', 'ann')), ann)
    assert.deepEqual(await challenge(form.replace('%', 'nobody')), nobody)
    assert.deepEqual(await challenge(form.replace('%', 'Bare')), await challenge('bare@one.test'))
  }
  assert.notDeepEqual(await challenge('nobody2@one.test'), nobody)
  await store.removeUser('bare@one.test')
  assert.ok(await challenge('bare@one.test'))
})

test('credentials hold no password, and are made of what a user could type', async () => {
  assert.ok(!JSON.stringify(credentials).includes('cret'))
  assert.equal(credentials.scram.iterations >= 4096, true)
  assert.equal(await matchesCredentials('sécret', credentials), true)
  assert.equal(await matchesCredentials('secret', credentials), false)
  for (const password of ['', 'tab\tbed', 'x'.repeat(1025), 'ä'.repeat(513)]) {
    await assert.rejects(makeCredentials(password), (error) => {
      assert.ok(error instanceof Fault)
      assert.equal(password !== '' && error.message.includes(password), false)
      return true
    })
    assert.equal(await matchesCredentials(password, credentials), false)
  }
})

test('a denied login tells one guess from another, and nothing of the guess', async () => {
  const { signIn } = await start()
  async function guess(name: string, password: string): Promise<string | undefined> {
    const result = await signIn.password(name, password)
    assert.equal(result.is, 'denied')
    return result.is === 'denied' ? result.guess : undefined
  }
  const first = await guess('ann', 'wrong')
  assert.match(first ?? '', /^[\w-]{11}$/)
  assert.equal(await guess('ann', 'wrong'), first)
  const others = [
    await guess('ann', 'wrong2'),
    await guess('anne', 'wrong'),
    await guess('gone@one.test', 'sécret'),
    await guess('bare@one.test', 'wrong'),
    await guess('ann', '\u0007'),
    await guess('ann', 'x'.repeat(100_000)),
  ]
  assert.equal(new Set([first, ...others]).size, 7)
  assert.equal(await guess('gone@one.test', 'sécret'), others[2], 'a disabled user whose program goes on')
  // Another server, or one that has lost its secret, cannot tell them.
  const { signIn: other } = await start((store) => store, undefined, new Uint8Array(32).fill(2))
  const elsewhere = await other.password('ann', 'wrong')
  assert.notEqual(elsewhere.is === 'denied' ? elsewhere.guess : first, first)
})
