import type { Domain } from '#admin/api.ts'
import { formatTable } from '#base/table.ts'
import { type Command, CommandError } from './command.ts'

function domainsText(domains: readonly Domain[]): string {
  if (domains.length === 0) return 'No domain yet. Add one with: postern domain add example.com'
  return formatTable(
    ['DOMAIN', 'ALIAS OF'],
    domains.map(({ name, aliasOf }) => [name, aliasOf ?? '-']),
  )
}

function pathOf(name: string): string {
  return `/api/domains/${encodeURIComponent(name)}`
}

export const DOMAIN_COMMANDS: readonly Command[] = [
  {
    name: 'domain add',
    summary: 'Add a local domain: mail for it is taken and kept here.',
    takes: ['NAME'],
    options: { 'alias-of': { value: 'DOMAIN', about: 'Every address in it stands for the same one in DOMAIN.' } },
    examples: ['postern domain add example.com', 'postern domain add example.net --alias-of example.com'],
    async run({ api, args: [name = ''], options }) {
      const domain = await api.send<Domain>('POST', '/api/domains', { name, aliasOf: options.text('alias-of') })
      return { data: domain, text: `Added the domain ${domain.name}.` }
    },
  },
  {
    name: 'domain list',
    summary: 'List the local domains.',
    takes: [],
    options: {},
    examples: ['postern domain list'],
    async run({ api }) {
      const domains = await api.get<Domain[]>('/api/domains')
      return { data: domains, text: domainsText(domains) }
    },
  },
  {
    name: 'domain show',
    summary: 'Show a local domain.',
    takes: ['NAME'],
    options: {},
    examples: ['postern domain show example.com'],
    async run({ api, args: [name = ''] }) {
      const domain = await api.get<Domain>(pathOf(name))
      return { data: domain, text: domainsText([domain]) }
    },
  },
  {
    name: 'domain set',
    summary: 'Make a domain an alias of another, or a domain of its own again.',
    takes: ['NAME'],
    options: {
      'alias-of': { value: 'DOMAIN', about: 'Every address in it stands for the same one in DOMAIN.' },
      'no-alias': { about: 'It is a domain of its own.' },
    },
    examples: ['postern domain set example.net --alias-of example.com', 'postern domain set example.net --no-alias'],
    async run({ api, args: [name = ''], options }) {
      const aliasOf = options.flag('no-alias') ? null : options.text('alias-of')
      if (aliasOf === undefined) throw new CommandError('Nothing to change: give --alias-of DOMAIN or --no-alias', 2)
      const domain = await api.send<Domain>('PUT', pathOf(name), { aliasOf })
      return { data: domain, text: domainsText([domain]) }
    },
  },
  {
    name: 'domain remove',
    summary: 'Remove a local domain in which nothing lives any more.',
    takes: ['NAME'],
    options: {},
    examples: ['postern domain remove example.net'],
    async run({ api, args: [name = ''] }) {
      await api.send('DELETE', pathOf(name))
      return { data: { removed: name }, text: `Removed the domain ${name}.` }
    },
  },
]
