import type { RelayGrants } from '#admin/api.ts'
import { formatTable } from '#base/table.ts'
import type { Command } from './command.ts'
import { formatSpan } from './quantities.ts'

function grantsText({ enabled, minutes, items }: RelayGrants): string {
  if (!enabled) return 'POP3 logins open no way: relay.popBeforeSmtp.enabled is false.'
  if (items.length === 0) return `No POP3 login in the last ${minutes} minutes: no way is open.`
  const rows = items.map(({ ip, at, until, endsInMs }) => [ip, at, until, `in ${formatSpan(endsInMs)}`])
  return formatTable(['ADDRESS', 'LAST LOGIN', 'OPEN UNTIL', 'ENDS'], rows)
}

export const RELAY_GRANT_COMMANDS: readonly Command[] = [
  {
    name: 'relay grants list',
    summary: 'List the addresses that may relay because of a POP3 login, the newest first.',
    takes: [],
    options: {},
    examples: ['postern relay grants list'],
    async run({ api }) {
      const grants = await api.get<RelayGrants>('/api/relay/grants')
      return { data: grants, text: grantsText(grants) }
    },
  },
  {
    name: 'relay grants revoke',
    summary: 'Close the way that a POP3 login has opened for an address, at once.',
    takes: ['IP'],
    options: {},
    about: 'The next POP3 login from there opens it again.',
    examples: ['postern relay grants revoke 203.0.113.9'],
    async run({ api, args: [ip = ''] }) {
      const { revoked } = await api.remove<{ revoked: string }>(`/api/relay/grants/${encodeURIComponent(ip)}`)
      return { data: { revoked }, text: `${revoked} may no longer relay because of its POP3 login.` }
    },
  },
]
