import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DECLARATIONS } from './declarations.ts'
import { loadChanges } from './load.ts'
import {
  buildSettings,
  changesOf,
  defaultSettings,
  diffSettings,
  exportYaml,
  getPath,
  oneLine,
  withChanges,
} from './snapshot.ts'
import { anyChanges, settingsOf } from './testing.ts'

function reload(yaml: string) {
  const loaded = loadChanges(yaml)
  assert.ok(loaded.ok, yaml)
  return buildSettings(loaded.changes)
}

test('an export reads back as the same settings, whole or changed, with comments or without', () => {
  fc.assert(
    fc.property(anyChanges, fc.boolean(), (changes, comments) => {
      const settings = buildSettings(changes)
      for (const what of ['all', 'changed'] as const) {
        const yaml = exportYaml(settings, { what, comments })
        assert.deepEqual(diffSettings(settings, reload(yaml)), [], yaml)
      }
    }),
    { numRuns: 150 },
  )
})

test('settings are what they were built from', () => {
  fc.assert(
    fc.property(anyChanges, anyChanges, (first, second) => {
      const settings = buildSettings(first)
      assert.deepEqual(buildSettings(changesOf(settings)), settings)
      const both = withChanges(settings, second)
      assert.deepEqual(both, buildSettings(new Map([...first, ...second])))
      // Taking over what differs makes the other.
      const differing = diffSettings(settings, both).map(({ path }) => path)
      for (const path of differing) assert.ok(second.has(path), path)
    }),
    { numRuns: 150 },
  )
})

test('the defaults are no change', () => {
  assert.equal(exportYaml(defaultSettings(), { what: 'changed' }), '')
  assert.deepEqual([...changesOf(defaultSettings())], [])
  assert.deepEqual(reload(exportYaml(defaultSettings(), { what: 'all' })), defaultSettings())
})

test('a changed export names only what differs, in the order of the schema', () => {
  const settings = settingsOf(
    'session: { maxHops: 7, maxRecipients: 100 }\nserver: { hostname: a.example }\nipGroups: { local-clients: null }',
  )
  assert.equal(
    exportYaml(settings, { what: 'changed' }),
    'server:\n  hostname: a.example\nipGroups:\n  local-clients: null\nsession:\n  maxHops: 7\n',
  )
})

test('the example explains every setting', () => {
  const yaml = exportYaml(defaultSettings(), { what: 'all', comments: true })
  for (const kind of DECLARATIONS.values()) {
    assert.ok(yaml.includes(`# ${kind.about}\n`), kind.about)
    assert.ok(yaml.includes(`# Accepts ${kind.accepts}.\n`), kind.accepts)
  }
})

test('settings are frozen plain data that crosses threads', () => {
  const settings = settingsOf('ipGroups: { office: [{ address: ::1, description: x }] }')
  assert.throws(() => Object.assign(settings.session, { maxHops: 1 }), TypeError)
  assert.throws(() => Object.assign(settings.ipGroups, { x: [] }), TypeError)
  assert.throws(() => Object.assign(settings.ipGroups.office?.[0] ?? {}, { address: 'x' }), TypeError)
  assert.deepEqual(diffSettings(settings, structuredClone(settings)), [])
})

test('a value is given as the file writes it', () => {
  const settings = settingsOf('session: { commandTimeout: 90s }\nipGroups: { office: [::1] }')
  assert.deepEqual(getPath(settings, 'session.commandTimeout'), { value: '90s' })
  assert.deepEqual(getPath(settings, 'server.hostname'), { value: null })
  assert.deepEqual(getPath(settings, 'relay.popBeforeSmtp'), { value: { enabled: false, minutes: 10 } })
  assert.deepEqual(getPath(settings, 'ledger'), { value: { memory: '64MB' } })
  assert.deepEqual(getPath(settings, 'ipGroups.office'), { value: ['::1'] })
  for (const path of ['x', 'ipGroups.constructor', 'ipGroups.x', '__proto__', 'session.maxHops.x']) {
    assert.equal(getPath(settings, path), undefined, path)
  }
})

test('a difference stands on one line, both sides as the file writes them', () => {
  const changed = settingsOf(
    'session: { commandTimeout: 90s }\nipGroups: { local-clients: null, a: ["10.0.0.0/8", { address: "::1", enabled: false }] }\ndns: { servers: [a.example] }',
  )
  assert.deepEqual(diffSettings(defaultSettings(), changed), [
    { path: 'dns.servers', from: '[]', to: '[a.example]' },
    {
      path: 'ipGroups.local-clients',
      from: '[10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 127.0.0.0/8, fc00::/7, ::1]',
      to: undefined,
    },
    { path: 'ipGroups.a', from: undefined, to: '[10.0.0.0/8, {address: ::1, enabled: false}]' },
    { path: 'session.commandTimeout', from: '5m', to: '90s' },
  ])
})

test('a long list is written on one line as a short one is', () => {
  const entries = ['10.0.0.0/8', '192.0.2.1', '192.0.2.0/255.255.255.0', '192.0.2.1-192.0.2.9', '192.0.2.1 - 192.0.2.9']
  for (const entry of [...entries, '::1', 'this-machine', '1.2']) {
    const [short, long] = [[entry, '1.2.3.4'], Array.from({ length: 200 }, () => [entry, '1.2.3.4']).flat()]
    const inner = oneLine(short)?.slice(1, -1)
    assert.equal(oneLine(long), `[${Array.from({ length: 200 }, () => inner).join(', ')}]`)
  }
})
