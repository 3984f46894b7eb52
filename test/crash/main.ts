/**
 * `npm run test:crash [-- ROUNDS] [--seed N] [--limits N]`: kill the server under load again and again, and count what is lost:
 * nothing. `--limits N`: N rounds of clients that use up their limits meanwhile, instead of the rounds of messages.
 */
import { parseArgs } from 'node:util'
import { fillDisk, smallDiskMissing } from './full-disk.ts'
import { runLimitRounds } from './limit-rounds.ts'
import { type Round, runRounds } from './rounds.ts'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, limits: { type: 'string' } },
})
const rounds = Number(flags.limits ?? positionals[0] ?? 100)
const seed = Number(flags.seed ?? Math.floor(Math.random() * 1e9))
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write('Cannot run: expected npm run test:crash -- [ROUNDS] [--seed NUMBER] [--limits ROUNDS]\n')
  process.exit(1)
}

if (flags.limits !== undefined) await useUpLimits()

const totals = { acknowledged: 0, inFlight: 0, inFlightKept: 0, findings: 0 }
let number = 0
await runRounds({ rounds, seed, done: tell })

const missing = smallDiskMissing()
if (missing === undefined) {
  const full = await fillDisk(seed)
  const others = full.refusals.filter((reply) => !reply.startsWith('452'))
  say(
    `full disk: ${full.acknowledged} acknowledged, then ${full.refusals[0] ?? 'never refused'}; with space again ${full.afterwards}`,
  )
  for (const reply of others) say(`  ! full disk was answered ${reply}`)
  for (const finding of full.findings) say(`  ! ${finding}`)
  totals.findings +=
    full.findings.length + others.length + (full.refusals.length > 0 && full.afterwards.startsWith('250') ? 0 : 1)
} else {
  say(`full disk: skipped, ${missing}`)
}

say(
  `${rounds} rounds, seed ${seed}: ${totals.acknowledged} messages acknowledged, ${totals.inFlight} in flight at a kill ` +
    `(${totals.inFlightKept} of them kept), ${totals.findings} findings`,
)
process.exit(totals.findings === 0 ? 0 : 1)

async function useUpLimits(): Promise<never> {
  let findings = 0
  await runLimitRounds({
    rounds,
    seed,
    done(round) {
      findings += round.findings.length
      say(
        `round (seed ${round.seed}): killed after ${round.afterMs} ms, ${round.answers} guesses answered, ${round.messages} messages taken, ${round.findings.length} findings`,
      )
      for (const finding of round.findings) say(`  ! ${finding}`)
    },
  })
  say(`${rounds} rounds, seed ${seed}: ${findings} findings`)
  process.exit(findings === 0 ? 0 : 1)
}

function tell({ seed: ofRound, afterMs, acknowledged, inFlight, inFlightKept, findings }: Round): void {
  number++
  say(
    `round ${number}/${rounds} (seed ${ofRound}): killed after ${afterMs} ms, ${acknowledged} acknowledged, ${inFlight} in flight, ${findings.length} findings`,
  )
  for (const finding of findings) say(`  ! ${finding}`)
  totals.acknowledged += acknowledged
  totals.inFlight += inFlight
  totals.inFlightKept += inFlightKept
  totals.findings += findings.length
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
