import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGroupFacts, isTrusted } from './groups.ts'
import { createWorld } from './testing.ts'

const MEMBER = { ip: '10.0.0.1' }

test('the trust group is the relay group where it is not set', () => {
  const followed = createGroupFacts(createWorld().sources)
  assert.deepEqual(followed.trustGroup(MEMBER), { group: 'local-clients', member: true })
  const own = createGroupFacts(createWorld({ trust: { ipGroup: 'partners' } }).sources)
  assert.deepEqual(own.trustGroup(MEMBER), { group: 'partners', member: false })
  assert.deepEqual(own.relayGroup(MEMBER), { group: 'local-clients', member: true })
})

test('no group has no member', () => {
  const none = createGroupFacts(
    createWorld({ relay: { ipGroup: undefined }, limits: { exemptGroup: undefined } }).sources,
  )
  for (const fact of [none.relayGroup, none.trustGroup, none.exemptGroup]) {
    assert.deepEqual(fact(MEMBER), { group: undefined, member: false })
  }
})

test('an address whose trust is suspended is a member of nothing, and it is said why; it may still connect', () => {
  const world = createWorld({ services: { smtp: { ipGroup: 'local-clients' } } })
  const groups = createGroupFacts(world.sources)
  world.suspended.set(MEMBER.ip, { ip: MEMBER.ip, evidence: '31 HELO names in an hour', sinceMs: 0 })
  const suspended = { group: 'local-clients', member: false, suspended: '31 HELO names in an hour' }
  assert.deepEqual(groups.relayGroup(MEMBER), suspended)
  assert.deepEqual(groups.trustGroup(MEMBER), suspended)
  assert.deepEqual(groups.exemptGroup(MEMBER), suspended)
  assert.deepEqual(groups.serviceGroup({ ...MEMBER, service: 'smtp' }), { group: 'local-clients', member: true })
  assert.deepEqual(groups.relayGroup({ ip: '10.0.0.2' }), { group: 'local-clients', member: true })
  assert.equal(isTrusted(groups, MEMBER), false)
})

test('only a client that is in a group and did not log in is trusted for its address alone', () => {
  const groups = createGroupFacts(createWorld().sources)
  assert.equal(isTrusted(groups, MEMBER), true)
  assert.equal(isTrusted(groups, { ...MEMBER, user: 'anna@here.example' }), false)
  assert.equal(isTrusted(groups, { ip: '198.51.100.7' }), false)
})
