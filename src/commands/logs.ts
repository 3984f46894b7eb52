import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { printable } from '#base/printable.ts'
import { LOGS } from '#events/create-events.ts'
import { formatText } from '#events/line-text.ts'
import { type Answer, type Call, type Command, CommandError } from './command.ts'
import { LogTail } from './log-tail.ts'

const POLL_MS = 500
const MOST_LINE = 20_000

export const LOGS_COMMAND: Command = {
  name: 'logs',
  summary: 'Show the last lines of the logs, and with --follow what comes.',
  takes: [],
  options: {
    log: { value: 'NAME', many: true, about: `One log of ${LOGS.join(', ')}; may be repeated; all when absent.` },
    lines: { value: 'N', about: 'The last N lines, 50 when absent.' },
    follow: { about: 'Go on until Ctrl-C.' },
    format: { value: 'text|json', about: 'text: for people; json: as kept, where the setting logs.format is json.' },
  },
  examples: ['postern logs --log security --follow', 'postern logs --lines 200'],
  run: showLogs,
}

async function showLogs({ api, dataDir, options, terminal }: Call): Promise<Answer | undefined> {
  const count = linesOf(options.text('lines'))
  const format = options.text('format') ?? (options.flag('json') ? 'json' : 'text')
  if (format !== 'text' && format !== 'json') {
    throw new CommandError(`Cannot use --format "${format}": expected text or json`, 2)
  }
  const dir = join(dataDir, 'logs')
  const tails = logsOf(options.texts('log')).map((log) => new LogTail(join(dir, `${log}.log`)))
  await access(dir).catch(() => {
    throw new CommandError(`There are no logs in ${dir}: name the server's data directory with --data DIR`)
  })

  // The logs are read without the server; it is asked only for what it warns of, and need not run.
  await api.get('/api/status').catch(() => undefined)
  const show = (lines: readonly string[]) => {
    if (lines.length > 0) terminal.print(`${lines.map((line) => render(line, format)).join('\n')}\n`)
  }
  try {
    const last = (await Promise.all(tails.map((tail) => tail.last(count)))).flat()
    show(count === 0 ? [] : byTime(last).slice(-count))
    while (options.flag('follow')) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      show(byTime((await Promise.all(tails.map((tail) => tail.added()))).flat()))
    }
  } finally {
    await Promise.all(tails.map((tail) => tail.close()))
  }
  return undefined
}

function linesOf(text: string | undefined): number {
  if (text === undefined) return 50
  if (!/^\d{1,6}$/.test(text)) throw new CommandError(`Cannot use --lines "${text}": expected a whole number`, 2)
  return Number(text)
}

function logsOf(names: readonly string[]): readonly string[] {
  const unknown = names.find((name) => !(LOGS as readonly string[]).includes(name))
  if (unknown !== undefined) throw new CommandError(`There is no log "${unknown}": expected ${LOGS.join(', ')}`, 2)
  return names.length === 0 ? LOGS : names
}

function render(line: string, format: 'text' | 'json'): string {
  const kept = format === 'text' && line.startsWith('{') ? formatText(line) : line
  return printable(kept, MOST_LINE)
}

/** Order lines of several logs by their time; each log keeps its own order. */
function byTime(lines: readonly string[]): readonly string[] {
  return lines
    .map((line) => ({ line, time: timeOf(line) }))
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
    .map(({ line }) => line)
}

function timeOf(line: string): string {
  if (!line.startsWith('{')) return line.slice(0, 24)
  return /"time":"([^"]{1,40})"/.exec(line)?.[1] ?? ''
}
