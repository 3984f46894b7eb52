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

async function runFile(file: string, { fileMs }: RunOptions, tally: Tally): Promise<void> {
  const path = relative(ROOT, file)
  const startedMs = performance.now()
  let passed = 0
  let failed = 0
  let skipped = 0

  // The timeout ends a test; the signal ends the process of a file whose sockets or timers outlive its tests.
  const stream = run({ files: [file], cwd: ROOT, timeout: fileMs, signal: AbortSignal.timeout(fileMs + 5_000) })
  stream.on('test:pass', ({ name, skip, todo, details }) => {
    if (details.type === 'suite') return
    const reason = skip ?? todo
    if (reason === undefined || reason === false) passed += 1
    else {
      skipped += 1
      tally.skips.push(`${path}: ${name}: ${reason === true || reason === '' ? 'no reason given' : reason}`)
    }
  })
  stream.on('test:fail', ({ name, details }) => {
    // A failure inside is counted there.
    if (failureTypeOf(details.error) === 'subtestsFailed') return
    failed += 1
    console.log(`  FAILED ${path}: ${name}\n${indent(causeText(details.error))}`)
  })
  stream.on('test:stderr', ({ message }) => process.stdout.write(indent(message)))
  for await (const _event of stream);

  tally.passed += passed
  tally.failed += failed
  const parts = [`${passed} passed`, failed > 0 ? `${failed} FAILED` : '', skipped > 0 ? `${skipped} skipped` : '']
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(`  ${failed > 0 ? '✗' : '✓'} ${path}: ${parts.filter(Boolean).join(', ')} (${seconds} s)`)
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
