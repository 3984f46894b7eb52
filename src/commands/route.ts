import type { RouteShown } from '#admin/queue-api.ts'
import { printable } from '#base/printable.ts'
import { formatPairs } from '#base/table.ts'
import type { Command } from './command.ts'

export const ROUTE_COMMAND: Command = {
  name: 'route',
  summary: 'Show by which way mail would go: rule by rule, the servers, and what TLS has to be. Nothing is sent.',
  takes: ['SENDER', 'RECIPIENT'],
  options: {},
  about: 'SENDER may be "" or "<>", the null sender of reports.',
  examples: ['postern route anna@example.com ben@example.net', 'postern route "<>" ben@example.net'],
  async run({ api, args: [sender = '', recipient = ''] }) {
    const way = await api.get<RouteShown>('/api/route', { sender, recipient })
    return { data: way, text: formatWay(way), code: way.trouble === undefined ? 0 : 1 }
  },
}

/** Write the way of mail for people; what DNS gave stays on its line. */
export function formatWay({ route, hosts, tls, steps = [], trouble }: RouteShown): string {
  return [
    formatPairs([
      ['Way', route],
      ['Servers', hosts.length === 0 ? undefined : hosts.join(', ')],
      ['TLS', tls],
      ['Trouble', trouble],
    ]),
    ...(steps.length === 0 ? [] : ['', 'The rules (delivery.routes):', ...steps.map((step) => `  ${printable(step)}`)]),
  ].join('\n')
}
