import { normalizeIp } from '#base/network-set.ts'
import { type GroupEntry, groupEntries, parseGroupAddress } from '#settings/ip-group-entries.ts'
import { compileGroups } from '#settings/ip-groups.ts'
import type { Settings } from '#settings/schema.ts'
import type { Confirmable, EntryChange, IpGroup, IpGroupSaved, IpGroupTest, SettingsSaved } from '../api.ts'
import { changeSettings } from '../change-settings.ts'
import type { AdminParts } from '../parts.ts'
import { notFound, Problem } from '../problem.ts'
import { type Asked, object, type Route, textUpTo } from '../route.ts'

const MOST_BYTES = 16 * 1024 * 1024

const ENTRY = {
  anyOf: [
    textUpTo(256),
    object({ address: textUpTo(256), enabled: { type: 'boolean' }, description: textUpTo(500) }, ['address']),
  ],
} as const
const CONFIRMED = { type: 'boolean' } as const
const BODY = object({ entries: { type: 'array', items: ENTRY, minItems: 1 }, confirmed: CONFIRMED }, ['entries'])
const ADDRESSES = { type: 'array', items: textUpTo(256), maxItems: 1000 } as const
const CHANGE = object(
  {
    entries: { ...ADDRESSES, minItems: 1 },
    enabled: { type: 'boolean' },
    description: { ...textUpTo(500), nullable: true },
    confirmed: CONFIRMED,
  },
  ['entries'],
)

const LIST_TODO = 'List them with: postern ipgroup list'

export const IPGROUP_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/ipgroups',
    async run(_asked, { settings }): Promise<readonly IpGroup[]> {
      const current = settings.current().settings
      return Object.keys(current.ipGroups).map((name) => show(current, name))
    },
  },
  {
    method: 'GET',
    path: '/api/ipgroups/:name',
    async run({ params }, { settings }): Promise<IpGroup> {
      return show(settings.current().settings, params.name ?? '')
    },
  },
  {
    method: 'POST',
    path: '/api/ipgroups/:name',
    body: BODY,
    mostBytes: MOST_BYTES,
    async run(asked, parts): Promise<IpGroupSaved> {
      const added = entriesOf(asked)
      return save(asked, parts, confirmedIn(asked), (before = []) => withAdded(before, added))
    },
  },
  {
    method: 'PUT',
    path: '/api/ipgroups/:name',
    body: BODY,
    mostBytes: MOST_BYTES,
    async run(asked, parts): Promise<IpGroupSaved> {
      show(parts.settings.current().settings, asked.params.name ?? '')
      const entries = entriesOf(asked)
      return save(asked, parts, confirmedIn(asked), () => entries)
    },
  },
  {
    method: 'PUT',
    path: '/api/ipgroups/:name/entries',
    body: CHANGE,
    async run(asked, parts): Promise<IpGroupSaved> {
      const change = asked.body as EntryChange
      const { name } = show(parts.settings.current().settings, asked.params.name ?? '')
      return save(asked, parts, change.confirmed, (before = []) => {
        const meant = namedIn(before, change.entries, name)
        return before.map((entry) => (meant.has(entry) ? changed(entry, change) : entry))
      })
    },
  },
  {
    method: 'DELETE',
    path: '/api/ipgroups/:name',
    query: object({ entry: ADDRESSES, confirmed: CONFIRMED }),
    async run(asked, parts): Promise<IpGroupSaved | SettingsSaved> {
      const { name } = show(parts.settings.current().settings, asked.params.name ?? '')
      const gone = (asked.query.entry ?? []) as readonly string[]
      const confirmed = asked.query.confirmed === true
      if (gone.length === 0) {
        refuseInUse(show(parts.settings.current().settings, name))
        const comment = `remove the IP group ${name}`
        return changeSettings(parts, asked, confirmed, (options) =>
          parts.settings.set(`ipGroups.${name}`, 'null', { ...options, comment }),
        )
      }
      return save(asked, parts, confirmed, (before = []) => {
        const meant = namedIn(before, gone, name)
        return before.filter((entry) => !meant.has(entry))
      })
    },
  },
  {
    method: 'GET',
    path: '/api/ipgroups/:name/test',
    query: object({ ip: textUpTo(64) }, ['ip']),
    async run({ params, query }, { settings, machineAddresses }): Promise<IpGroupTest> {
      const { name } = show(settings.current().settings, params.name ?? '')
      const ip = normalizeIp(String(query.ip))
      if (ip === undefined) throw new Problem(400, `Cannot read ${JSON.stringify(query.ip)}: expected an IP address`)
      const groups = compileGroups(settings.current().settings.ipGroups, machineAddresses())
      return { group: name, ip, member: groups.has(name, ip) }
    },
  },
]

function show(settings: Settings, name: string): IpGroup {
  const entries = Object.hasOwn(settings.ipGroups, name) ? settings.ipGroups[name] : undefined
  if (entries === undefined) throw notFound('IP address group', name, LIST_TODO)
  return { name, entries, usedBy: usersOf(settings, name) }
}

/** What a group gives, or keeps out, is decided where it is named: there it goes first. */
function refuseInUse({ name, usedBy }: IpGroup): void {
  if (usedBy.length === 0) return
  const what = `Cannot remove the IP address group ${JSON.stringify(name)}: it is used by ${usedBy.join(', ')}`
  throw new Problem(409, what, 'Name another group there, or take it out there, first')
}

function entriesOf({ body }: Asked): readonly GroupEntry[] {
  const parsed = groupEntries.parse((body as { entries: unknown }).entries)
  if (parsed.ok) return parsed.value
  const given = (body as { entries: readonly unknown[] }).entries[Number(parsed.path?.[0])]
  throw new Problem(400, `Cannot take ${JSON.stringify(given) ?? 'these entries'}: wanted ${parsed.wanted}`)
}

function confirmedIn({ body }: Asked): boolean | undefined {
  return (body as Confirmable).confirmed
}

/** Change the entries of a group, or make it: `edit` is given those of now. */
async function save(
  asked: Asked,
  parts: AdminParts,
  confirmed: boolean | undefined,
  edit: (before: readonly GroupEntry[] | undefined) => readonly GroupEntry[],
): Promise<IpGroupSaved> {
  const name = asked.params.name ?? ''
  const { warnings } = await changeSettings(parts, asked, confirmed, (options) => {
    const { ipGroups } = parts.settings.current().settings
    const entries = edit(Object.hasOwn(ipGroups, name) ? ipGroups[name] : undefined)
    // JSON is YAML, and needs no thought about quotes.
    const text = JSON.stringify(groupEntries.format(entries))
    return parts.settings.set(`ipGroups.${name}`, text, { ...options, comment: `set the IP group ${name}` })
  })
  return { ...show(parts.settings.current().settings, name), warnings }
}

/** Add entries; one that is there already is switched as the new one says, and keeps its description where that has none. */
function withAdded(before: readonly GroupEntry[], added: readonly GroupEntry[]): readonly GroupEntry[] {
  const entries = new Map(before.map((entry) => [keyOf(entry.address), entry]))
  for (const entry of added) {
    const key = keyOf(entry.address)
    entries.set(key, { ...entries.get(key), ...entry })
  }
  return [...entries.values()]
}

function changed(
  entry: GroupEntry,
  { enabled = entry.enabled, description = entry.description }: EntryChange,
): GroupEntry {
  return {
    address: entry.address,
    enabled,
    ...(description === undefined || description === null || description === '' ? {} : { description }),
  }
}

/** Find the entries that are named, however they are written. */
function namedIn(entries: readonly GroupEntry[], named: readonly string[], group: string): ReadonlySet<GroupEntry> {
  const found = new Map(entries.map((entry) => [keyOf(entry.address), entry]))
  return new Set(
    named.map((address) => {
      const entry = found.get(keyOf(address))
      if (entry !== undefined) return entry
      const what = `There is no entry ${JSON.stringify(address)} in the group ${group}`
      throw new Problem(404, what, `See: postern ipgroup show ${group}`)
    }),
  )
}

/** The same for every way of writing the same addresses: 192.0.2.0/24 and 192.0.2.0/255.255.255.0. */
function keyOf(address: string): string {
  const member = parseGroupAddress(address)
  return member.is === 'range' ? `${member.range.family} ${member.range.first}-${member.range.last}` : address
}

/** List the settings that name a group. */
function usersOf(settings: Settings, name: string): readonly string[] {
  const inner = `group:${name}`
  return [
    ...(settings.relay.ipGroup === name ? ['relay.ipGroup'] : []),
    ...(settings.trust.ipGroup === name ? ['trust.ipGroup'] : []),
    ...(settings.limits.exemptGroup === name ? ['limits.exemptGroup'] : []),
    ...(settings.limits.neverBlock.includes(inner) ? ['limits.neverBlock'] : []),
    ...Object.entries(settings.services).flatMap(([service, { ipGroup, proxyFrom }]) => [
      ...(ipGroup === name ? [`services.${service}.ipGroup`] : []),
      ...(proxyFrom.includes(inner) ? [`services.${service}.proxyFrom`] : []),
    ]),
    ...Object.entries(settings.ipGroups)
      .filter(([, entries]) => entries.some(({ address }) => address === inner))
      .map(([other]) => `ipGroups.${other}`),
  ]
}
