import type { Trust, TrustRole } from '#admin/api.ts'
import { formatTable } from '#base/table.ts'
import type { Command } from './command.ts'

function roleText({ setting, group, gives, entries, count, exemptFrom }: TrustRole): string {
  const whose = group === undefined ? '' : `, the group ${group}`
  const more = count > entries.length ? `, and ${count - entries.length} more` : ''
  const members = entries.length === 0 ? 'nobody' : entries.join(', ') + more
  return [
    `${setting}${whose}: ${gives}`,
    `  Who:         ${members}`,
    `  Not judged:  ${exemptFrom.length === 0 ? 'by every rule it is' : exemptFrom.map(({ rule }) => rule).join(', ')}`,
  ].join('\n')
}

function trustText({ roles, suspended }: Trust): string {
  const rows = suspended.map(({ ip, since, ref = '-', evidence }) => [ip, since, ref, evidence])
  const lost =
    rows.length === 0
      ? 'Suspended: nobody.'
      : `Suspended, because they behaved like many strangers (give trust back with: postern trust restore IP):\n${formatTable(
          ['ADDRESS', 'SINCE', 'REF', 'EVIDENCE'],
          rows,
          '  ',
        )}`
  return [...roles.map(roleText), lost].join('\n\n')
}

export const TRUST_COMMANDS: readonly Command[] = [
  {
    name: 'trust list',
    summary: 'List who is trusted, by which setting, and what for; and whose trust is suspended, and why.',
    takes: [],
    options: {},
    examples: ['postern trust list'],
    async run({ api }) {
      const trust = await api.get<Trust>('/api/trust')
      return { data: trust, text: trustText(trust) }
    },
  },
  {
    name: 'trust restore',
    summary: 'Give an address back the trust that was suspended.',
    takes: ['IP'],
    options: {},
    about:
      'Do this once its clients are known: behind a proxy or NAT that hides strangers, mend that first, or take the address ' +
      'out of the group.',
    examples: ['postern trust restore 172.17.0.1'],
    async run({ api, args: [ip = ''] }) {
      const { restored } = await api.send<{ restored: string }>('POST', '/api/trust/restore', { ip })
      return { data: { restored }, text: `${restored} is trusted again.` }
    },
  },
]
