import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSrs } from './srs.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 10, 24, 8, 30)
const srs = createSrs(Buffer.from('a secret of this server'))
const RUNS = { numRuns: 300 }

function forward(local: string, domain: string, nowMs = NOW_MS): string {
  return srs.forward({ local, domain }, nowMs) ?? 'too long'
}

test('a sender is rewritten and read back', () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['a plain sender', 'ann', 'far.example', /^SRS0=[A-Z2-7]{8}=[A-Z2-7]{2}=far\.example=ann$/],
    ['a local part with =', 'a=b=c', 'far.example', /^SRS0=[A-Z2-7]{8}=[A-Z2-7]{2}=far\.example=a=b=c$/],
    ['a quoted local part', 'a b@c', 'far.example', /^SRS0=[A-Z2-7]{8}=[A-Z2-7]{2}=far\.example=a b@c$/],
    ['beyond ASCII', 'žofie', 'far.example', /^SRS0=[A-Z2-7]{8}=[A-Z2-7]{2}=far\.example=žofie$/],
    ['an address literal', 'ann', '[192.0.2.1]', /^SRS0=[A-Z2-7]{8}=[A-Z2-7]{2}=\[192\.0\.2\.1\]=ann$/],
    [
      'a long one gets a shorter hash',
      'a'.repeat(39),
      'far.example',
      /^SRS0=[A-Z2-7]{4}=[A-Z2-7]{2}=far\.example=a{39}$/,
    ],
  ]
  for (const [name, local, domain, expected] of cases) {
    const rewritten = forward(local, domain)
    assert.match(rewritten, expected, name)
    assert.ok(Buffer.byteLength(rewritten) <= 64, name)
    assert.deepEqual(srs.reverse(rewritten, NOW_MS), { is: 'sender', local, domain }, name)
  }
  assert.equal(forward('a'.repeat(40), 'far.example'), 'too long')
})

test('what another forwarder has rewritten leads back to that forwarder, however many come between', () => {
  const theirs = 'SRS0+Ab1/=UF=origin.example=ann'.replace('UF', forward('x', 'y').split('=')[2] as string)
  const second = forward(theirs, 'first.example')
  assert.match(second, /^SRS1=[A-Z2-7]{6,8}=first\.example=\+Ab1\/=..=origin\.example=ann$/)
  const home = { is: 'sender', local: theirs, domain: 'first.example' } as const
  assert.deepEqual(srs.reverse(second, NOW_MS), home)

  const elsewhere = createSrs(Buffer.from('another server'))
  const third = elsewhere.forward({ local: second, domain: 'second.example' }, NOW_MS) ?? 'too long'
  assert.ok(third.startsWith('SRS1=') && third !== second, third)
  assert.deepEqual(srs.reverse(third, NOW_MS), { is: 'invalid' })
  assert.equal(forward(third, 'third.example'), second)
})

test('it holds for 21 days', () => {
  const cases: readonly (readonly [days: number, is: string])[] = [
    [-2, 'invalid'],
    [0, 'sender'],
    [21, 'sender'],
    [22, 'invalid'],
    [500, 'invalid'],
    [1000, 'invalid'],
  ]
  const rewritten = forward('ann', 'far.example')
  const again = forward(rewritten, 'first.example')
  for (const [days, is] of cases) {
    assert.equal(srs.reverse(rewritten, NOW_MS + days * DAY_MS).is, is, `SRS0, ${days} days`)
    assert.equal(srs.reverse(again, NOW_MS + days * DAY_MS).is, is, `SRS1, ${days} days`)
  }
})

test('other names are left alone, and damaged ones are told apart', () => {
  const good = forward('ann', 'far.example')
  const cases: readonly (readonly [string, string])[] = [
    ['ann', 'none'],
    ['', 'none'],
    ['srs0', 'none'],
    ['SRS0=far.example=ann', 'none'],
    ['SRS0=AAAA=AA=far.example=', 'none'],
    ['SRS0==AA=far.example=ann', 'invalid'],
    ['SRS0=AAAAAAAA=AA=far.example=ann', 'invalid'],
    ['SRS1=AAAAAAAA=far.example==AAAA=AA=x.example=ann', 'invalid'],
    [good.replace('ann', 'bob'), 'invalid'],
    [good.replace('far.example', 'fan.example'), 'invalid'],
    [good.replace(/=(.{8})=/, (_, hash: string) => `=${hash.slice(0, 4)}=`), 'invalid'],
    [good.toLowerCase(), 'sender'],
    [good.toUpperCase(), 'sender'],
    [good.replace('SRS0=', 'SRS0+'), 'sender'],
  ]
  for (const [local, is] of cases) assert.equal(srs.reverse(local, NOW_MS).is, is, local)
  assert.equal(createSrs(Buffer.from('another secret')).reverse(good, NOW_MS).is, 'invalid')
})

const name = fc.stringMatching(/^[a-zA-Z0-9.=+-]{1,20}$/)
const domain = fc.stringMatching(/^[a-z0-9.-]{1,20}$/)

test('whatever is written is read back, and no stranger writes one', () => {
  fc.assert(
    fc.property(name, domain, (local, at) => {
      const rewritten = srs.forward({ local, domain: at }, NOW_MS)
      if (rewritten === undefined) return
      const read = srs.reverse(rewritten, NOW_MS)
      assert.equal(read.is === 'sender', !/^SRS1/i.test(rewritten) || /^SRS[01][=+-].*=..=/is.test(local))
      if (read.is === 'sender' && !/^srs[01]/i.test(local)) assert.deepEqual(read, { is: 'sender', local, domain: at })
    }),
    RUNS,
  )
  const forged = fc.oneof(
    fc
      .tuple(fc.stringMatching(/^[A-Za-z2-7+/]{0,8}$/), fc.stringMatching(/^[A-Z2-7]{2}$/), domain, name)
      .map((parts) => `SRS0=${parts.join('=')}`),
    fc
      .tuple(fc.stringMatching(/^[A-Za-z2-7+/]{0,8}$/), domain, name)
      .map(([hash, at, rest]) => `SRS1=${hash}=${at}==AAAA=AA=x=${rest}`),
    fc.string(),
  )
  fc.assert(
    fc.property(forged, (local) => assert.notEqual(srs.reverse(local, NOW_MS).is, 'sender')),
    RUNS,
  )
})
