import type {
  SettingChange,
  SettingsDiff,
  SettingsDocument,
  SettingsSaved,
  SettingsVersionInfo,
  SettingValue,
} from '#admin/api.ts'
import { formatTable } from '#base/table.ts'
import { type Answer, type Command, CommandError } from './command.ts'
import { CONFIRM_OPTION, confirmedBy } from './confirm.ts'
import { readTextFile } from './files.ts'

const MOST_BYTES = 4 * 1024 * 1024

function changesText(changes: readonly SettingChange[]): string {
  return formatTable(
    ['SETTING', 'FROM', 'TO'],
    changes.map(({ path, from, to }) => [path, from, to]),
  )
}

const WHEN: Readonly<Record<string, string>> = {
  'next connection': 'from the next connection on',
  'next message': 'from the next message on',
  'next start': 'from the next start of the server on',
}

/** Say since when changes are felt: one sentence, or a line for each that has to wait. */
function effectOf(changes: readonly SettingChange[]): string {
  const waiting = changes.filter(({ applies }) => applies in WHEN)
  if (waiting.length === 0) return 'in effect now.'
  const line = ({ path, applies }: SettingChange) => `${path} counts ${WHEN[applies]}.`
  if (changes.length === 1) return waiting.map(line).join('')
  return ['in effect now, but:', ...waiting.map((change) => `  ${line(change)}`)].join('\n')
}

function savedAnswer(saved: SettingsSaved): Answer {
  const text =
    saved.changes.length === 0
      ? `Nothing to change: the settings are so already (version ${saved.version}).`
      : `${changesText(saved.changes)}\n\nSaved as version ${saved.version}; ${effectOf(saved.changes)}`
  return { data: saved, text, warnings: saved.warnings }
}

export const SETTINGS_COMMANDS: readonly Command[] = [
  {
    name: 'settings get',
    summary: 'Show a setting, or all settings under a path.',
    takes: ['[PATH]'],
    options: {},
    examples: ['postern settings get session.maxMessageSize', 'postern settings get relay'],
    async run({ api, args: [path] }) {
      const value = await api.get<SettingValue>('/api/settings/value', { path })
      return { data: value, text: value.yaml.trimEnd() }
    },
  },
  {
    name: 'settings set',
    summary: 'Change one setting of the running server.',
    takes: ['PATH', 'VALUE'],
    options: CONFIRM_OPTION,
    about:
      'VALUE is written as in the settings file: 25MB, 10m, true, unlimited, null, or a list such as "[127.0.0.1, ::1]".',
    examples: ['postern settings set session.maxMessageSize 50MB', 'postern settings set services.pop3.listen "[]"'],
    async run({ api, args: [path = '', value = ''], options }) {
      const body = { path, value, ...confirmedBy(options) }
      return savedAnswer(await api.send<SettingsSaved>('PUT', '/api/settings/value', body))
    },
  },
  {
    name: 'settings export',
    summary: 'Print the settings that differ from the defaults, as YAML.',
    takes: [],
    options: { all: { about: 'The defaults too, each with its meaning.' } },
    examples: ['postern settings export > settings.yaml', 'postern settings export --all'],
    async run({ api, options }) {
      const document = await api.get<SettingsDocument>('/api/settings', { all: options.flag('all') })
      return { data: document, text: document.yaml.trimEnd() }
    },
  },
  {
    name: 'settings diff',
    summary: 'Show what applying a file would change.',
    takes: ['FILE'],
    options: {},
    examples: ['postern settings diff settings.yaml'],
    async run(call) {
      const yaml = await readTextFile(call.args[0] ?? '', call, MOST_BYTES)
      const { changes, warnings } = await call.api.send<SettingsDiff>('POST', '/api/settings/diff', { yaml })
      return { data: changes, text: changes.length === 0 ? 'No difference.' : changesText(changes), warnings }
    },
  },
  {
    name: 'settings apply',
    summary: 'Apply a file of settings: what it names is set, the rest stays.',
    takes: ['FILE'],
    options: {
      replace: { about: 'What the file does not name goes back to its default.' },
      comment: { value: 'TEXT', about: 'Why, for the history.' },
      ...CONFIRM_OPTION,
    },
    about:
      'Before anything changes the file is audited: what would let strangers relay is refused (see: postern audit).',
    examples: ['postern settings apply settings.yaml --comment "larger mails"'],
    async run(call) {
      const yaml = await readTextFile(call.args[0] ?? '', call, MOST_BYTES)
      const mode = call.options.flag('replace') ? 'replace' : 'merge'
      const body = { yaml, mode, comment: call.options.text('comment') ?? '', ...confirmedBy(call.options) }
      return savedAnswer(await call.api.send<SettingsSaved>('POST', '/api/settings/apply', body))
    },
  },
  {
    name: 'settings history',
    summary: 'List the versions of the settings, newest first.',
    takes: [],
    options: {},
    examples: ['postern settings history'],
    async run({ api }) {
      const versions = await api.get<SettingsVersionInfo[]>('/api/settings/history')
      const rows = versions.map(({ version, at, author, comment }) => [String(version), at, author, comment])
      const text = rows.length === 0 ? 'No version yet: all settings are the defaults.' : ''
      return { data: versions, text: text || formatTable(['VERSION', 'WHEN', 'WHO', 'COMMENT'], rows) }
    },
  },
  {
    name: 'settings rollback',
    summary: 'Bring back an older version of the settings, as a new version.',
    takes: ['N'],
    options: CONFIRM_OPTION,
    examples: ['postern settings rollback 3'],
    async run({ api, args: [text = ''], options }) {
      const version = Number(text)
      if (!/^\d{1,9}$/.test(text)) {
        throw new CommandError(`"${text}" is no version number. List them with: postern settings history`, 2)
      }
      return savedAnswer(
        await api.send<SettingsSaved>('POST', '/api/settings/rollback', { version, ...confirmedBy(options) }),
      )
    },
  },
]
