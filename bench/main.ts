/** `npm run bench [-- SCENARIO…] [--repetitions N] [--quick]`: measure Postern beside its peers, print a table, keep the figures. */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installNpmPeers } from '../tools/npm-peers.ts'
import { ROOT } from './peers/peer.ts'
import type { Outcome, Scenario } from './scenario.ts'
import { badDomains } from './scenarios/bad-domains.ts'
import { blocked } from './scenarios/blocked.ts'
import { idle } from './scenarios/idle.ts'
import { inbound } from './scenarios/inbound.ts'
import { policy } from './scenarios/policy.ts'
import { pop3 } from './scenarios/pop3.ts'
import { queue } from './scenarios/queue.ts'
import { refuse } from './scenarios/refuse.ts'
import { relay } from './scenarios/relay.ts'
import { formatNumber, formatTable } from './statistics.ts'

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  inbound,
  relay,
  'bad-domains': badDomains,
  queue,
  refuse,
  blocked,
  idle,
  pop3,
  policy,
}
const RESULTS = join(ROOT, 'bench/results.json')

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { repetitions: { type: 'string', default: '5' }, quick: { type: 'boolean', default: false } },
})
const unknown = positionals.find((name) => !Object.hasOwn(SCENARIOS, name))
if (unknown !== undefined)
  fail(`Cannot run scenario "${unknown}": expected one of ${Object.keys(SCENARIOS).join(', ')}`)
const repetitions = Number(flags.repetitions)
if (!Number.isInteger(repetitions) || repetitions < 1)
  fail(`Cannot repeat "${flags.repetitions}" times: expected 1 or more`)
if (process.platform !== 'linux' || process.getuid?.() !== 0)
  fail('Cannot run the bench: its peers (Postfix, Dovecot) need Linux and root')

const problem = installNpmPeers(say)
if (problem !== undefined) fail(problem)
const machine = {
  processor: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
  memoryGib: Math.round(totalmem() / 1024 ** 3),
  kernel: release(),
  node: process.version,
}
say(
  `Machine: ${machine.processor}, ${machine.memoryGib} GiB, Linux ${machine.kernel}, Node ${machine.node}; the load runs on it too`,
)

const outcomes: Outcome[] = []
for (const name of positionals.length > 0 ? positionals : Object.keys(SCENARIOS)) {
  say(`\n${name}`)
  outcomes.push(await (SCENARIOS[name] as Scenario)({ repetitions, quick: flags.quick, say }))
}
for (const outcome of outcomes) print(outcome)
if (!flags.quick) {
  // A run of one scenario leaves the figures of the others as they were.
  const results = { ...earlierResults() }
  for (const outcome of outcomes)
    results[outcome.scenario] = { at: new Date().toISOString(), machine, repetitions, ...outcome }
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`)
  say(`\nWritten to ${RESULTS}`)
}

function earlierResults(): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(RESULTS, 'utf8')) as Record<string, unknown>
  } catch {
    return {}
  }
}

function print({ scenario, figures, bars, notes }: Outcome): void {
  say(`\n== ${scenario} (medians; noise is the distance of the extremes)\n`)
  say(
    formatTable(
      ['what', 'who', 'runs', 'median', 'noise'],
      figures.map(({ what, who, values, median, spread }) => [
        what,
        who,
        String(values.length),
        formatNumber(median),
        `${Math.round(spread * 100)} %`,
      ]),
    ),
  )
  if (bars.length > 0) {
    say('')
    say(
      formatTable(
        ['bar', 'wanted', 'reached', ''],
        bars.map(({ what, wanted, reached, met }) => [what, wanted, formatNumber(reached), met ? 'met' : 'NOT MET']),
      ),
    )
  }
  for (const note of notes) say(`* ${note}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
