/** No verdict lets a stranger relay unless the audit names the way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NetworkSet, normalizeIp, PRIVATE, parseRange } from '#base/network-set.ts'
import { judge } from '#gate/judge.ts'
import type { Subject } from '#gate/subject.ts'
import { readersOf, stranger } from '#gate/testing.ts'
import type { GroupEntry } from '#settings/ip-group-entries.ts'
import { compileGroups } from '#settings/ip-groups.ts'
import type { Settings } from '#settings/schema.ts'
import { buildSettings } from '#settings/snapshot.ts'
import { anyChanges } from '#settings/testing.ts'
import { findInSettings } from './audit.ts'

const MACHINE = ['127.0.0.0/8', '::1', '203.0.113.25']

const NETWORKS = [
  '8.0.0.0/8',
  '198.51.100.0/24',
  '203.0.113.25',
  '0.0.0.0/1',
  '0.0.0.0/0',
  '2a00::/12',
  '2001:db8::/48',
  '10.0.0.0/8',
  '10.0.0.0-12.0.0.9',
  '192.168.1.1',
  'fc00::/7',
  'this-machine',
  'group:office',
  'group:far',
] as const

const group: fc.Arbitrary<readonly GroupEntry[]> = fc.array(
  fc.record({ address: fc.constantFrom(...NETWORKS), enabled: fc.boolean() }),
  { maxLength: 4 },
)

const someGroup = fc.constantFrom(undefined, 'local-clients', 'office', 'far')

/** Settings of every kind, those of relaying more often than chance would have it. */
const settings: fc.Arbitrary<Settings> = fc
  .record({
    changes: anyChanges,
    groups: fc.record({ 'local-clients': group, office: group, far: group }),
    relay: fc.record(
      {
        mode: fc.constantFrom('controlled' as const, 'open' as const),
        ipGroup: someGroup,
        smtpAuth: fc.boolean(),
        groupAfterFailedLogin: fc.boolean(),
        popBeforeSmtp: fc.record({ enabled: fc.boolean(), minutes: fc.integer({ min: 1, max: 60 }) }),
      },
      { requiredKeys: [] },
    ),
    proxyFrom: fc.array(fc.constantFrom('198.51.100.0/24', '10.0.0.1', 'group:office', '8.0.0.0/8', '2001:db8::7'), {
      maxLength: 2,
    }),
    // Seldom one, which the stranger would have to be in to be judged at all.
    ipGroup: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: someGroup }),
  })
  .map(({ changes, groups, relay, proxyFrom, ipGroup }) => {
    const base = buildSettings(changes)
    const smtp = { ...base.services.smtp, listen: ['*'], proxyFrom, ipGroup }
    return {
      ...base,
      ipGroups: groups,
      relay: { ...base.relay, ...relay },
      services: { ...base.services, smtp },
    }
  })

const address = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom('8.8.4.4', '198.51.100.7', '11.1.1.1', '2a00::1', '2001:db8::7', '203.0.113.26'),
  },
  { weight: 1, arbitrary: fc.ipV4() },
  { weight: 1, arbitrary: fc.ipV6().map((ip) => normalizeIp(ip) ?? ip) },
)

const session = fc.record({
  peer: address,
  claims: fc.oneof(fc.constantFrom('10.1.2.3', '192.168.1.1', '127.0.0.1', '203.0.113.25'), address),
  loginFailed: fc.boolean(),
  service: fc.constant('smtp' as const),
  sincePopMs: fc.option(fc.integer({ min: 0, max: 7_200_000 }), { nil: undefined }),
  suspended: fc.boolean(),
})

function proxiesOf({ services }: Settings, set: (group: string) => NetworkSet): NetworkSet {
  return new NetworkSet(
    services.smtp.proxyFrom.flatMap((entry) => {
      if (entry.startsWith('group:')) return [...set(entry.slice('group:'.length)).ranges()]
      const parsed = parseRange(entry)
      return 'range' in parsed ? [parsed.range] : []
    }),
  )
}

/** What the audit has to speak of, for each setting by which the relay rule permits. */
const NAMED_BY: Readonly<Record<string, string>> = {
  'relay.mode': 'relay.mode',
  'relay.ipGroup': 'relay.ipGroup',
  'relay.popBeforeSmtp.minutes': 'relay.popBeforeSmtp.enabled',
}

test('no verdict lets a stranger relay unless the audit names the way', async () => {
  let relayed = 0
  await fc.assert(
    fc.asyncProperty(settings, session, async (settings, { peer, claims, loginFailed, sincePopMs, suspended }) => {
      const groups = compileGroups(settings.ipGroups, MACHINE)
      fc.pre(!PRIVATE.has(peer) && !MACHINE.includes(peer))
      const isProxy = proxiesOf(settings, groups.set).has(peer)
      const ip = isProxy ? claims : peer
      const membership = (name: string | undefined) => ({
        group: name,
        member: name !== undefined && !suspended && groups.has(name, ip),
      })
      const readers = readersOf({
        destination: () => ({ is: 'external', domain: 'far.example' }),
        relayGroup: () => membership(settings.relay.ipGroup),
        trustGroup: () => membership(settings.trust.ipGroup ?? settings.relay.ipGroup),
        exemptGroup: () => membership(settings.limits.exemptGroup),
        serviceGroup: ({ service }) => membership(settings.services[service].ipGroup),
        sincePopLoginMs: () => sincePopMs,
      })
      const subject: Subject = stranger({
        ip,
        loginFailed,
        helo: 'far.example',
        sender: 'x@far.example',
        recipient: 'y@far.example',
        recipientCount: 0,
        newRecipientCount: 0,
      })
      if ((await judge('connect', subject, readers, settings)).verdict.is !== 'accept') return
      const { verdict, findings } = await judge('recipient', subject, readers, settings)
      if (verdict.is !== 'accept') return
      relayed += 1
      const permits = findings.filter(({ is }) => is === 'permit')
      assert.ok(permits.length > 0, 'accepted without a permission')
      const named = findInSettings(settings, MACHINE).filter(({ is }) => is === 'open' || is === 'note')
      // Who is in the group by a claim alone came by the proxies, and that is to be said.
      const isMember = settings.relay.ipGroup !== undefined && groups.has(settings.relay.ipGroup, peer)
      const ways = permits.map(({ setting = '' }) =>
        setting === 'relay.ipGroup' && !isMember ? 'services.smtp.proxyFrom' : NAMED_BY[setting],
      )
      assert.ok(
        named.some(({ where }) => ways.includes(where)),
        `relayed by ${permits.map(({ saw }) => saw).join('; ')}, and the audit says ${JSON.stringify(named)}`,
      )
    }),
    { numRuns: 1000 },
  )
  // A property of nothing proves nothing.
  assert.ok(relayed > 20, `only ${relayed} strangers relayed`)
})
