import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestVault } from '../vault-testing.ts'
import { createDkimDesk, type ShownDomain } from './desk.ts'
import { createKeyRing } from './key-ring.ts'

const DAY_MS = 86_400_000

async function openDesk(t: Parameters<typeof openTestVault>[0]) {
  const { vault, clock } = await openTestVault(t)
  const nowMs = () => clock.nowMs()
  const ring = createKeyRing({ vault, nowMs })
  const zone = new Map<string, string>()
  let away = false
  const desk = createDkimDesk({
    ring,
    dns: {
      async txt(name) {
        if (away) return { is: 'unknown', because: 'no answer' }
        const text = zone.get(name)
        return text === undefined ? { is: 'none', why: 'NXDOMAIN' } : { is: 'found', texts: [text] }
      },
    },
    isLocalDomain: (domain) => domain === 'example.test' || domain === 'other.test',
    nowMs,
  })
  const publish = ({ keys }: ShownDomain, selector?: string) => {
    for (const { record, selector: own } of keys) {
      if (selector === undefined || own === selector) zone.set(record.name, record.text)
    }
  }
  const dnsAway = (is: boolean) => {
    away = is
  }
  return { desk, ring, clock, zone, publish, dnsAway }
}

function states({ keys }: ShownDomain): readonly string[] {
  return keys.map(({ selector, state, found }) => `${selector} ${state} ${found.is}`)
}

const CHECK = { activate: false, force: false }
const ACTIVATE = { activate: true, force: false }

test('a key signs only once its record is seen, and follows the one before it', async (t) => {
  const { desk, clock, publish } = await openDesk(t)
  const added = await desk.add('Example.TEST.')
  assert.equal(added.domain, 'example.test')
  assert.deepEqual(states(added), ['s202601r next missing', 's202601e next missing'])
  assert.deepEqual((await desk.check('example.test', ACTIVATE)).activated, [])
  publish(added, 's202601r')
  assert.deepEqual(states(await desk.check('example.test', CHECK)), ['s202601r next right', 's202601e next missing'])
  const first = await desk.check('example.test', ACTIVATE)
  assert.deepEqual(states(first), ['s202601r active right', 's202601e next missing'])
  assert.deepEqual([first.activated, first.retired], [['s202601r'], []])
  await assert.rejects(desk.rotate('example.test'), /s202601e still wait/)
  publish(added)
  await desk.check('example.test', ACTIVATE)

  clock.advance(31 * DAY_MS)
  const rotated = await desk.rotate('example.test')
  assert.deepEqual(states(rotated).slice(2), ['s202602r next missing', 's202602e next missing'])
  publish(rotated)
  const second = await desk.check('example.test', ACTIVATE)
  assert.deepEqual(second.activated, ['s202602r', 's202602e'])
  assert.deepEqual(second.retired, ['s202601r', 's202601e'])

  await assert.rejects(desk.remove('example.test', 's202601r', false), /record is needed until 2026-02-08; say --force/)
  await assert.rejects(desk.remove('example.test', 's202602r', false), /signs mail: without it/)
  await assert.rejects(desk.remove('example.test', undefined, false), /Nothing was removed/)
  await assert.rejects(desk.remove('example.test', 's9', false), /has no key "s9"/)
  clock.advance(7 * DAY_MS)
  assert.deepEqual(await desk.remove('example.test', 's202601r', false), ['s202601r'])
  assert.equal((await desk.remove('example.test', undefined, true)).length, 3)
  await assert.rejects(desk.show('example.test'), /no keys for example\.test: make them with: postern dkim add/)
})

test('what cannot be done says what to do', async (t) => {
  const { desk } = await openDesk(t)
  await assert.rejects(desk.add('far.test'), /far\.test is no local domain/)
  await assert.rejects(desk.ensure('far.test'), /far\.test is no local domain/)
  await assert.rejects(desk.add('[192.0.2.1]'), /wanted a domain/)
  await assert.rejects(desk.rotate('example.test'), /postern dkim add example\.test/)
  await assert.rejects(desk.check('example.test', CHECK), /postern dkim add example\.test/)
  await desk.add('example.test')
  await assert.rejects(desk.add('example.test'), /has keys already/)
})

test('by force a key signs whose record nobody has seen', async (t) => {
  const { desk, dnsAway } = await openDesk(t)
  await desk.add('example.test')
  dnsAway(true)
  assert.deepEqual((await desk.check('example.test', ACTIVATE)).activated, [])
  const forced = await desk.check('example.test', { activate: true, force: true })
  assert.deepEqual(states(forced), ['s202601r active unknown', 's202601e active unknown'])
})

test('the daily check lets what is published sign, and tells what is gone; DNS that is away is no news', async (t) => {
  const { desk, zone, publish, dnsAway } = await openDesk(t)
  assert.deepEqual(await desk.checkAll(), [])
  assert.equal(await desk.ensure('example.test'), 'added')
  assert.equal(await desk.ensure('example.test'), 'same')
  const other = await desk.add('other.test')
  assert.deepEqual(await desk.checkAll(), [])
  publish(other)
  assert.deepEqual(
    (await desk.checkAll()).map(({ domain, selector, is }) => `${domain} ${selector} ${is}`),
    ['other.test s202601r activated', 'other.test s202601e activated'],
  )
  assert.deepEqual(await desk.checkAll(), [])
  zone.delete('s202601r._domainkey.other.test')
  zone.set('s202601e._domainkey.other.test', 'v=DKIM1; p=')
  assert.deepEqual(
    (await desk.checkAll()).map(({ selector, is }) => `${selector} ${is}`),
    ['s202601r recordMissing', 's202601e recordWrong'],
  )
  dnsAway(true)
  assert.deepEqual(await desk.checkAll(), [])
  assert.deepEqual(
    (await desk.list()).map(({ domain, keys }) => [domain, ...keys.map(({ state }) => state)]),
    [
      ['example.test', 'next', 'next'],
      ['other.test', 'active', 'active'],
    ],
  )
})

test('nothing private is shown', async (t) => {
  const { desk, ring } = await openDesk(t)
  await desk.add('example.test')
  await desk.check('example.test', { activate: true, force: true })
  const told = JSON.stringify([await desk.show('example.test'), await desk.list()])
  for (const { privateKey } of await ring.signingKeys('example.test')) {
    const secret = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
    assert.ok(!told.includes(secret.slice(-40, -4)))
  }
})
