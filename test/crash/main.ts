/**
 * `npm run test:crash [-- ROUNDS] [--seed N] [--limits N] [--outward N]`: kill the server under load again and again, and count what is lost:
 * nothing. `--limits N`: N rounds of clients that use up their limits meanwhile, instead of the rounds of messages.
 * `--outward N`: N rounds of mail that goes out through it to another server, instead of both.
 */
import { parseArgs } from 'node:util'
import { fillDisk, smallDiskMissing } from './full-disk.ts'
import { runLimitRounds } from './limit-rounds.ts'
import { fillDiskOutward } from './outward-full-disk.ts'
import { runOutwardRounds } from './outward-rounds.ts'
import { type Round, runRounds } from './rounds.ts'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, limits: { type: 'string' }, outward: { type: 'string' } },
})
const rounds = Number(flags.limits ?? flags.outward ?? positionals[0] ?? 100)
const seed = Number(flags.seed ?? Math.floor(Math.random() * 1e9))
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write(
    'Cannot run: expected npm run test:crash -- [ROUNDS] [--seed NUMBER] [--limits ROUNDS | --outward ROUNDS]\n',
  )
  process.exit(1)
}

if (flags.limits !== undefined) await useUpLimits()
if (flags.outward !== undefined) await sendOut()

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

async function sendOut(): Promise<never> {
  const sums = { acknowledged: 0, repeated: 0, findings: 0 }
  await runOutwardRounds({
    rounds,
    seed,
    done(round) {
      sums.acknowledged += round.acknowledged
      sums.repeated += round.repeated
      sums.findings += round.findings.length
      say(
        `round (seed ${round.seed}): ${round.signals.join(' and ')} after ${round.afterMs} ms each, ${round.acknowledged} acknowledged, ` +
          `${round.waited} waited at the end, ${round.arrived} deliveries, ${round.repeated} transactions repeated, ${round.findings.length} findings`,
      )
      for (const finding of round.findings) say(`  ! ${finding}`)
    },
  })
  const noDisk = smallDiskMissing()
  if (noDisk === undefined) {
    const full = await fillDiskOutward(seed)
    sums.findings += full.findings.length
    say(
      `full disk: ${full.acknowledged} acknowledged, ${full.refused} refused; ${full.arrivedWhenFull} went out while it was full, ${full.arrived} in all`,
    )
    for (const finding of full.findings) say(`  ! ${finding}`)
  } else say(`full disk: skipped, ${noDisk}`)
  say(
    `${rounds} rounds, seed ${seed}: ${sums.acknowledged} messages acknowledged, ${sums.repeated} transactions repeated after a kill, ${sums.findings} findings`,
  )
  process.exit(sums.findings === 0 ? 0 : 1)
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
