import { stringify } from 'yaml'
import { loadSetting } from '#settings/load.ts'
import { formatProblem } from '#settings/problem.ts'
import { exportYaml, getPath, oneLine } from '#settings/snapshot.ts'
import type {
  Confirmable,
  SettingsDiff,
  SettingsDocument,
  SettingsSaved,
  SettingsVersionInfo,
  SettingValue,
} from '../api.ts'
import { changeOf, changeSettings, refused } from '../change-settings.ts'
import { Problem } from '../problem.ts'
import { object, type Route, textUpTo } from '../route.ts'

/** Room for groups of 100,000 networks, as JSON. */
const MOST_YAML_BYTES = 16 * 1024 * 1024

const PATH = textUpTo(200)
const YAML = { type: 'string' } as const
const CONFIRMED = { type: 'boolean' } as const

type Mode = 'merge' | 'replace'

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
    body: object({ path: PATH, value: YAML, confirmed: CONFIRMED }, ['path', 'value']),
    mostBytes: MOST_YAML_BYTES,
    async run(asked, parts): Promise<SettingsSaved> {
      const { path, value, confirmed } = asked.body as { path: string; value: string } & Confirmable
      return changeSettings(parts, asked, confirmed, (options) => parts.settings.set(path, value, options))
    },
  },
  {
    method: 'POST',
    path: '/api/settings/diff',
    body: object({ yaml: YAML, mode: { enum: ['merge', 'replace'] } }, ['yaml']),
    mostBytes: MOST_YAML_BYTES,
    async run({ body }, { settings }): Promise<SettingsDiff> {
      const { yaml, mode = 'merge' } = body as { yaml: string; mode?: Mode }
      const preview = settings.diffAgainst(yaml, mode)
      if (!preview.ok) throw refused(preview.problems)
      return { changes: preview.differences.map(changeOf), warnings: preview.warnings.map(formatProblem) }
    },
  },
  {
    method: 'POST',
    path: '/api/settings/apply',
    body: object({ yaml: YAML, mode: { enum: ['merge', 'replace'] }, comment: textUpTo(500), confirmed: CONFIRMED }, [
      'yaml',
    ]),
    mostBytes: MOST_YAML_BYTES,
    async run(asked, parts): Promise<SettingsSaved> {
      const { yaml, mode = 'merge', comment = '', confirmed } = asked.body as ApplyBody
      return changeSettings(parts, asked, confirmed, (options) =>
        parts.settings.apply(yaml, { ...options, mode, comment }),
      )
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
    body: object({ version: { type: 'integer', minimum: 0 }, confirmed: CONFIRMED }, ['version']),
    async run(asked, parts): Promise<SettingsSaved> {
      const { version, confirmed } = asked.body as { version: number } & Confirmable
      return changeSettings(parts, asked, confirmed, (options) => parts.settings.rollback(version, options))
    },
  },
]

interface ApplyBody extends Confirmable {
  readonly yaml: string
  readonly mode?: Mode
  readonly comment?: string
}

/** The loader knows which setting was probably meant. */
function noSuchSetting(path: string): Problem {
  const loaded = loadSetting(path, '')
  const says = loaded.ok ? undefined : loaded.problems[0]?.says
  const known = says ?? `There is no setting ${JSON.stringify(path)}.`
  return new Problem(404, known.endsWith('?') ? known : `${known} See: postern settings export --all`)
}
