import { printable } from '#base/printable.ts'
import { formatPairs } from '#base/table.ts'
import type { Finding } from '#gate/record.ts'
import { parseStory, type Story } from '#gate/story.ts'
import type { DecisionRecord } from '#store/contract.ts'
import { aboutSetting, formatFindings, formatRule } from './wording.ts'

const OUTCOMES: Readonly<Record<DecisionRecord['outcome'], string>> = {
  accepted: 'accepted',
  refused: 'refused for good',
  deferred: 'put off: the sender may try again',
}

/** Write the record of one decision for an administrator: who came, what each rule saw and decided, and by which setting. */
export function explain(record: DecisionRecord, reference: string): string {
  const story = parseStory(record.story)
  const decisive = story.findings.findLast((finding) => finding.is === 'refuse' || finding.is === 'defer')
  return [
    `Reference ${reference}: ${OUTCOMES[record.outcome]}`,
    '',
    formatPairs(
      [
        ['When', new Date(record.atMs).toISOString()],
        ['Who', whoOf(record, story)],
        ['Sender', record.sender === '' ? '<> (the null sender: a report or bounce)' : record.sender],
        ['Recipients', record.recipients.length === 0 ? undefined : record.recipients.join(', ')],
        ['Size', story.sizeBytes === undefined ? undefined : `${story.sizeBytes} bytes`],
        ['Message-ID', story.messageId],
        ['Answer', record.reply],
      ],
      '  ',
    ),
    ...(decisive === undefined ? reasonOf(story) : whyOf(decisive)),
    '',
    story.findings.length === 0 ? 'No rule had been asked yet.' : 'What each rule saw, in order:',
    formatFindings(story.findings),
  ]
    .join('\n')
    .trimEnd()
}

function whoOf(record: DecisionRecord, story: Story): string {
  const parts = [
    `${record.ip} on the service ${record.service}`,
    story.helo === undefined ? undefined : `calling itself ${story.helo}`,
    story.tls === undefined ? undefined : story.tls ? 'encrypted (TLS)' : 'not encrypted',
    story.user === undefined ? 'not logged in' : `logged in as ${story.user}`,
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}

function whyOf({ rule, saw, setting }: Finding): readonly string[] {
  const about = setting === undefined ? undefined : aboutSetting(setting)
  return [
    '',
    `Why: ${printable(saw)}`,
    ...formatRule(rule).map((line) => `  ${line}`),
    ...(setting === undefined
      ? []
      : [`  What decided is the setting ${printable(setting)}${about === undefined ? '' : `: ${about}`}`]),
  ]
}

function reasonOf({ rule, because }: Story): readonly string[] {
  if (because === undefined) return []
  return ['', `Why: ${printable(because)}`, ...(rule === undefined ? [] : formatRule(rule).map((line) => `  ${line}`))]
}
