/**
 * `npm test`: set up what the tests need, run every check and test, and end with the count. `--quick` (`npm run ok`) leaves
 * out what takes long or needs Debian packages: crash rounds, real clients, the README's commands.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  CLIENT_PACKAGES,
  hasApt,
  installPackages,
  missingPackages,
  PEER_PACKAGES,
  unpackPeer,
} from './debian-packages.ts'
import { installNpmPeers } from './npm-peers.ts'
import { runTests, type Tally } from './run-tests.ts'
import { ROOT } from './source-files.ts'

const BIN = join(ROOT, 'node_modules/.bin')

/** Short programs that end with 0 or say what is wrong; each counts as one test. */
const CHECKS: readonly (readonly [name: string, program: string, ...args: string[]])[] = [
  ['types', join(BIN, 'tsc'), '--noEmit'],
  ['lint and format', join(BIN, 'biome'), 'check', '.'],
  ['imports', process.execPath, 'tools/check-imports.ts'],
  ['documented exports', process.execPath, 'tools/check-exports.ts'],
  ['references to RFCs', process.execPath, 'tools/check-rfc.ts'],
  ['settings reference is fresh', process.execPath, 'tools/generate-settings-reference.ts', '--check'],
  ['rules reference is fresh', process.execPath, 'tools/generate-rules-reference.ts', '--check'],
]

/** Tests that need minutes, root or other people's programs, in the order they run. */
const SLOW = [
  'test/readme.test.ts',
  'test/self-proof.test.ts',
  'test/attacks.test.ts',
  'test/trust.test.ts',
  'test/peers/**/*.test.ts',
  'test/crash/**/*.test.ts',
]

const quick = process.argv.includes('--quick')
const say = (line: string) => console.log(line)
const tally: Tally = { passed: 0, failed: 0, skips: [] }
// The tests and what they start find the pinned Node, whichever Node npm runs on.
process.env.PATH = `${dirname(process.execPath)}:${process.env.PATH}`

if (!quick) prepareMachine()

say('\nChecks')
for (const [name, program, ...args] of CHECKS) check(name, program, args)

const slow = SLOW.map((pattern) => globSync(pattern, { cwd: ROOT }).sort())
const fast = globSync(['src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts', 'bench/*.test.ts'], { cwd: ROOT })
say('\nTests')
await runTests(
  absolute(fast.filter((file) => !slow.flat().includes(file)).sort()),
  { concurrency: 2, fileMs: 120_000 },
  tally,
)
if (!quick) {
  say('\nThe whole server: the first hour of the README, each rule fired, attacks, real clients, crashes')
  for (const files of slow) await runTests(absolute(files), { concurrency: 1, fileMs: 900_000 }, tally)
}

if (tally.skips.length > 0) say('\nSkipped')
for (const skip of tally.skips) say(`  - ${skip}`)
say(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skips.length} skipped`)
process.exit(tally.failed === 0 ? 0 : 1)

function check(name: string, program: string, args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status === 0) {
    tally.passed += 1
    say(`  ✓ ${name}`)
    return
  }
  tally.failed += 1
  say(`  ✗ ${name}\n${error?.message ?? `${stdout}${stderr}`.trimEnd()}`)
}

/** Install or unpack what the real clients' tests need; a test whose program is still missing skips itself and says so. */
function prepareMachine(): void {
  if (!hasApt()) {
    say('This is no Debian: the tests of real clients run where their programs are installed.')
    return
  }
  const missing = missingPackages(CLIENT_PACKAGES)
  if (missing.length > 0 && process.getuid?.() === 0) {
    const problem = installPackages(missing, say)
    if (problem !== undefined) say(`Cannot install them (${problem}): the tests that need them are skipped.`)
  } else if (missing.length > 0) {
    say(`Not root, so these Debian packages stay missing and their tests are skipped: ${missing.join(' ')}`)
  }
  for (const name of PEER_PACKAGES) {
    const peer = unpackPeer(name, say)
    if ('problem' in peer) say(`${peer.problem}: the tests that need it are skipped.`)
  }
  const problem = installNpmPeers(say)
  if (problem !== undefined) say(`${problem}: the tests that need them are skipped.`)
}

function absolute(files: readonly string[]): readonly string[] {
  return files.map((file) => join(ROOT, file)).filter((file) => existsSync(file))
}
