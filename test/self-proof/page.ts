/** `node test/self-proof/page.ts [--check]`: write docs/proof.md from the cases and from what the rules say of themselves. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { EVIDENCE } from '../../src/gate/evidence.ts'
import type { Rule } from '../../src/gate/rule.ts'
import { RULES } from '../../src/gate/rules.ts'
import { REPLIES, type ReplyRow } from '../../src/smtp/replies.ts'
import { CASES, type Case } from './cases.ts'

export const PAGE: string = fileURLToPath(new URL('../../docs/proof.md', import.meta.url))

const INTRODUCTION = `# Each rule, fired

\`npm test\` starts a server, fires every rule and every limit at it as the table says, and fails unless the client gets the
answer in the table, the answer's reference explains itself by that rule (\`postern explain REF\`), and whoever is to be
blocked, stopped or no longer trusted is in the list. After each of them an honest client delivers its mail. This page is written
from the same table.

The limits are made small for it; the numbers that they come with are in [reference/settings.md](reference/settings.md). What
each rule does can be changed by its \`action\`: refuse, defer, or only observe.
`

const AFTER = {
  blocked: 'its network is blocked',
  frozen: 'the account is stopped',
  suspended: 'its trust is suspended',
} as const

/** Write the page. */
export function pageText(): string {
  return [
    INTRODUCTION,
    '## What is done, and what the client gets\n',
    table(
      ['Rule', 'Setting', 'What is done', 'What the client is told', 'And then'],
      CASES.map((one) => [
        namesOf(one)
          .map((name) => `\`${name}\``)
          .join(', '),
        `\`${one.setting}\``,
        one.how,
        replyText(one),
        one.after === undefined ? '' : AFTER[one.after.is],
      ]),
    ),
    '\n## Whom each rule exempts\n',
    table(
      ['Rule', 'What it guards against', 'Its action is', 'It does not judge'],
      [
        ...RULES.map((rule) => [
          `\`${rule.name}\``,
          rule.about,
          rule.action === undefined ? 'always to refuse' : `\`${rule.action.setting}\``,
          exemptText(rule),
        ]),
        ...Object.values(EVIDENCE).map(({ reason, about, actionSetting, heedsNoGroup }) => [
          `\`${reason}\` (evidence)`,
          about,
          `\`${actionSetting}\``,
          heedsNoGroup === true
            ? 'the never-block list'
            : 'members of limits.exemptGroup, users that logged in, the never-block list',
        ]),
      ].filter(firstOfItsKind),
    ),
    '',
  ].join('\n')
}

/** Give the names under which the record has what fires: that of the evidence first, where it decides. */
export function namesOf({ rules, evidence }: Case): readonly string[] {
  return evidence === undefined ? rules : [...new Set([EVIDENCE[evidence].reason, ...rules])]
}

function exemptText({ exempts = [] }: Rule): string {
  return exempts.length === 0 ? 'nobody: it judges all' : exempts.join(', ')
}

function replyText({ reply }: Case): string {
  const { code, detail, text }: ReplyRow = REPLIES[reply]
  return `\`${code} ${detail === undefined ? '' : `${Math.floor(code / 100)}.${detail}`}\` ${text}`
}

/** Some rules judge at two stages, as two rules of one name. */
function firstOfItsKind(row: readonly string[], index: number, rows: readonly (readonly string[])[]): boolean {
  return rows.findIndex(([name]) => name === row[0]) === index
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) writeFileSync(PAGE, pageText())
  else if (readFileSync(PAGE, 'utf8') !== pageText()) {
    process.stderr.write('docs/proof.md is not fresh: run node test/self-proof/page.ts\n')
    process.exit(1)
  }
}
