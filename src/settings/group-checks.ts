/** Where IP address groups are used, and what a group must be for it: there, not empty, and not the whole Internet. */
import { NetworkSet } from '#base/network-set.ts'
import { parseGroupAddress } from './ip-group-entries.ts'
import type { IpGroups } from './ip-groups.ts'
import { type Problem, quote } from './problem.ts'
import type { ServiceName, Settings } from './schema.ts'
import { nearest } from './suggest.ts'

/** A place that names a group. */
export interface GroupUse {
  /** `relay.ipGroup`, `limits.neverBlock[2]`, `ipGroups.office[0]`. */
  readonly path: string
  readonly group: string
  /** What to write where nobody is meant; undefined where an empty group does no harm. */
  readonly instead?: string
  /** What members may do that strangers may not; undefined where a group only narrows, or its list is judged as a whole. */
  readonly grants?: string
}

function servicesOf(settings: Settings): readonly ServiceName[] {
  return Object.keys(settings.services) as ServiceName[]
}

/** List every place that names a group. */
export function groupUses(settings: Settings, { inner }: Pick<IpGroups, 'inner'>): readonly GroupUse[] {
  const { relay, trust, limits, services } = settings
  const nobody = 'write null for nobody'
  const single: readonly (Omit<GroupUse, 'group'> & { readonly group: string | undefined })[] = [
    { path: 'relay.ipGroup', group: relay.ipGroup, instead: nobody, grants: 'send to any domain (an open relay)' },
    {
      path: 'trust.ipGroup',
      group: trust.ipGroup,
      instead: 'write null for the relay group',
      grants: 'send unchecked',
    },
    { path: 'limits.exemptGroup', group: limits.exemptGroup, instead: nobody, grants: 'pass every limit by address' },
    ...servicesOf(settings).map((name) => ({
      path: `services.${name}.ipGroup`,
      group: services[name].ipGroup,
      instead: `write services.${name}.listen: [] to turn the service off`,
    })),
  ]
  return [
    ...single.flatMap(({ group, ...use }) => (group === undefined ? [] : [{ ...use, group }])),
    ...listsOf(settings).flatMap(({ path, entries }) => inList(path, entries)),
    ...inner.map(({ outer, index, name }) => ({ path: `ipGroups.${outer}[${index}]`, group: name })),
  ]
}

interface ClientList {
  readonly path: string
  readonly entries: readonly string[]
  readonly grants: string
  readonly todo: string
}

/** The lists that hold clients: addresses, networks and groups. */
function listsOf({ services, limits }: Settings): readonly ClientList[] {
  return [
    ...Object.entries(services).map(([name, { proxyFrom }]) => ({
      path: `services.${name}.proxyFrom`,
      entries: proxyFrom,
      grants: 'strangers could claim any address',
      todo: 'Name your own proxies only.',
    })),
    {
      path: 'limits.neverBlock',
      entries: limits.neverBlock,
      grants: 'nobody could be blocked',
      todo: 'Name your own addresses only.',
    },
  ]
}

function inList(path: string, entries: readonly string[]): readonly GroupUse[] {
  return entries.flatMap((entry, index) => {
    const member = parseGroupAddress(entry)
    return member.is === 'group' ? [{ path: `${path}[${index}]`, group: member.group, instead: 'take it out' }] : []
  })
}

/** Check every group that is used, one problem for each, and every list of clients. */
export function* checkGroups(settings: Settings, groups: IpGroups): Generator<Problem> {
  const uses = Map.groupBy(groupUses(settings, groups), ({ group }) => group)
  for (const [name, places] of uses) {
    const problem = checkUsed(name, places, settings, groups)
    if (problem !== undefined) yield problem
  }
  for (const list of listsOf(settings)) yield* checkList(list, groups)
}

function checkUsed(
  name: string,
  places: readonly GroupUse[],
  { ipGroups }: Settings,
  groups: IpGroups,
): Problem | undefined {
  const group = `ipGroups.${name}`
  const [first, ...others] = places.map(({ path }) => path) as [string, ...string[]]
  const about = { path: first, also: [...others, group] }
  const entries = Object.hasOwn(ipGroups, name) ? ipGroups[name] : undefined
  if (entries === undefined) {
    const near = nearest(name, Object.keys(ipGroups))
    const todo = near === undefined ? 'add it under ipGroups.' : `did you mean ${near}?`
    const which = places.length === 1 ? '' : `, which ${naming(places)}`
    return { ...about, says: `There is no IP address group ${quote(name)}${which}: ${todo}` }
  }

  const needing = places.filter(({ instead }) => instead !== undefined)
  if (needing.length > 0 && groups.set(name).size === 0) {
    const which = entries.some(({ enabled }) => enabled) ? 'no address in it' : 'no enabled entry'
    const instead = [...new Set(needing.map((place) => place.instead))].slice(0, 3).join(', or ')
    return { ...about, says: `${naming(needing)} ${group}, which has ${which}: add one, or ${instead}.` }
  }

  const granting = places.filter(({ grants }) => grants !== undefined)
  const share = granting.length > 0 ? internetShare(groups.set(name)) : undefined
  if (share === undefined) return undefined
  const grants = granting.map((place) => place.grants).join(', and ')
  const says = `${naming(granting)} ${group}, which covers ${share}: strangers could ${grants}. Narrow the group.`
  return { ...about, path: granting[0]?.path ?? first, says }
}

/** Places that a sentence names at most. */
const MOST_NAMED = 5

/** Write `relay.ipGroup names` or `relay.ipGroup and trust.ipGroup name`. */
function naming(places: readonly GroupUse[]): string {
  const paths = places.slice(0, MOST_NAMED).map(({ path }) => path)
  const more = places.length - paths.length
  const last = more > 0 ? `${more} more places` : paths.pop()
  return paths.length === 0 ? `${last} names` : `${paths.join(', ')} and ${last} name`
}

function* checkList({ path, entries, grants, todo }: ClientList, groups: IpGroups): Generator<Problem> {
  const sets: NetworkSet[] = []
  for (const entry of entries) {
    const member = parseGroupAddress(entry)
    if (member.is === 'range') sets.push(new NetworkSet([member.range]))
    else if (member.is === 'group') sets.push(groups.set(member.group))
  }
  if (sets.length === 0) return
  const share = internetShare(new NetworkSet(sets.flatMap((set) => [...set.ranges()])))
  if (share !== undefined) yield { path, says: `${path} covers ${share}: ${grants}. ${todo}` }
}

/** More than this share of all public addresses is the whole Internet for us: 0.0.0.0/1 is no office. */
const MOST_PUBLIC_SHARE = 0.5

/** Say how much of the Internet a set covers (`the whole IPv4 Internet`), when that is more than any group of known clients can be. */
export function internetShare(set: NetworkSet): string | undefined {
  const { ipv4, ipv6 } = set.publicShare()
  if (ipv4 <= MOST_PUBLIC_SHARE && ipv6 <= MOST_PUBLIC_SHARE) return undefined
  const [share, family] = ipv4 >= ipv6 ? [ipv4, 'IPv4'] : [ipv6, 'IPv6']
  return share === 1 ? `the whole ${family} Internet` : `${Math.floor(share * 100)} % of the ${family} Internet`
}
