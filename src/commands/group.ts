import type { Group, Listing } from '#admin/api.ts'
import { formatTable } from '#base/table.ts'
import type { Command } from './command.ts'
import { moreText, PAGE_OPTIONS, pageQuery } from './listing.ts'

function pathOf(address: string): string {
  return `/api/groups/${encodeURIComponent(address)}`
}

function groupText({ address, members }: Group): string {
  return members.length === 0 ? `${address} has no members` : `${address}: ${members.join(', ')}`
}

export const GROUP_COMMANDS: readonly Command[] = [
  {
    name: 'group add',
    summary: 'Add a group: what is sent to its address goes to every member.',
    takes: ['ADDRESS', '[MEMBER]…'],
    options: {},
    examples: ['postern group add team@example.com anna@example.com ben@example.com'],
    async run({ api, args: [address = '', ...members] }) {
      const group = await api.send<Group>('POST', '/api/groups', { address, members })
      return { data: group, text: groupText(group) }
    },
  },
  {
    name: 'group list',
    summary: 'List groups, all or those whose address matches a pattern with * and ?.',
    takes: ['[PATTERN]'],
    options: PAGE_OPTIONS,
    examples: ['postern group list'],
    async run({ api, args: [match], options }) {
      const page = await api.get<Listing<Group>>('/api/groups', pageQuery(options, match))
      const rows = page.items.map(({ address, members }) => [
        address,
        String(members.length),
        members.slice(0, 5).join(', '),
      ])
      const text = rows.length === 0 ? 'No group.' : formatTable(['GROUP', 'MEMBERS', 'FIRST OF THEM'], rows)
      return { data: page, text: text + moreText(page) }
    },
  },
  {
    name: 'group show',
    summary: 'Show the members of a group.',
    takes: ['ADDRESS'],
    options: {},
    examples: ['postern group show team@example.com'],
    async run({ api, args: [address = ''] }) {
      const group = await api.get<Group>(pathOf(address))
      return { data: group, text: groupText(group) }
    },
  },
  {
    name: 'group set',
    summary: 'Set the members of a group; those given replace all.',
    takes: ['ADDRESS', '[MEMBER]…'],
    options: {},
    examples: ['postern group set team@example.com anna@example.com'],
    async run({ api, args: [address = '', ...members] }) {
      const group = await api.send<Group>('PUT', pathOf(address), { members })
      return { data: group, text: groupText(group) }
    },
  },
  {
    name: 'group remove',
    summary: 'Remove a group; its members stay.',
    takes: ['ADDRESS'],
    options: {},
    examples: ['postern group remove team@example.com'],
    async run({ api, args: [address = ''] }) {
      await api.send('DELETE', pathOf(address))
      return { data: { removed: address }, text: `Removed the group ${address}.` }
    },
  },
]
