/**
 * Writes docs/reference/rules.md from the rules of the gate and the settings they read. `--check` writes nothing and ends with 1
 * when it is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { EVIDENCE, type EvidenceRow } from '#gate/evidence.ts'
import type { Action, Exemption, Rule } from '#gate/rule.ts'
import { RULES, stagesOf } from '#gate/rules.ts'
import { STAGES, type Stage } from '#gate/subject.ts'
import { replyOf } from '#gate/weigh.ts'
import { blockReply } from '#gate/weigh-evidence.ts'
import { DECLARATIONS } from '#settings/declarations.ts'
import { formatDuration } from '#settings/kinds.ts'
import { defaultSettings, oneLine } from '#settings/snapshot.ts'
import { formatReply, type ReplyName } from '#smtp/replies.ts'

const INTRODUCTION = `# Rules

Every rule by which a client is judged, generated from the rules themselves in \`src/gate/\`. \`postern explain REF\` shows what
each of them saw of a real session, and \`postern try\` what each would see of one that you describe.

- The first rule of a step that refuses or defers ends it; those after it are not asked.
- What a rule does when it fires is its **action**. \`refuse\` is for good (5xx), \`defer\` for now (4xx: an honest server tries again,
  and no mail is lost), \`observe\` only writes down what would have happened. \`freeze\` also stops the account's sending until an
  administrator releases it; \`discard\` takes the message and throws it away. What could not be found out (DNS, a disk) is always
  deferred, never refused.
- A limit **by address** counts an IPv4 client by its address. An IPv6 client counts by its /64, by its /56, which may reach 4 times the
  limit, and by its /48, which may reach 16 times: rotating inside one's own network evades nothing.
- A limit that is \`unlimited\` is off. Each "in 60 minutes" is a sliding hour: it always ends now.
`

const STEPS: Readonly<Record<Stage, string>> = {
  connect: 'When a client connects',
  greeting: 'Before it is greeted',
  hello: 'When it greets (HELO, EHLO)',
  login: 'After each login it tries',
  sender: 'When it names the sender (MAIL)',
  recipient: 'When it names a recipient (RCPT)',
  message: 'When the message has come (DATA, BDAT)',
  command: 'After each command that failed',
  abandon: 'When it leaves recipients without a message',
}

const EVIDENCE_TEXT = `## What counts against a client

What honest clients seldom do is counted: against the client that did it, never against the account or recipient it named. A client
that passes a limit below is **blocked** on every service: each further connection is told so, until the block ends or is lifted
(\`postern blocks list\`, \`postern blocks lift\`). Where a wider IPv6 network has passed its share of the limit, that network is blocked.
Each repeat within a week doubles the time, up to \`limits.longestBlock\` (${shown('limits.longestBlock')}). \`limits.neverBlock\` always
wins. A user who logged in answers with the account instead of the address, except for failed logins.
`

/** Whom `weighEvidence` spares, but where the kind heeds no group. */
const EVIDENCE_EXEMPTS = [
  'members of limits.exemptGroup',
  'users that logged in',
] as const satisfies readonly Exemption[]

const EXEMPTIONS_TEXT = `## Who is exempt from what

A rule that does not name a group spares nobody. \`relay\`, \`submission-login\` and \`local-sender\` no longer spare a group's members
once a login in the session has failed, until one succeeds (\`relay.groupAfterFailedLogin\`). \`relay\` lets pass whom \`relay.smtpAuth\`
and \`relay.popBeforeSmtp\` authorise as well.
`

/** Write the page: the rules by the step at which they are first asked, what counts against a client, and the exemptions. */
function referencePage(): string {
  const names = [...new Set(RULES.map(({ name }) => name))]
  const rules = names.map((name) => RULES.filter((rule) => rule.name === name))
  const sections = STAGES.flatMap((stage) => {
    const here = rules.filter(([rule]) => rule !== undefined && stagesOf(rule)[0] === stage)
    const order = RULES.filter((rule) => stagesOf(rule).includes(stage)).map(({ name }) => `\`${name}\``)
    if (order.length === 0) return []
    return [`## ${STEPS[stage]}`, '', `Asked in this order: ${order.join(', ')}.`, '', ...here.flatMap(ruleLines)]
  })
  const evidence = Object.values(EVIDENCE).flatMap(evidenceLines)
  return [INTRODUCTION, ...sections, EVIDENCE_TEXT, ...evidence, EXEMPTIONS_TEXT, ...exemptionLines(), ''].join('\n')
}

/** Write one rule; those that share its name look at the same limit at another step. */
function ruleLines(rules: readonly Rule[]): readonly string[] {
  const [rule] = rules
  if (rule === undefined) return []
  const later = rules.flatMap((each) => [...stagesOf(each)]).slice(1)
  return [
    `### \`${rule.name}\``,
    '',
    rule.about,
    '',
    ...(later.length === 0 ? [] : [`- asked again: ${later.map((stage) => lowered(STEPS[stage])).join('; ')}`]),
    ...readLines(rule.reads.filter((path) => !path.startsWith('rules.'))),
    rule.action === undefined ? '- action: always as it is' : actionLine(rule.action.setting),
    `- exempt: ${rule.exempts === undefined ? 'nobody' : rule.exempts.join(', ')}`,
    ...(rule.replies.length === 0 ? ['- told: nothing by itself'] : repliesOf(rule).map((line) => `- told: ${line}`)),
    '',
  ]
}

function evidenceLines(row: EvidenceRow): readonly string[] {
  const settings = defaultSettings()
  return [
    `### \`${row.reason}\``,
    '',
    row.about,
    '',
    ...readLines([row.setting]),
    `- counted: ${row.what}, in ${formatDuration(row.withinMs(settings))}`,
    `- blocked for: ${formatDuration(row.blockForMs(settings))} the first time`,
    actionLine(row.actionSetting),
    `- exempt: ${['the never-block list', ...(row.heedsNoGroup === true ? [] : EVIDENCE_EXEMPTS)].join(', ')}`,
    ...(['refuse', 'defer'] as const).map((action) => `- told: ${action}: ${reply(blockReply(action))}`),
    '',
  ]
}

function readLines(paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return []
  return [`- goes by: ${paths.map((path) => `\`${path}\` (${shown(path)})`).join(', ')}`]
}

function actionLine(setting: string): string {
  return `- action: \`${setting}\`, ${shown(setting)} (${DECLARATIONS.get(setting)?.accepts})`
}

/** Write what a client is told, by action where that makes a difference. */
function repliesOf(rule: Rule): readonly string[] {
  const { action, replies } = rule
  if (action === undefined) return replies.map((name) => reply(name))
  const taken = DECLARATIONS.get(action.setting)?.accepts ?? ''
  const byAction = (['refuse', 'defer'] as const).flatMap((word) =>
    replies.map((name) => [word, replyOf(rule, word, name)] as const),
  )
  const also: readonly (readonly [Action, ReplyName])[] = [
    ...(taken.includes('freeze')
      ? ([['freeze', rule.stage === 'login' ? (rule.replies[0] as ReplyName) : 'accountFrozen']] as const)
      : []),
    ...(taken.includes('discard') ? ([['discard', 'ok']] as const) : []),
  ]
  const actions = Map.groupBy([...byAction, ...also], ([, name]) => name)
  return [...actions].map(([name, words]) => `${[...new Set(words.map(([word]) => word))].join(', ')}: ${reply(name)}`)
}

function reply(name: ReplyName): string {
  return `\`${formatReply(name)}\``
}

/** Write a default as the settings file has it. */
function shown(path: string): string {
  const kind = DECLARATIONS.get(path.replace('NAME', 'smtp'))
  return kind === undefined ? '' : `\`${oneLine(kind.format(kind.default))}\``
}

function exemptionLines(): readonly string[] {
  const spared = new Map<Exemption, Set<string>>()
  const add = (exemption: Exemption, name: string) => {
    spared.set(exemption, (spared.get(exemption) ?? new Set()).add(name))
  }
  for (const { name, exempts } of RULES) for (const exemption of exempts ?? []) add(exemption, name)
  for (const { reason, heedsNoGroup } of Object.values(EVIDENCE)) {
    add('the never-block list', reason)
    if (heedsNoGroup === true) continue
    for (const exemption of EVIDENCE_EXEMPTS) add(exemption, reason)
  }
  return [
    '| who | not judged by |',
    '| --- | --- |',
    ...[...spared].map(([who, names]) => `| ${who} | ${[...names].map((name) => `\`${name}\``).join(', ')} |`),
  ]
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

const file = new URL('../docs/reference/rules.md', import.meta.url)
const page = referencePage()
if (!process.argv.includes('--check')) {
  writeFileSync(file, page)
} else if (textOf(file) !== page) {
  console.error('docs/reference/rules.md is stale: run node tools/generate-rules-reference.ts')
  process.exitCode = 1
}

function textOf(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
