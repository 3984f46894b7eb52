import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '#base/clock.ts'
import { Fault, messageOf } from '#base/fault.ts'
import { LEVELS, type Level, LOGS, type LogName } from './create-events.ts'
import { formatText } from './line-text.ts'
import { LineWriter } from './line-writer.ts'
import { LogFile, type RotationLimits } from './log-file.ts'

/** The settings under `logs`. */
export interface LogOptions extends RotationLimits {
  readonly format: 'text' | 'json'
  readonly level: Level
  readonly console: boolean
}

export interface LogFiles {
  /** Take a batch of whole JSON lines, as `createEvents` makes them. Never throws, never blocks. */
  readonly write: (batch: string) => void
  /** Follow changed settings from the next line on. */
  readonly adopt: (options: LogOptions) => void
  /** Open every file anew by its name, after a log rotator moved them. */
  readonly reopen: () => void
  /** Resolve when all is written and the files are closed; lines that come later are dropped. */
  readonly close: () => Promise<void>
  /** Write what waits on this very call, for a process that is about to die. */
  readonly drainSync: () => void
}

const TROUBLE_EVERY_MS = 60_000

/**
 * Open the logs: `DIR/mail.log`, `security.log`, `config.log`, `error.log`, `operations.log`, each rotated by itself, and the
 * console when the settings ask for it. Throws a Fault when the directory or a file cannot be written.
 */
export function openLogFiles(setup: {
  readonly dir: string
  readonly options: LogOptions
  readonly clock: Clock
  /** The descriptor of the console copy; 1 is standard output. */
  readonly consoleFd?: number
}): LogFiles {
  const { dir, clock } = setup
  let { options } = setup
  const files = openAll(dir, options, clock)
  let console: LineWriter | undefined
  let closed: Promise<void> | undefined
  let saidTroubleAtMs = Number.NEGATIVE_INFINITY

  /** Say on standard error that a log cannot be written: at most once a minute, it is the last place left. */
  function trouble(log: LogName, what: string): void {
    if (clock.monotonicMs() - saidTroubleAtMs < TROUBLE_EVERY_MS) return
    saidTroubleAtMs = clock.monotonicMs()
    process.stderr.write(`Cannot write ${join(dir, `${log}.log`)}: ${what}; is the disk full?\n`)
  }

  function add(log: LogName, lines: string): void {
    const file = files[log]
    try {
      if (!file.add(lines)) {
        trouble(log, 'lines come faster than they can be written, and are dropped')
        return
      }
    } catch (error) {
      trouble(log, messageOf(error))
    }
    const dropped = file.takeDropped()
    if (dropped === 0) return
    const line = {
      level: 'warn',
      time: new Date(clock.nowMs()).toISOString(),
      log,
      event: 'lines-dropped',
      lines: dropped,
    }
    file.add(`${render(JSON.stringify(line), options)}\n`)
  }

  return {
    write(batch) {
      if (closed !== undefined) return
      const batches: Partial<Record<LogName, string>> = {}
      let all = ''
      for (const line of batch.split('\n')) {
        const head = HEAD.exec(line)
        if (head === null || !weighs(head[1], options.level)) continue
        const text = `${render(line, options)}\n`
        const log = head[2] as LogName
        batches[log] = (batches[log] ?? '') + text
        if (options.console) all += text
      }
      for (const [log, lines] of Object.entries(batches)) add(log as LogName, lines)
      if (all !== '') {
        console ??= new LineWriter(setup.consoleFd ?? 1, clock)
        console.add(all)
      }
    },
    adopt(changed) {
      options = changed
      for (const file of Object.values(files)) file.adopt(changed)
    },
    reopen() {
      if (closed !== undefined) return
      for (const [log, file] of Object.entries(files)) {
        try {
          file.reopen()
        } catch (error) {
          trouble(log as LogName, messageOf(error))
        }
      }
    },
    async close() {
      closed ??= Promise.all([...Object.values(files).map((file) => file.close()), console?.drained()]).then(() => {})
      await closed
    },
    drainSync() {
      if (closed !== undefined) return
      for (const file of Object.values(files)) file.drainSync()
      console?.drainSync()
    },
  }
}

/** Every line begins so: which level and which log it is, without reading the rest. */
const HEAD = new RegExp(`^\\{"level":"(${LEVELS.join('|')})","time":"[0-9TZ:.+-]+","log":"(${LOGS.join('|')})"`)

function weighs(level: string | undefined, least: Level): boolean {
  return LEVELS.indexOf(level as Level) >= LEVELS.indexOf(least)
}

function render(line: string, { format }: LogOptions): string {
  return format === 'json' ? line : formatText(line)
}

function openAll(dir: string, options: LogOptions, clock: Clock): Readonly<Record<LogName, LogFile>> {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o750 })
    const opened = LOGS.map((log) => [log, new LogFile(join(dir, `${log}.log`), options, clock)])
    return Object.fromEntries(opened) as Record<LogName, LogFile>
  } catch (error) {
    throw new Fault(`Cannot write logs in ${dir}: ${messageOf(error)}; let this server's user write there`, {
      temporary: false,
      cause: error,
    })
  }
}
