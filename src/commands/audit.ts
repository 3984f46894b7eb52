import type { AuditBody, Audited } from '#admin/api.ts'
import { printable } from '#base/printable.ts'
import type { Command } from './command.ts'
import { readTextFile } from './files.ts'

const MOST_DRAFT_BYTES = 16 * 1024 * 1024

type Finding = Audited['findings'][number]

const HEADINGS: Readonly<Record<Finding['is'], string>> = {
  open: 'A stranger can relay:',
  dead: 'Can never fire:',
  shadowed: 'Hidden by another limit:',
  note: 'Worth knowing:',
}

const CLOSED = 'No setting lets a stranger relay.'

function findingsText(findings: readonly Finding[], relayed: boolean): string {
  const parts = (Object.keys(HEADINGS) as Finding['is'][]).flatMap((is) => {
    const lines = findings
      .filter((finding) => finding.is === is)
      .map(({ where, says }) => `  ${printable(says.includes(where) ? says : `${where}: ${says}`, 2000)}`)
    return lines.length === 0 ? [] : [[HEADINGS[is], ...lines].join('\n')]
  })
  const open = findings.some(({ is }) => is === 'open')
  const closed = open ? [] : [relayed ? 'A stranger who reaches this server can relay: see below.' : CLOSED]
  return [...closed, ...parts].join('\n\n')
}

function probeText({ from, steps, notAsked }: NonNullable<Audited['probe']>): string {
  if (steps.length === 0) return `The server was not asked: ${printable(notAsked ?? 'no reason was given', 500)}.`
  const relayed = steps.filter((step) => step.relayed)
  const asked = `The server was asked as a stranger would, from ${printable(from)}, in ${steps.length} ways`
  const inside =
    notAsked === undefined ? [] : [`(From inside the process, and not over a network: ${printable(notAsked, 500)}.)`]
  return [
    ...inside,
    relayed.length === 0 ? `${asked}: it relayed nothing.` : `${asked}: it would have RELAYED ${relayed.length}.`,
    ...steps.flatMap(({ said, answered, relayed }) => [
      `  C: ${printable(said)}`,
      `  S: ${printable(answered)}${relayed ? '   <-- RELAYED' : ''}`,
    ]),
  ].join('\n')
}

/** Tell whether the probe got through. */
function relays(probe: Audited['probe']): boolean {
  return probe?.steps.some(({ relayed }) => relayed) === true
}

function auditText({ findings, probe }: Audited): string {
  return [findingsText(findings, relays(probe)), ...(probe === undefined ? [] : [probeText(probe)])].join('\n\n')
}

/** What makes the audit fail: a note is none, it only says what is so. */
function failed({ findings, probe }: Audited): boolean {
  return findings.some(({ is }) => is !== 'note') || relays(probe)
}

export const AUDIT_COMMAND: Command = {
  name: 'audit',
  summary: 'Find out whether a stranger can relay, and by which way; and which rules can never fire.',
  takes: [],
  options: {
    draft: { value: 'FILE', about: "Settings laid over today's, in the form of settings export; nothing is probed." },
    'no-probe': { about: 'Do not ask the running server; look at its settings and addresses only.' },
  },
  about:
    'Exit code 1 on a finding: an open way, a rule that can never fire, a limit that another hides. A note is none.',
  examples: ['postern audit', 'postern audit --draft settings.yaml'],
  async run(call) {
    const file = call.options.text('draft')
    const body: AuditBody =
      file === undefined
        ? { probe: !call.options.flag('no-probe') }
        : { draft: await readTextFile(file, call, MOST_DRAFT_BYTES) }
    const audited = await call.api.send<Audited>('POST', '/api/audit', body)
    return { data: audited, text: auditText(audited), code: failed(audited) ? 1 : 0 }
  },
}
