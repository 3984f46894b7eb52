import { normalizeIp } from '#base/network-set.ts'
import { type GroupEntry, groupEntries } from '#settings/ip-group-entries.ts'
import { compileGroups } from '#settings/ip-groups.ts'
import type { Settings } from '#settings/schema.ts'
import type { IpGroup, IpGroupTest } from '../api.ts'
import type { AdminParts } from '../parts.ts'
import { notFound, Problem } from '../problem.ts'
import { type Asked, object, type Route, textUpTo } from '../route.ts'
import { change } from './settings.ts'

const MOST_BYTES = 16 * 1024 * 1024

const ENTRY = {
  anyOf: [
    textUpTo(256),
    object({ address: textUpTo(256), enabled: { type: 'boolean' }, description: textUpTo(500) }, ['address']),
  ],
} as const
const BODY = object({ entries: { type: 'array', items: ENTRY, minItems: 1 } }, ['entries'])

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
    async run(asked, parts): Promise<IpGroup> {
      const added = entriesOf(asked)
      const named = new Set(added.map(({ address }) => address))
      const before = parts.settings.current().settings.ipGroups[asked.params.name ?? ''] ?? []
      return save(asked, parts, [...before.filter(({ address }) => !named.has(address)), ...added])
    },
  },
  {
    method: 'PUT',
    path: '/api/ipgroups/:name',
    body: BODY,
    mostBytes: MOST_BYTES,
    async run(asked, parts): Promise<IpGroup> {
      show(parts.settings.current().settings, asked.params.name ?? '')
      return save(asked, parts, entriesOf(asked))
    },
  },
  {
    method: 'DELETE',
    path: '/api/ipgroups/:name',
    query: object({ entry: { type: 'array', items: textUpTo(256), maxItems: 1000 } }),
    async run(asked, parts): Promise<unknown> {
      const name = asked.params.name ?? ''
      const { entries } = show(parts.settings.current().settings, name)
      const gone = (asked.query.entry ?? []) as readonly string[]
      if (gone.length === 0) {
        const comment = `remove the IP group ${name}`
        return change(parts, asked.author, () => parts.settings.set(`ipGroups.${name}`, 'null', asked.author, comment))
      }
      const unknown = gone.find((entry) => !entries.some(({ address }) => address === entry))
      if (unknown !== undefined)
        throw notFound(`entry in the group ${name}`, unknown, `See: postern ipgroup show ${name}`)
      return save(
        asked,
        parts,
        entries.filter(({ address }) => !gone.includes(address)),
      )
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

function entriesOf({ body }: Asked): readonly GroupEntry[] {
  const parsed = groupEntries.parse((body as { entries: unknown }).entries)
  if (parsed.ok) return parsed.value
  const given = (body as { entries: readonly unknown[] }).entries[Number(parsed.path?.[0])]
  throw new Problem(400, `Cannot take ${JSON.stringify(given) ?? 'these entries'}: wanted ${parsed.wanted}`)
}

async function save({ params, author }: Asked, parts: AdminParts, entries: readonly GroupEntry[]): Promise<IpGroup> {
  const name = params.name ?? ''
  // JSON is YAML, and needs no thought about quotes.
  const text = JSON.stringify(groupEntries.format(entries))
  await change(parts, author, () => parts.settings.set(`ipGroups.${name}`, text, author, `set the IP group ${name}`))
  return show(parts.settings.current().settings, name)
}

/** List the settings that name a group. */
function usersOf(settings: Settings, name: string): readonly string[] {
  const inner = `group:${name}`
  return [
    ...(settings.relay.ipGroup === name ? ['relay.ipGroup'] : []),
    ...(settings.trust.ipGroup === name ? ['trust.ipGroup'] : []),
    ...Object.entries(settings.services).flatMap(([service, { ipGroup, proxyFrom }]) => [
      ...(ipGroup === name ? [`services.${service}.ipGroup`] : []),
      ...(proxyFrom.includes(inner) ? [`services.${service}.proxyFrom`] : []),
    ]),
    ...Object.entries(settings.ipGroups)
      .filter(([, entries]) => entries.some(({ address }) => address === inner))
      .map(([other]) => `ipGroups.${other}`),
  ]
}
