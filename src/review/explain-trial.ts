import { printable } from '#base/printable.ts'
import type { Hypothetical, Trial } from './try.ts'
import { formatFindings, formatRule, STAGE_WORDS } from './wording.ts'

const OUTCOMES: Readonly<Record<Trial['outcome'], string>> = {
  accepted: 'The message would be accepted.',
  partly: 'The message would be accepted for some of its recipients only.',
  refused: 'The message would be refused.',
  deferred: 'The message would be put off: the sender may try again later.',
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
  for (const rule of decisive) lines.push('', ...formatRule(rule))
  if (asked.message === undefined && (trial.outcome === 'accepted' || trial.outcome === 'partly')) {
    lines.push('', 'The rules for the message itself were not asked: name one with --message FILE.')
  }
  return lines.join('\n')
}
