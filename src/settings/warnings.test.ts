import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseRange } from '#base/network-set.ts'
import { formatProblem, MOST_PROBLEMS } from './problem.ts'
import { buildSettings } from './snapshot.ts'
import { settingsOf } from './testing.ts'
import { warnSettings } from './warnings.ts'

/** Give a group `a` of these entries, used by a service. */
function groupOf(...entries: readonly string[]): string {
  return `ipGroups: { a: ${JSON.stringify(entries)} }\nservices: { pop3: { ipGroup: a } }`
}

const ROWS: readonly [string, string, readonly RegExp[]][] = [
  ['the defaults', '', []],
  [
    'a group of the whole Internet that nothing uses yet',
    'ipGroups: { all: ["0.0.0.0/0"] }',
    [/^ipGroups\.all: No setting uses .* "all"\. It covers the whole IPv4 Internet: no setting that gives a right/],
  ],
  [
    'entries that touch',
    groupOf('10.0.0.0/9', '10.128.0.0/9', '11.0.0.0/8', '2001:db8::/33', '2001:db8:8000::/33'),
    [],
  ],
  [
    'an entry in another',
    groupOf('10.1.0.0/16', '10.0.0.0/8'),
    [/^ipGroups\.a\[0\] \(10\.1\.0\.0\/16\) lies wholly in ipGroups\.a\[1\] \(10\.0\.0\.0\/8\)\.$/],
  ],
  ['the same twice', groupOf('::1', '0:0::1'), [/a\[1\] \(0:0::1\) lies wholly in ipGroups\.a\[0\] \(::1\)/]],
  [
    'the same in two ways of writing',
    groupOf('192.0.2.0/24', '192.0.2.0-192.0.2.255'),
    [/a\[1\].* lies wholly in .*a\[0\]/],
  ],
  [
    'ranges that overlap',
    groupOf('192.0.2.1-192.0.2.9', '192.0.2.9-192.0.2.20'),
    [/a\[1\] .* overlaps ipGroups\.a\[0\]/],
  ],
  [
    'three in one',
    groupOf('10.1.0.0/16', '10.2.0.0/16', '10.0.0.0/8', '10.3.0.0/16'),
    [/a\[0\] .*a\[2\]/, /a\[1\] .*a\[2\]/, /a\[3\] .*a\[2\]/],
  ],
  [
    'one behind a short one',
    groupOf('10.0.0.0/8', '10.0.0.0/16', '10.200.0.0/16'),
    [/a\[1\] .*a\[0\]/, /a\[2\] .*a\[0\]/],
  ],
  ['an IPv4-mapped network', groupOf('::ffff:10.0.0.0/104', '10.1.2.3'), [/a\[1\] \(10\.1\.2\.3\) lies wholly in/]],
  ['a disabled entry', 'ipGroups: { local-clients: ["10.0.0.0/8", { address: "10.1.0.0/16", enabled: false }] }', []],
  ['this machine beside loopback', 'ipGroups: { local-clients: ["127.0.0.0/8", this-machine] }', []],
  [
    'an entry and a group that meet',
    'ipGroups: { local-clients: ["10.0.0.0/8", group:b], b: ["10.1.0.0/16", "10.2.0.0/16", "::1"] }',
    [/local-clients\[1\] \(group:b\) overlaps ipGroups\.local-clients\[0\] \(10\.0\.0\.0\/8\)/],
  ],
  [
    'two groups that meet in a group',
    'ipGroups: { local-clients: [group:b, group:c], b: [group:d], c: ["10.1.0.0/16"], d: ["10.0.0.0/8"] }',
    [/local-clients\[1\] \(group:c\) overlaps ipGroups\.local-clients\[0\] \(group:b\)/],
  ],
  [
    'a warning to the sender that comes too late',
    'queue: { bounceAfter: 1h }',
    [/queue\.warnAfter is 4h and queue\.bounceAfter is 1h/],
  ],
  ['no warning to the sender', 'queue: { warnAfter: null, bounceAfter: 1h }', []],
  [
    'groups that nothing uses',
    'ipGroups: { a: [::1, group:b], b: ["192.0.2.1"], c: ["192.0.2.2"] }\nlimits: { neverBlock: [group:c] }',
    [/uses the IP address group "a"/, /uses the IP address group "b"/],
  ],
]

for (const [name, yaml, says] of ROWS) {
  test(`warnings: ${name}`, () => {
    const warnings = warnSettings(settingsOf(yaml)).map(formatProblem)
    assert.equal(warnings.length, says.length, warnings.join('\n'))
    for (const [index, pattern] of says.entries()) assert.match(warnings[index] ?? '', pattern)
  })
}

test('an entry is warned of just when it meets another', () => {
  const address = fc
    .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 10 }))
    .map(([first, length]) => `192.0.2.${first}-192.0.2.${first + length}`)
  fc.assert(
    fc.property(fc.uniqueArray(address, { maxLength: 12 }), (addresses) => {
      const ranges = addresses.map((text) => {
        const parsed = parseRange(text)
        assert.ok('range' in parsed && parsed.range.family === 4)
        return parsed.range
      })
      const meets = (a: number, b: number) => {
        const [one, other] = [ranges[a], ranges[b]]
        return one !== undefined && other !== undefined && one.first <= other.last && other.first <= one.last
      }
      const met = ranges.some((_, a) => ranges.some((__, b) => a !== b && meets(a, b)))
      const warnings = warnSettings(settingsOf(groupOf(...addresses)))
      assert.equal(warnings.length > 0, met)
      for (const { path, also } of warnings) {
        const [a, b] = [path, also?.[0] ?? ''].map((text) => Number(/\[(\d+)\]/.exec(text)?.[1]))
        assert.ok(meets(a as number, b as number), `${path} and ${also}`)
      }
    }),
    { numRuns: 200 },
  )
})

test('groups that lead in a circle have an end', () => {
  warnSettings(settingsOf('ipGroups: { local-clients: [::1, group:b], b: [group:local-clients, "192.0.2.1"] }'))
})

test('there are never more warnings than can be read, and they are quick', () => {
  const entries = Array.from({ length: 100_000 }, () => ({ address: '10.0.0.0/8', enabled: true }))
  const settings = buildSettings(new Map([['ipGroups.a', entries]]))
  assert.equal(warnSettings(settings).length, MOST_PROBLEMS)
})
