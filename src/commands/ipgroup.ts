import type { EntryChange, IpGroup, IpGroupSaved, IpGroupTest, SettingsSaved } from '#admin/api.ts'
import { formatTable } from '#base/table.ts'
import { type Answer, type Command, CommandError, type OptionDeclaration, type ParsedOptions } from './command.ts'
import { CONFIRM_OPTION, confirmedBy } from './confirm.ts'

const ENTRY_OPTIONS = {
  description: { value: 'TEXT', about: 'What the entries given here are.' },
  disabled: { about: 'The entries given here do not count for now.' },
  ...CONFIRM_OPTION,
} as const satisfies Record<string, OptionDeclaration>

const ENTRY_ABOUT =
  'ENTRY is an address (192.0.2.1), a range (192.0.2.1-192.0.2.9), a network (192.0.2.0/24, 192.0.2.0/255.255.255.0, ' +
  '2001:db8::/32), this-machine, or group:NAME.'

function pathOf(name: string): string {
  return `/api/ipgroups/${encodeURIComponent(name)}`
}

function entriesOf(addresses: readonly string[], options: ParsedOptions) {
  const description = options.text('description')
  const enabled = !options.flag('disabled')
  return addresses.map((address) =>
    description === undefined && enabled
      ? address
      : { address, enabled, ...(description === undefined ? {} : { description }) },
  )
}

function groupText({ name, entries, usedBy }: IpGroup): string {
  const rows = entries.map(({ address, enabled, description }) => [address, enabled ? 'yes' : 'no', description ?? ''])
  const table = rows.length === 0 ? '  (no entries)' : formatTable(['ENTRY', 'ENABLED', 'DESCRIPTION'], rows, '  ')
  return `${name}\n${table}\n  Used by: ${usedBy.length === 0 ? 'nothing' : usedBy.join(', ')}`
}

function savedAnswer(group: IpGroupSaved): Answer {
  return { data: group, text: groupText(group), warnings: group.warnings }
}

/** Make the command that switches entries of a group on, or off. */
function switchCommand(word: 'enable' | 'disable', summary: string): Command {
  return {
    name: `ipgroup ${word}`,
    summary,
    takes: ['GROUP', 'ENTRY…'],
    options: CONFIRM_OPTION,
    examples: [`postern ipgroup ${word} office 192.0.2.0/24`],
    async run({ api, args: [name = '', ...entries], options }) {
      const body: EntryChange = { entries, enabled: word === 'enable', ...confirmedBy(options) }
      return savedAnswer(await api.send<IpGroupSaved>('PUT', `${pathOf(name)}/entries`, body))
    },
  }
}

export const IPGROUP_COMMANDS: readonly Command[] = [
  {
    name: 'ipgroup add',
    summary: 'Make an IP address group, or add entries to one.',
    takes: ['GROUP', 'ENTRY…'],
    options: ENTRY_OPTIONS,
    about: ENTRY_ABOUT,
    examples: ['postern ipgroup add office 192.0.2.0/24 --description "Main office"'],
    async run({ api, args: [name = '', ...addresses], options }) {
      const body = { entries: entriesOf(addresses, options), ...confirmedBy(options) }
      return savedAnswer(await api.send<IpGroupSaved>('POST', pathOf(name), body))
    },
  },
  {
    name: 'ipgroup list',
    summary: 'List the IP address groups.',
    takes: [],
    options: {},
    examples: ['postern ipgroup list'],
    async run({ api }) {
      const groups = await api.get<IpGroup[]>('/api/ipgroups')
      const rows = groups.map(({ name, entries, usedBy }) => [name, String(entries.length), usedBy.join(', ') || '-'])
      return {
        data: groups,
        text: rows.length === 0 ? 'No group.' : formatTable(['GROUP', 'ENTRIES', 'USED BY'], rows),
      }
    },
  },
  {
    name: 'ipgroup show',
    summary: 'Show the entries of an IP address group, and which settings use it.',
    takes: ['GROUP'],
    options: {},
    examples: ['postern ipgroup show local-clients'],
    async run({ api, args: [name = ''] }) {
      const group = await api.get<IpGroup>(pathOf(name))
      return { data: group, text: groupText(group) }
    },
  },
  {
    name: 'ipgroup set',
    summary: 'Set the entries of an IP address group; those given replace all.',
    takes: ['GROUP', 'ENTRY…'],
    options: ENTRY_OPTIONS,
    about: ENTRY_ABOUT,
    examples: ['postern ipgroup set office 192.0.2.0/24 198.51.100.7'],
    async run({ api, args: [name = '', ...addresses], options }) {
      const body = { entries: entriesOf(addresses, options), ...confirmedBy(options) }
      return savedAnswer(await api.send<IpGroupSaved>('PUT', pathOf(name), body))
    },
  },
  switchCommand('enable', 'Let entries of an IP address group count again.'),
  switchCommand('disable', 'Let entries of an IP address group not count for now; they stay in it.'),
  {
    name: 'ipgroup describe',
    summary: 'Say what an entry of an IP address group is; an empty text takes the description away.',
    takes: ['GROUP', 'ENTRY', 'TEXT'],
    options: {},
    examples: ['postern ipgroup describe office 192.0.2.0/24 "Main office"'],
    async run({ api, args: [name = '', entry = '', text = ''] }) {
      const body: EntryChange = { entries: [entry], description: text === '' ? null : text }
      return savedAnswer(await api.send<IpGroupSaved>('PUT', `${pathOf(name)}/entries`, body))
    },
  },
  {
    name: 'ipgroup remove',
    summary: 'Remove an IP address group, or some of its entries.',
    takes: ['GROUP', '[ENTRY]…'],
    options: CONFIRM_OPTION,
    about: 'A group that settings name cannot be removed; see what uses it with: postern ipgroup show GROUP',
    examples: ['postern ipgroup remove office', 'postern ipgroup remove office 198.51.100.7'],
    async run({ api, args: [name = '', ...entries], options }) {
      const saved = await api.remove<IpGroupSaved | SettingsSaved>(pathOf(name), {
        entry: entries,
        ...confirmedBy(options),
      })
      const what = entries.length === 0 ? `the group ${name}` : `${entries.join(', ')} from the group ${name}`
      return {
        data: { removed: entries.length === 0 ? name : entries, warnings: saved.warnings },
        text: `Removed ${what}.`,
        warnings: saved.warnings,
      }
    },
  },
  {
    name: 'ipgroup test',
    summary: 'Say whether an address is in an IP address group; exit code 1 if it is not.',
    takes: ['GROUP', 'IP'],
    options: {},
    examples: ['postern ipgroup test local-clients 192.168.1.20'],
    async run({ api, args: [name = '', ip = ''] }) {
      if (ip === '') throw new CommandError('IP is missing', 2)
      const test = await api.get<IpGroupTest>(`${pathOf(name)}/test`, { ip })
      const text = `${test.ip} is ${test.member ? '' : 'not '}in the group ${test.group}.`
      return { data: test, text, code: test.member ? 0 : 1 }
    },
  },
]
