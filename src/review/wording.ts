/** How decisions are told to an administrator who knows no SMTP. */

import { printable } from '#base/printable.ts'
import { formatTable } from '#base/table.ts'
import { EVIDENCE } from '#gate/evidence.ts'
import type { Finding } from '#gate/record.ts'
import { RULES } from '#gate/rules.ts'
import type { Stage } from '#gate/subject.ts'
import type { Kind } from '#settings/kinds.ts'
import { SCHEMA } from '#settings/schema.ts'
import { REPLIES, type ReplyName } from '#smtp/replies.ts'
import { PLAIN_WORDS } from './plain-words.ts'

export const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  connect: 'connecting',
  greeting: 'waiting',
  hello: 'greeting',
  login: 'login',
  sender: 'sender',
  recipient: 'recipient',
  message: 'message',
  command: 'command',
  abandon: 'giving up',
}

const DECIDED: Readonly<Record<Finding['is'], string>> = {
  pass: 'no objection',
  permit: 'permitted',
  refuse: 'REFUSED',
  defer: 'PUT OFF',
  observe: 'would refuse (observed only)',
}

/** Write findings as a table: at which step, which rule, what it decided, by which setting, what it saw. */
export function formatFindings(findings: readonly Finding[], indent = '  '): string {
  const severalRecipients = new Set(findings.map((finding) => finding.of).filter((of) => of !== undefined)).size > 1
  const rows = findings.map((finding) => [
    finding.of !== undefined && severalRecipients ? `recipient ${finding.of}` : STAGE_WORDS[finding.stage],
    finding.rule,
    DECIDED[finding.is],
    finding.setting ?? '-',
    finding.saw,
  ])
  return formatTable(['STEP', 'RULE', 'DECIDED', 'SETTING', 'SAW'], rows, indent)
}

/** Say what a rule guards against and which settings it goes by; only its name for one this version does not have. */
export function formatRule(name: string): readonly string[] {
  const lines: string[] = []
  const rule = RULES.find((candidate) => candidate.name === name)
  const evidence = Object.values(EVIDENCE).find(({ reason }) => reason === name)
  const about = [rule?.about, evidence?.about].filter((text) => text !== undefined).join(' ')
  const reads = [...(rule?.reads ?? []), ...(evidence === undefined ? [] : [evidence.setting, evidence.actionSetting])]
  lines.push(about === '' ? `The rule ${printable(name)}` : `The rule ${name}: ${about}`)
  if (reads.length > 0) lines.push(`  It goes by ${reads.join(', ')}`)
  return lines
}

/** Say how a session ended that brought no message. */
export function formatEnding(because: string): string {
  if (because === 'bye') return 'the client said goodbye'
  return printable(Object.hasOwn(REPLIES, because) ? REPLIES[because as ReplyName].text : because)
}

/** Say what a refusal by this rule means, and what to do where it hit the wrong one; nothing for a rule this version does not have. */
export function formatPlainly(name: string): readonly string[] {
  const words = Object.hasOwn(PLAIN_WORDS, name) ? PLAIN_WORDS[name] : undefined
  return words === undefined ? [] : [words.means, `What to do: ${words.todo}`]
}

/** Give the one-line meaning of a setting by its path; undefined when there is none of that name. */
export function aboutSetting(path: string): string | undefined {
  let node: unknown = SCHEMA
  for (const name of path.split('.')) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, name)) return undefined
    node = (node as Record<string, unknown>)[name]
  }
  const about = (node as Partial<Kind<unknown>>).about
  return typeof about === 'string' ? about : undefined
}
