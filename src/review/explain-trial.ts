import { printable } from '#base/printable.ts'
import { EVIDENCE } from '#gate/evidence.ts'
import type { Sentence } from '#gate/record.ts'
import { formatDuration } from '#settings/kinds.ts'
import type { Counted, Hypothetical, Trial } from './try.ts'
import { formatFindings, formatPlainly, formatRule, STAGE_WORDS } from './wording.ts'

const OUTCOMES: Readonly<Record<Trial['outcome'], string>> = {
  accepted: 'The message would be accepted.',
  partly: 'The message would be accepted for some of its recipients only.',
  refused: 'The message would be refused.',
  deferred: 'The message would be put off: the sender may try again later.',
  discarded: 'The message would be taken and thrown away: its sender would be told that it was accepted.',
}

/** Write a trial for an administrator: the outcome, what each rule saw and decided, and what the client would be told. */
export function explainTrial(asked: Hypothetical, trial: Trial): string {
  const encrypted = asked.tls || asked.service === 'submissions'
  const who = asked.user === undefined ? 'not logged in' : `logged in as ${printable(asked.user)}`
  const lines = [
    OUTCOMES[trial.outcome],
    '',
    `${printable(asked.ip)} on the service ${asked.service}, ${encrypted ? 'encrypted (TLS)' : 'not encrypted'}, ${who}, would be told:`,
  ]
  for (const { stage, of, reply } of trial.stages) {
    if (reply !== undefined) {
      lines.push(`  ${STAGE_WORDS[stage]}${of === undefined ? '' : ` ${printable(of)}`}: ${reply}`)
    }
  }
  const findings = trial.stages.flatMap((stage) => stage.findings)
  lines.push('', 'What each rule would see, in order:', formatFindings(findings))
  const decisive = new Set(findings.filter(({ is }) => is === 'refuse' || is === 'defer').map(({ rule }) => rule))
  for (const rule of decisive) lines.push('', ...formatRule(rule), ...formatPlainly(rule).map((line) => `  ${line}`))
  const counted = lastOfEach(trial.stages.flatMap((stage) => stage.counted)).flatMap(countedLines)
  if (counted.length > 0) lines.push('', 'What would count against the client:', ...counted)
  const sentences = trial.stages.flatMap((stage) => stage.sentences)
  if (sentences.length > 0)
    lines.push('', 'What would follow:', ...sentences.map((sentence) => `  ${follows(sentence)}`))
  if (asked.message === undefined && (trial.outcome === 'accepted' || trial.outcome === 'partly')) {
    lines.push(
      '',
      'No message was given, so its size and its Received lines were taken for none: name one with --message FILE.',
    )
  }
  return lines.join('\n')
}

/** Give what stands at the end: of a count that went up several times its last value. */
function lastOfEach(counted: readonly Counted[]): readonly Counted[] {
  return [...new Map(counted.map((one) => [one.kind, one])).values()]
}

function countedLines({ kind, tallies }: Counted): readonly string[] {
  const { what, setting } = EVIDENCE[kind]
  return tallies.map(
    ({ network, count, times }) =>
      `  ${count} ${what} from ${printable(network)} with this one (${setting}${times === 1 ? '' : `, ${times} times over`})`,
  )
}

function follows(sentence: Sentence): string {
  const evidence = printable(sentence.evidence)
  switch (sentence.is) {
    case 'block':
      return `${printable(sentence.network)} would be blocked for ${formatDuration(sentence.forMs)}, longer if it was blocked within a week before: ${evidence}`
    case 'freeze':
      return `The account ${printable(sentence.user)} would be frozen until an administrator releases it, and what waits of it held: ${evidence}`
    case 'suspendTrust':
      return `${printable(sentence.ip)} would be trusted no more until an administrator says so: ${evidence}`
  }
}
