/** How decisions are told to an administrator who knows no SMTP. */

import { printable } from '#base/printable.ts'
import { formatTable } from '#base/table.ts'
import type { Finding } from '#gate/record.ts'
import { RULES } from '#gate/rules.ts'
import type { Stage } from '#gate/subject.ts'
import type { Kind } from '#settings/kinds.ts'
import { SCHEMA } from '#settings/schema.ts'

export const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  connect: 'connecting',
  hello: 'greeting',
  login: 'login',
  sender: 'sender',
  recipient: 'recipient',
  message: 'message',
  command: 'command',
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

/** Say what a rule guards against and which settings it goes by; only its name for a rule this version does not have. */
export function formatRule(name: string): readonly string[] {
  const rule = RULES.find((candidate) => candidate.name === name)
  if (rule === undefined) return [`The rule ${printable(name)}`]
  return [
    `The rule ${name}: ${rule.about}`,
    ...(rule.reads.length === 0 ? [] : [`  It goes by ${rule.reads.join(', ')}`]),
  ]
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
