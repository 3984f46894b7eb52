/** Run test files with node:test and show one line a file; failures are shown whole, as they come. */
import { relative } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'
import { ROOT } from './source-files.ts'

export interface Tally {
  passed: number
  failed: number
  /** One line each: the test and the reason. */
  readonly skips: string[]
}

export interface RunOptions {
  /** How many files at a time. */
  readonly concurrency: number
  /** A file that takes longer has hung: it is ended and has failed. */
  readonly fileMs: number
}

/** Run test files and add up their tests (suites are not counted, only what is in them). */
export async function runTests(files: readonly string[], options: RunOptions, tally: Tally): Promise<void> {
  const waiting = [...files]
  async function work(): Promise<void> {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await runFile(file, options, tally)
  }
  await Promise.all(Array.from({ length: options.concurrency }, work))
}

async function runFile(testFile: string, { fileMs }: RunOptions, tally: Tally): Promise<void> {
  const perFile = new Map<string, { passed: number; failed: number; skipped: number }>()
  const countOf = (file: string | undefined) => {
    const key = file ?? 'other'
    const count = perFile.get(key) ?? { passed: 0, failed: 0, skipped: 0 }
    perFile.set(key, count)
    return count
  }

  // The timeout ends a test; the signal ends the process of a file whose sockets or timers outlive its tests.
  const signal = AbortSignal.timeout(fileMs + 5_000)
  const stream = run({ files: [testFile], cwd: ROOT, timeout: fileMs, signal })
  stream.on('test:pass', ({ name, file, skip, todo, details }) => {
    if (details.type === 'suite') return
    const reason = skip ?? todo
    if (reason === undefined || reason === false) {
      countOf(file).passed += 1
      tally.passed += 1
      return
    }
    countOf(file).skipped += 1
    tally.skips.push(
      `${shortPath(file)}: ${name}: ${typeof reason === 'string' && reason !== '' ? reason : 'no reason given'}`,
    )
  })
  stream.on('test:fail', ({ name, file, todo, details }) => {
    if (todo !== undefined && todo !== false) {
      countOf(file).skipped += 1
      tally.skips.push(`${shortPath(file)}: ${name}: to do`)
      return
    }
    // A failure inside is counted there.
    if (failureTypeOf(details.error) === 'subtestsFailed') return
    countOf(file).failed += 1
    tally.failed += 1
    console.log(`  FAILED ${shortPath(file)}: ${name}\n${indent(causeText(details.error))}`)
  })
  stream.on('test:stderr', ({ message }) => process.stdout.write(indent(message)))
  stream.on('test:summary', ({ file, duration_ms: ms }) => {
    if (file === undefined) return
    const { passed, failed, skipped } = countOf(file)
    const parts = [`${passed} passed`, failed > 0 ? `${failed} FAILED` : '', skipped > 0 ? `${skipped} skipped` : '']
    console.log(
      `  ${failed > 0 ? '✗' : '✓'} ${shortPath(file)}: ${parts.filter(Boolean).join(', ')} (${(ms / 1000).toFixed(1)} s)`,
    )
  })
  for await (const _event of stream);
}

function causeText(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return typeof cause === 'string' ? cause : inspect(cause)
}

function failureTypeOf(error: unknown): unknown {
  return error instanceof Error && 'failureType' in error ? error.failureType : undefined
}

function indent(text: string): string {
  return `${text.trimEnd().replace(/^/gm, '    ')}\n`
}

function shortPath(file: string | undefined): string {
  return file === undefined ? '?' : relative(ROOT, file)
}
