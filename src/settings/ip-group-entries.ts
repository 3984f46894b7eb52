/** The entries of an IP address group, as the settings file writes them: a text, or a text with a description and a switch. */
import { type AddressRange, parseRange } from '#base/network-set.ts'
import { type Entry, NAME, type Parsed } from './kinds.ts'

export interface GroupEntry {
  /** `192.0.2.1`, `192.0.2.1-192.0.2.9`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `2001:db8::/32`, `this-machine`, `group:NAME`. */
  readonly address: string
  readonly description?: string
  readonly enabled: boolean
}

/** What an entry's address stands for. */
export type GroupMember =
  | { readonly is: 'range'; readonly range: AddressRange }
  | { readonly is: 'group'; readonly group: string }
  | { readonly is: 'this-machine' }
  | { readonly is: 'nothing'; readonly wanted: string }

const ACCEPTS = 'an address, a range A-B, a network A/PREFIX or A/MASK, this-machine, or group:NAME'

/** Read an entry's address; `nothing` says what was wanted instead. */
export function parseGroupAddress(address: string): GroupMember {
  if (address === 'this-machine') return { is: 'this-machine' }
  if (address.startsWith('group:')) {
    const group = address.slice('group:'.length)
    return NAME.test(group) ? { is: 'group', group } : { is: 'nothing', wanted: 'group: and the name of a group' }
  }
  const parsed = parseRange(address)
  if ('range' in parsed) return { is: 'range', range: parsed.range }
  // A text that is no address at all is told of all that may stand here.
  return { is: 'nothing', wanted: /^[0-9a-f.:]+[/-]/i.test(address) ? parsed.problem : ACCEPTS }
}

const MOST_ENTRIES = 200_000

function parseEntry(value: unknown): Parsed<GroupEntry> {
  const wrong = { ok: false, wanted: `${ACCEPTS}; or a map with address, description and enabled` } as const
  const entry = typeof value === 'string' ? { address: value } : value
  if (typeof entry !== 'object' || entry === null) return wrong
  const { address, description, enabled = true, ...rest } = entry as Record<string, unknown>
  if (Object.keys(rest).length > 0 || typeof address !== 'string' || typeof enabled !== 'boolean') return wrong
  const member = parseGroupAddress(address)
  if (member.is === 'nothing') return { ok: false, wanted: member.wanted }
  if (description === undefined) return { ok: true, value: { address, enabled } }
  if (typeof description !== 'string' || description.length > 1000) return wrong
  return { ok: true, value: { address, enabled, description } }
}

/** The list that an IP address group is. */
export const groupEntries: Entry<readonly GroupEntry[]> = {
  accepts: `a list of ${ACCEPTS}`,
  parse(value): Parsed<readonly GroupEntry[]> {
    if (!Array.isArray(value)) return { ok: false, wanted: `a list of ${ACCEPTS}` }
    if (value.length > MOST_ENTRIES) return { ok: false, wanted: `at most ${MOST_ENTRIES} entries` }
    const entries: GroupEntry[] = []
    for (const [index, item] of value.entries()) {
      const entry = parseEntry(item)
      if (!entry.ok) return { ok: false, wanted: entry.wanted, path: [index] }
      entries.push(entry.value)
    }
    return { ok: true, value: entries }
  },
  format: (entries) =>
    entries.map((entry) => (entry.enabled && entry.description === undefined ? entry.address : { ...entry })),
}
