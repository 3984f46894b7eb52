import type { Alias, Listing } from '#admin/api.ts'
import { formatTable } from '#base/table.ts'
import type { Command } from './command.ts'
import { moreText, PAGE_OPTIONS, pageQuery } from './listing.ts'

function pathOf(address: string): string {
  return `/api/aliases/${encodeURIComponent(address)}`
}

function aliasText({ address, to }: Alias): string {
  return `${address} leads to ${to.join(', ')}`
}

export const ALIAS_COMMANDS: readonly Command[] = [
  {
    name: 'alias add',
    summary: 'Add an alias: an address that leads to others, here or elsewhere.',
    takes: ['ADDRESS', 'TARGET…'],
    options: {},
    about: 'The part before @ may hold * and ?; "*@DOMAIN" takes all that no other address takes (the catch-all).',
    examples: [
      'postern alias add sales@example.com anna@example.com',
      'postern alias add "*@example.com" anna@example.com',
    ],
    async run({ api, args: [address = '', ...to] }) {
      const alias = await api.send<Alias>('POST', '/api/aliases', { address, to })
      return { data: alias, text: aliasText(alias) }
    },
  },
  {
    name: 'alias list',
    summary: 'List aliases, all or those whose address matches a pattern with * and ?.',
    takes: ['[PATTERN]'],
    options: PAGE_OPTIONS,
    examples: ['postern alias list'],
    async run({ api, args: [match], options }) {
      const page = await api.get<Listing<Alias>>('/api/aliases', pageQuery(options, match))
      const rows = page.items.map(({ address, to }) => [address, to.join(', ')])
      return {
        data: page,
        text: (rows.length === 0 ? 'No alias.' : formatTable(['ALIAS', 'LEADS TO'], rows)) + moreText(page),
      }
    },
  },
  {
    name: 'alias show',
    summary: 'Show where an alias leads.',
    takes: ['ADDRESS'],
    options: {},
    examples: ['postern alias show sales@example.com'],
    async run({ api, args: [address = ''] }) {
      const alias = await api.get<Alias>(pathOf(address))
      return { data: alias, text: aliasText(alias) }
    },
  },
  {
    name: 'alias set',
    summary: 'Let an alias lead elsewhere; the targets given replace all.',
    takes: ['ADDRESS', 'TARGET…'],
    options: {},
    examples: ['postern alias set sales@example.com anna@example.com ben@example.com'],
    async run({ api, args: [address = '', ...to] }) {
      const alias = await api.send<Alias>('PUT', pathOf(address), { to })
      return { data: alias, text: aliasText(alias) }
    },
  },
  {
    name: 'alias remove',
    summary: 'Remove an alias.',
    takes: ['ADDRESS'],
    options: {},
    examples: ['postern alias remove sales@example.com'],
    async run({ api, args: [address = ''] }) {
      await api.send('DELETE', pathOf(address))
      return { data: { removed: address }, text: `Removed the alias ${address}.` }
    },
  },
]
