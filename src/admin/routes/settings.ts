import { stringify } from 'yaml'
import type { Applied } from '#settings/keeper.ts'
import { loadSetting } from '#settings/load.ts'
import { formatProblem, type Problem as SettingsProblem } from '#settings/problem.ts'
import { type Difference, exportYaml, getPath, oneLine } from '#settings/snapshot.ts'
import type { SettingChange, SettingsDocument, SettingsSaved, SettingsVersionInfo, SettingValue } from '../api.ts'
import { Problem } from '../problem.ts'
import { object, type Route, textUpTo } from '../route.ts'

/** Room for groups of 100,000 networks, as JSON. */
const MOST_YAML_BYTES = 16 * 1024 * 1024

const PATH = textUpTo(200)
const YAML = { type: 'string' } as const

/** Say what is wrong with settings as an answer: a line a problem. */
export function refused(problems: readonly SettingsProblem[]): Problem {
  return new Problem(400, problems.map(formatProblem).join('\n'))
}

/** Give what a change did, or throw what was wrong with it. */
export function savedOf(applied: Applied): SettingsSaved {
  if (!applied.ok) throw refused(applied.problems)
  return { version: applied.version, changes: applied.differences.map(changeOf) }
}

function changeOf({ path, from, to }: Difference): SettingChange {
  return { path, from: from ?? '-', to: to ?? '-' }
}

export const SETTINGS_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/settings',
    query: object({ all: { type: 'boolean' } }),
    async run({ query }, { settings }): Promise<SettingsDocument> {
      const { version, settings: current } = settings.current()
      const all = query.all === true
      const yaml = exportYaml(current, { what: all ? 'all' : 'changed', comments: all })
      return { version, yaml: yaml === '' ? '# Every setting has its default.\n' : yaml }
    },
  },
  {
    method: 'GET',
    path: '/api/settings/value',
    query: object({ path: PATH }),
    async run({ query }, { settings }): Promise<SettingValue> {
      const path = typeof query.path === 'string' ? query.path : ''
      const found = getPath(settings.current().settings, path)
      if (found === undefined) throw noSuchSetting(path)
      const { value } = found
      const branch = typeof value === 'object' && value !== null && !Array.isArray(value)
      return { path, value, yaml: (branch ? stringify(value, { lineWidth: 0 }) : oneLine(value)) ?? '' }
    },
  },
  {
    method: 'PUT',
    path: '/api/settings/value',
    body: object({ path: PATH, value: YAML }, ['path', 'value']),
    mostBytes: MOST_YAML_BYTES,
    async run({ body, author }, { settings }): Promise<SettingsSaved> {
      const { path, value } = body as { path: string; value: string }
      return savedOf(await settings.set(path, value, author))
    },
  },
  {
    method: 'POST',
    path: '/api/settings/diff',
    body: object({ yaml: YAML, mode: { enum: ['merge', 'replace'] } }, ['yaml']),
    mostBytes: MOST_YAML_BYTES,
    async run({ body }, { settings }): Promise<readonly SettingChange[]> {
      const { yaml, mode = 'merge' } = body as { yaml: string; mode?: 'merge' | 'replace' }
      const preview = settings.diffAgainst(yaml, mode)
      if (!preview.ok) throw refused(preview.problems)
      return preview.differences.map(changeOf)
    },
  },
  {
    method: 'POST',
    path: '/api/settings/apply',
    body: object({ yaml: YAML, mode: { enum: ['merge', 'replace'] }, comment: textUpTo(500) }, ['yaml']),
    mostBytes: MOST_YAML_BYTES,
    async run({ body, author }, { settings }): Promise<SettingsSaved> {
      const { yaml, mode = 'merge', comment } = body as { yaml: string; mode?: 'merge' | 'replace'; comment?: string }
      return savedOf(await settings.apply(yaml, { author, mode, comment: comment ?? '' }))
    },
  },
  {
    method: 'GET',
    path: '/api/settings/history',
    query: object({ limit: { type: 'integer', minimum: 1, maximum: 10_000 } }),
    async run({ query }, { settings }): Promise<readonly SettingsVersionInfo[]> {
      const versions = await settings.history(typeof query.limit === 'number' ? query.limit : 100)
      return versions.map(({ version, atMs, author, comment }) => ({
        version,
        at: new Date(atMs).toISOString(),
        author,
        comment,
      }))
    },
  },
  {
    method: 'POST',
    path: '/api/settings/rollback',
    body: object({ version: { type: 'integer', minimum: 0 } }, ['version']),
    async run({ body, author }, { settings }): Promise<SettingsSaved> {
      return savedOf(await settings.rollback((body as { version: number }).version, author))
    },
  },
]

/** The loader knows which setting was probably meant. */
function noSuchSetting(path: string): Problem {
  const loaded = loadSetting(path, '')
  const says = loaded.ok ? undefined : loaded.problems[0]?.says
  return new Problem(404, says ?? `There is no setting ${JSON.stringify(path)}`)
}
