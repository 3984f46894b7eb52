import { printable } from '#base/printable.ts'
import { formatPairs } from '#base/table.ts'
import type { Finding } from '#gate/record.ts'
import { parseStory, type Story } from '#gate/story.ts'
import type { DecisionRecord } from '#store/contract.ts'
import { type Fate, formatFates } from './fates.ts'
import { PROBE_NAME } from './probe.ts'
import { aboutSetting, formatEnding, formatFindings, formatPlainly, formatRule } from './wording.ts'

/** The services under which the server itself writes mail: notices, delivery reports, and reports on TLS. */
const OWN_MAIL: ReadonlySet<string> = new Set(['notice', 'report', 'tls-report'])
/** The service under which an administrator's block leaves a record. */
const BY_HAND = 'admin'

const OUTCOMES: Readonly<Record<DecisionRecord['outcome'], string>> = {
  accepted: 'accepted',
  refused: 'refused for good',
  deferred: 'put off: the sender may try again',
  ended: 'the session ended without a message and without a refusal',
  discarded: 'taken, and thrown away: the sender was told it was accepted, and nobody gets it',
}

/**
 * Write the record of one decision for an administrator: who came, what became of it, what each rule saw and decided, and by which
 * setting.
 */
export function explain(record: DecisionRecord, reference: string, fates: readonly Fate[] = []): string {
  const story = parseStory(record.story)
  const decisive = story.findings.findLast((finding) => finding.is === 'refuse' || finding.is === 'defer')
  return [
    `Reference ${reference}: ${OUTCOMES[record.outcome] ?? printable(record.outcome)}`,
    '',
    formatPairs(
      [
        ['When', new Date(record.atMs).toISOString()],
        ['Who', whoOf(record, story)],
        ['Sender', record.sender === '' ? '<> (the null sender: a report or bounce)' : record.sender],
        ['Recipients', record.recipients.length === 0 ? undefined : record.recipients.join(', ')],
        ['Size', story.sizeBytes === undefined ? undefined : `${story.sizeBytes} bytes`],
        ['Message-ID', story.messageId],
        ['Commands', commandsOf(story)],
        ['Answer', record.reply === '' ? undefined : record.reply],
        ['Again', againOf(record)],
      ],
      '  ',
    ),
    ...formatFates(fates),
    ...(record.outcome === 'ended' ? endingOf(story) : []),
    ...(record.outcome === 'refused' || record.outcome === 'deferred' ? whyOf(decisive, story) : []),
    ...(record.outcome === 'discarded' ? reasonOf(story) : []),
    ...(record.outcome === 'accepted' ? permitsOf(story.findings) : []),
    ...observedOf(story.findings),
    ...(story.findings.length > 0
      ? ['', 'What each rule saw, in order:', formatFindings(story.findings)]
      : OWN_MAIL.has(record.service) || record.service === BY_HAND
        ? []
        : ['', 'No rule had been asked yet.']),
  ]
    .join('\n')
    .trimEnd()
}

function whoOf(record: DecisionRecord, story: Story): string {
  if (OWN_MAIL.has(record.service)) return `this server itself: ${story.because ?? `a ${record.service}`}`
  if (record.service === BY_HAND) return `${record.ip}, from the moment on when an administrator blocked it`
  const isProbe = story.helo === PROBE_NAME
  const parts = [
    `${record.ip} on the service ${record.service}`,
    story.helo === undefined
      ? undefined
      : `calling itself ${story.helo}${isProbe ? ' (the audit of this server asks as a stranger under that name)' : ''}`,
    story.tls === undefined ? undefined : story.tls ? 'encrypted (TLS)' : 'not encrypted',
    story.user === undefined ? 'not logged in' : `logged in as ${story.user}`,
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}

function againOf({ repeats }: DecisionRecord): string | undefined {
  if (repeats === undefined || repeats.count === 0) return undefined
  return `${repeats.count} times more, last at ${new Date(repeats.lastAtMs).toISOString()}; counted, not kept one by one`
}

function commandsOf({ commands, failedCommands = 0 }: Story): string | undefined {
  return commands === undefined ? undefined : `${commands}, of which ${failedCommands} failed`
}

/** How a session ended that brought no message: most are scanners, or watch that the server is there. */
function endingOf({ because = '' }: Story): readonly string[] {
  return because === '' ? [] : ['', `How it ended: ${formatEnding(because)}`]
}

function whyOf(decisive: Finding | undefined, story: Story): readonly string[] {
  if (decisive === undefined) return reasonOf(story)
  const { rule, saw, setting } = decisive
  const about = setting === undefined ? undefined : aboutSetting(setting)
  return [
    '',
    `Why: ${printable(saw)}`,
    ...[...formatPlainly(rule), ...formatRule(rule)].map((line) => `  ${line}`),
    ...(setting === undefined
      ? []
      : [`  What decided is the setting ${printable(setting)}${about === undefined ? '' : `: ${about}`}`]),
  ]
}

function reasonOf({ rule, because }: Story): readonly string[] {
  if (because === undefined) return []
  const lines = rule === undefined ? [] : [...formatPlainly(rule), ...formatRule(rule)]
  return ['', `Why: ${printable(because)}`, ...lines.map((line) => `  ${line}`)]
}

/** By what right a message that was taken might go where it goes. */
function permitsOf(findings: readonly Finding[]): readonly string[] {
  const permits = findings.filter(({ is }) => is === 'permit')
  if (permits.length === 0) return []
  return [
    '',
    'What gave it the right:',
    ...permits.map(({ saw, setting, of }) =>
      printable(`  ${of === undefined ? '' : `${of}: `}${saw}${setting === undefined ? '' : ` (${setting})`}`),
    ),
  ]
}

/** What would have been refused, had its rule not been told only to observe. */
function observedOf(findings: readonly Finding[]): readonly string[] {
  const observed = new Set(findings.filter(({ is }) => is === 'observe').map(({ rule }) => rule))
  if (observed.size === 0) return []
  return ['', `Only observed, and so not refused: ${printable([...observed].join(', '))}`]
}
