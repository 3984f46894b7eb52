import type { QueueMeasured, QueueSearch, QueueSelection } from '#admin/queue-api.ts'
import { type Call, CommandError, type OptionDeclaration, type ParsedOptions } from './command.ts'
import { formatBytes } from './quantities.ts'

/** An act on more entries than these asks for a second yes. */
const MOST_UNASKED = 100

export const SEARCH_OPTIONS = {
  sender: { value: 'PATTERN', about: 'Only mail of such senders; <> is the null sender of reports.' },
  recipient: { value: 'PATTERN', about: 'Only for such recipients.' },
  domain: { value: 'PATTERN', about: 'Only for such recipient domains.' },
  user: { value: 'PATTERN', about: 'Only what such users sent, whatever sender it bears.' },
  ip: { value: 'PATTERN', about: 'Only what came from this client address.' },
} as const satisfies Record<string, OptionDeclaration>

export const SELECTION_OPTIONS = {
  ...SEARCH_OPTIONS,
  all: { about: 'All that waits.' },
  yes: { about: `Do not ask, though it is for all, or for more than ${MOST_UNASKED}.` },
} as const satisfies Record<string, OptionDeclaration>

/** How what an act is for is named, in its help. */
export const SELECTION_ABOUT =
  'Name entries by ID or by patterns of recipients (* stands for any characters, ? for one; quote them): each that is named is meant. ' +
  'Options narrow that down, or stand alone; all of them must hold.'

/** Read the options of a search. */
export function searchOf(options: ParsedOptions): QueueSearch {
  const names = Object.keys(SEARCH_OPTIONS) as (keyof typeof SEARCH_OPTIONS)[]
  const given = names.map((name) => [name, options.text(name)] as const).filter(([, text]) => text !== undefined)
  return Object.fromEntries(given)
}

/** Read what an act is for: IDs and patterns from the arguments, the search from the options. */
export function selectionOf({ args, options }: Pick<Call, 'args' | 'options'>): QueueSelection {
  const isId = (word: string) => /^\d{1,15}$/.test(word)
  const ids = args.filter(isId).map(Number)
  const patterns = args.filter((word) => !isId(word))
  const search = searchOf(options)
  const all = options.flag('all')
  if (!all && args.length === 0 && Object.keys(search).length === 0) {
    throw new CommandError('Name what it is for: ID, a pattern of recipients, --sender, --user, … or --all', 2)
  }
  return {
    ...search,
    ...(ids.length === 0 ? {} : { ids }),
    ...(patterns.length === 0 ? {} : { patterns }),
    ...(all ? { all } : {}),
  }
}

/** Ask for a second yes where an act is for all or for many. Throws a CommandError when it is not given. */
export async function confirmMany(call: Call, selection: QueueSelection, deed: string): Promise<void> {
  const { api, options, terminal } = call
  if (options.flag('yes')) return
  const named = (selection.ids?.length ?? 0) <= MOST_UNASKED && selection.patterns === undefined
  if (selection.ids !== undefined && named) return
  const { entries, bytes } = await api.send<QueueMeasured>('POST', '/api/queue/measure', selection)
  if (entries === 0 || (entries <= MOST_UNASKED && selection.all !== true)) return
  const what = `${countOf(entries)} (${formatBytes(bytes)})`
  const answer = await terminal.askYes(`${deed} ${what}?`)
  if (answer === undefined) throw new CommandError(`This would ${deed.toLowerCase()} ${what}: say so with --yes`)
  if (!answer) throw new CommandError('Nothing was changed')
}

/** Count recipients in words. */
export function countOf(entries: number): string {
  return entries === 1 ? '1 recipient' : `${entries} recipients`
}
