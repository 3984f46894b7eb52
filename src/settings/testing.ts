/** For tests: settings out of a short text, and arbitrary ones. */
import fc from 'fast-check'
import { DECLARATIONS } from './declarations.ts'
import type { Kind } from './kinds.ts'
import { type Changes, loadChanges } from './load.ts'
import { formatProblem } from './problem.ts'
import type { Settings } from './schema.ts'
import { buildSettings } from './snapshot.ts'

/** Build settings from YAML that must be right; throws with its problems otherwise. */
export function settingsOf(yaml: string): Settings {
  const loaded = loadChanges(yaml)
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return buildSettings(loaded.changes)
}

/** Values to try for any setting, as the settings file writes them; each kind takes those that suit it. */
const VALUES: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer({ min: 0, max: 100_000 }),
  fc.boolean(),
  fc.constantFrom('unlimited', null, 'open', 'controlled', 'refuse', 'defer', 'observe', 'json', 'debug', 'TLSv1.3'),
  fc.constantFrom(
    'office',
    'a.example',
    'yes',
    '0x10',
    '1e3',
    '~',
    '/etc/key.pem',
    '5s',
    '90s',
    '10m',
    '2d',
    '1MB',
    '70KB',
  ),
  fc.constantFrom([], ['*'], ['[::1]:0'], ['127.0.0.1:2525'], ['group:office', '10.0.0.0/8'], ['fc00::', '::1']),
)

const GROUPS: fc.Arbitrary<unknown> = fc.option(
  fc.array(
    fc.oneof(
      fc.constantFrom('10.0.0.0/8', '::1', 'fc00::', 'this-machine', 'group:office', '192.0.2.1-192.0.2.9'),
      fc.record({ address: fc.ipV4(), enabled: fc.boolean(), description: fc.string() }),
    ),
    { maxLength: 4 },
  ),
)

/** Arbitrary changes, each of a value that its setting takes. */
export const anyChanges: fc.Arbitrary<Changes> = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom(...DECLARATIONS), VALUES), { maxLength: 40 }),
    fc.dictionary(fc.constantFrom('local-clients', 'office', 'a.b', 'constructor'), GROUPS),
  )
  .map(([settings, groups]) => {
    const changes = new Map<string, unknown>()
    const take = (path: string, kind: Pick<Kind<unknown>, 'parse'>, value: unknown) => {
      const parsed = kind.parse(value)
      if (parsed.ok) changes.set(path, parsed.value)
    }
    for (const [[path, kind], value] of settings) if (kind.entry === undefined) take(path, kind, value)
    const names = DECLARATIONS.get('ipGroups')?.entry as Pick<Kind<unknown>, 'parse'>
    for (const [name, value] of Object.entries(groups)) {
      if (value === null) changes.set(`ipGroups.${name}`, undefined)
      else take(`ipGroups.${name}`, names, value)
    }
    return changes
  })
