import { stringify } from 'yaml'
import { Fault } from '#base/fault.ts'
import type { Applied } from '#settings/keeper.ts'
import { loadSetting } from '#settings/load.ts'
import { formatProblem, type Problem as SettingsProblem } from '#settings/problem.ts'
import { type Difference, exportYaml, getPath, oneLine } from '#settings/snapshot.ts'
import type { SettingChange, SettingsDocument, SettingsSaved, SettingsVersionInfo, SettingValue } from '../api.ts'
import type { AdminParts } from '../parts.ts'
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

/**
 * Change the settings, and give what that did. A change that cannot take effect (a port that is taken, a certificate that is
 * missing) is taken back: the server must be able to start with what is kept.
 */
export async function change(
  { settings }: Pick<AdminParts, 'settings'>,
  author: string,
  run: () => Promise<Applied>,
): Promise<SettingsSaved> {
  const before = settings.current().version
  try {
    const applied = await run()
    if (!applied.ok) throw refused(applied.problems)
    return { version: applied.version, changes: applied.differences.map(changeOf) }
  } catch (error) {
    if (!(error instanceof Fault) || settings.current().version === before) throw error
    await settings.rollback(before, author)
    throw new Problem(409, `${error.message}. The change was taken back`)
  }
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
    async run({ body, author }, parts): Promise<SettingsSaved> {
      const { path, value } = body as { path: string; value: string }
      return change(parts, author, () => parts.settings.set(path, value, author))
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
    async run({ body, author }, parts): Promise<SettingsSaved> {
      const { yaml, mode = 'merge', comment } = body as { yaml: string; mode?: 'merge' | 'replace'; comment?: string }
      const options = { author, mode, comment: comment ?? '' }
      return change(parts, author, () => parts.settings.apply(yaml, options))
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
    async run({ body, author }, parts): Promise<SettingsSaved> {
      const { version } = body as { version: number }
      return change(parts, author, () => parts.settings.rollback(version, author))
    },
  },
]

/** The loader knows which setting was probably meant. */
function noSuchSetting(path: string): Problem {
  const loaded = loadSetting(path, '')
  const says = loaded.ok ? undefined : loaded.problems[0]?.says
  return new Problem(404, says ?? `There is no setting ${JSON.stringify(path)}`)
}
