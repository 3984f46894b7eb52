import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { openTestVault } from '../vault-testing.ts'
import type { DkimKey } from './key.ts'
import { createKeyRing } from './key-ring.ts'
import { createSigningKeys } from './signing-keys.ts'

const DOMAIN = 'example.test'

async function openRing(t: Parameters<typeof openTestVault>[0]) {
  const opened = await openTestVault(t)
  const { vault, clock } = opened
  return { ...opened, ring: createKeyRing({ vault, nowMs: () => clock.nowMs() }) }
}

function states(keys: readonly DkimKey[]): readonly string[] {
  return keys.map(({ selector, algorithm, state }) => `${selector} ${algorithm} ${state}`)
}

function selectors(...names: readonly string[]): ReadonlySet<string> {
  return new Set(names)
}

test('keys are made, sign once they are activated, are followed by others, and go', async (t) => {
  const { ring, clock, store } = await openRing(t)
  assert.deepEqual(await ring.keysOf(DOMAIN), [])
  assert.deepEqual(await ring.signingKeys(DOMAIN), [])
  await ring.makeNext(DOMAIN)
  assert.deepEqual(states(await ring.keysOf(DOMAIN)), ['s202601r rsa next', 's202601e ed25519 next'])
  assert.deepEqual(await ring.signingKeys(DOMAIN), [])
  await assert.rejects(ring.makeNext(DOMAIN), /s202601r, s202601e still wait for their records/)

  assert.deepEqual(states(await ring.activate(DOMAIN, selectors('s202601r', 's202601e', 'nonsense'))), [
    's202601r rsa active',
    's202601e ed25519 active',
  ])
  assert.deepEqual(await ring.activate(DOMAIN, selectors('s202601r')), [], 'a second time changes nothing')
  const signing = await ring.signingKeys(DOMAIN)
  const told = await ring.keysOf(DOMAIN)
  for (const [at, { privateKey, selector, domain }] of signing.entries()) {
    assert.equal(domain, DOMAIN)
    assert.equal(selector, told[at]?.selector)
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
    assert.ok(spki.toString('hex').endsWith(Buffer.from(told[at]?.publicKey ?? '', 'base64').toString('hex')))
    assert.ok(privateKey.asymmetricKeyType === 'ed25519' || privateKey.asymmetricKeyDetails?.modulusLength === 2048)
  }

  clock.advance(1000)
  await ring.makeNext(DOMAIN)
  const activated = await ring.activate(DOMAIN, selectors('s202601r2'))
  assert.deepEqual(states(activated), ['s202601r rsa retired', 's202601r2 rsa active'])
  assert.equal(activated[0]?.retiredAtMs, clock.nowMs())
  assert.deepEqual(states(await ring.keysOf(DOMAIN)), [
    's202601r rsa retired',
    's202601e ed25519 active',
    's202601r2 rsa active',
    's202601e2 ed25519 next',
  ])
  assert.deepEqual(
    (await ring.signingKeys(DOMAIN)).map(({ selector }) => selector),
    ['s202601e', 's202601r2'],
  )

  assert.equal(await ring.remove(DOMAIN, 'nonsense'), false)
  assert.equal(await ring.remove(DOMAIN, 's202601r'), true)
  assert.deepEqual(
    (await ring.signingKeys(DOMAIN)).map(({ selector }) => selector),
    ['s202601e', 's202601r2'],
  )
  assert.deepEqual(await ring.domains(), [DOMAIN])
  for (const { open, sealed } of store.kept.values()) assert.doesNotMatch(open + Buffer.from(sealed), /PRIVATE|MIIEv/)
  assert.equal(await ring.remove(DOMAIN), true)
  assert.equal(await ring.remove(DOMAIN), false)
  assert.deepEqual(await ring.domains(), [])
})

test('the last key of a domain goes with the domain', async (t) => {
  const { ring } = await openRing(t)
  await ring.makeNext(DOMAIN)
  for (const { selector } of await ring.keysOf(DOMAIN)) await ring.remove(DOMAIN, selector)
  assert.deepEqual(await ring.domains(), [])
})

test('of two who make keys at once one is refused, and no key is lost', async (t) => {
  const { ring } = await openRing(t)
  const made = await Promise.allSettled([ring.makeNext(DOMAIN), ring.makeNext(DOMAIN), ring.makeNext('other.test')])
  assert.deepEqual(
    made.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.equal((await ring.keysOf(DOMAIN)).length, 2)
})

test('keys that sign are kept for a moment, are those of local domains alone, and are asked anew after it', async (t) => {
  const { ring, clock } = await openRing(t)
  let local = true
  const keysOf = createSigningKeys({ ring, isLocalDomain: () => local, monotonicMs: () => clock.monotonicMs() })
  assert.deepEqual(await keysOf(DOMAIN), [])
  await ring.makeNext(DOMAIN)
  await ring.activate(DOMAIN, selectors('s202601r', 's202601e'))
  assert.deepEqual(await keysOf(DOMAIN), [])
  clock.advance(5_000)
  const keys = await keysOf(DOMAIN)
  assert.equal(keys.length, 2)
  assert.equal(await keysOf(DOMAIN), keys)
  local = false
  clock.advance(5_000)
  assert.deepEqual(await keysOf(DOMAIN), [])
})
