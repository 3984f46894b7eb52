/** What settings must be together: each check names the settings it weighs, and says what to do. */
import { NetworkSet } from '#base/network-set.ts'
import { parseGroupAddress } from './ip-group-entries.ts'
import { compileGroups, type IpGroups, noSuchGroup } from './ip-groups.ts'
import { isPrivatePlace, type ListenPlace, listenPlaces, type Ports, sameListenPlace } from './listen.ts'
import { MOST_PROBLEMS, type Problem, quote } from './problem.ts'
import type { ServiceName, Settings } from './schema.ts'

export interface CheckOptions {
  /**
   * Which ports the services have where none is named. `any`: not known, or for the socket to say, so that places to listen are
   * not compared.
   */
  readonly ports?: Ports | 'any'
}

/** Check what no single setting can tell; an empty list is a sound whole. */
export function checkSettings(settings: Settings, { ports = 'standard' }: CheckOptions = {}): readonly Problem[] {
  // What `this-machine` stands for differs from machine to machine, and never decides whether settings are sound.
  const groups = compileGroups(settings.ipGroups, [])
  return [
    ...groups.problems,
    ...groupsInUse(settings, groups),
    ...proxies(settings, groups),
    ...certificate(settings),
    ...(ports === 'any' ? [] : listenersApart(settings, ports)),
    ...openRelay(settings, ports === 'any' ? 'standard' : ports),
  ].slice(0, MOST_PROBLEMS)
}

function servicesOf(settings: Settings): readonly ServiceName[] {
  return Object.keys(settings.services) as ServiceName[]
}

interface Use {
  readonly path: string
  readonly group: string | undefined
  /** What to write where nobody is meant. */
  readonly instead: string
  /** What members may do that strangers may not; undefined where a group only narrows. */
  readonly grants?: string
}

function usesOf(settings: Settings): readonly Use[] {
  const nobody = { instead: 'write null for nobody' }
  return [
    { path: 'relay.ipGroup', group: settings.relay.ipGroup, ...nobody, grants: 'send to any domain: an open relay' },
    {
      path: 'trust.ipGroup',
      group: settings.trust.ipGroup,
      instead: 'write null for the relay group',
      grants: 'send unchecked',
    },
    ...servicesOf(settings).map((name) => ({
      path: `services.${name}.ipGroup`,
      group: settings.services[name].ipGroup,
      instead: `write services.${name}.listen: [] to turn the service off`,
    })),
  ]
}

/** More than this share of all public addresses is the whole Internet for us: 0.0.0.0/1 is no office. */
const MOST_PUBLIC_SHARE = 0.5

function* groupsInUse(settings: Settings, groups: IpGroups): Generator<Problem> {
  for (const { path, group, instead, grants } of usesOf(settings)) {
    if (group === undefined) continue
    const also = [`ipGroups.${group}`]
    const entries = Object.hasOwn(settings.ipGroups, group) ? settings.ipGroups[group] : undefined
    if (entries === undefined) {
      yield { path, also, says: noSuchGroup(group, Object.keys(settings.ipGroups)) }
    } else if (!entries.some(({ enabled }) => enabled)) {
      yield { path, also, says: `${path} names ipGroups.${group}, which has no enabled entry: add one, or ${instead}.` }
    } else if (grants !== undefined) {
      const share = internetShare(groups.set(group))
      if (share === undefined) continue
      yield {
        path,
        also,
        says: `${path} names ipGroups.${group}, which covers ${share}: strangers could ${grants}. Narrow the group.`,
      }
    }
  }
}

/** Say how much of the Internet a set covers, when that is more than any group of known clients can be. */
function internetShare(set: NetworkSet): string | undefined {
  const { ipv4, ipv6 } = set.publicShare()
  if (ipv4 <= MOST_PUBLIC_SHARE && ipv6 <= MOST_PUBLIC_SHARE) return undefined
  const [share, family] = ipv4 >= ipv6 ? [ipv4, 'IPv4'] : [ipv6, 'IPv6']
  return share === 1 ? `the whole ${family} Internet` : `${Math.floor(share * 100)} % of the ${family} Internet`
}

function* proxies(settings: Settings, groups: IpGroups): Generator<Problem> {
  for (const name of servicesOf(settings)) {
    const list = `services.${name}.proxyFrom`
    const sets: NetworkSet[] = []
    for (const [index, text] of settings.services[name].proxyFrom.entries()) {
      const path = `${list}[${index}]`
      const member = parseGroupAddress(text)
      if (member.is === 'range') sets.push(new NetworkSet([member.range]))
      else if (member.is !== 'group')
        yield { path, says: `Cannot take ${quote(text)}: wanted an address, a network or group:NAME.` }
      else if (Object.hasOwn(settings.ipGroups, member.group)) sets.push(groups.set(member.group))
      else yield { path, says: noSuchGroup(member.group, Object.keys(settings.ipGroups)) }
    }
    const share = internetShare(new NetworkSet(sets.flatMap((set) => [...set.ranges()])))
    if (share === undefined) continue
    yield {
      path: list,
      says: `${list} covers ${share}: strangers could claim any address. Name your own proxies only.`,
    }
  }
}

function* certificate({ tls }: Settings): Generator<Problem> {
  const [given, absent] = tls.keyFile === undefined ? ['certificateFile', 'keyFile'] : ['keyFile', 'certificateFile']
  if ((tls.keyFile === undefined) === (tls.certificateFile === undefined)) return
  yield {
    path: `tls.${given}`,
    also: [`tls.${absent}`],
    says: `tls.${given} is set and tls.${absent} is not: set both, or null for both.`,
  }
}

function pathOf({ service, index }: ListenPlace): string {
  return `services.${service}.listen[${index}]`
}

function* listenersApart(settings: Settings, ports: Ports): Generator<Problem> {
  const places = listenPlaces(settings, ports)
  for (const [index, place] of places.entries()) {
    const other = places.slice(0, index).find((earlier) => sameListenPlace(earlier, place))
    if (other === undefined) continue
    const [path, otherPath] = [pathOf(place), pathOf(other)]
    const says = `${path} and ${otherPath} both want port ${place.port} of ${place.host === '*' ? other.host : place.host}: move one of them.`
    yield { path, also: [pathOf(other)], says }
  }
}

const SMTP_SERVICES: readonly ServiceName[] = ['smtp', 'submission', 'submissions']

function* openRelay(settings: Settings, ports: Ports): Generator<Problem> {
  if (settings.relay.mode !== 'open') return
  const open = listenPlaces(settings, ports).filter(
    (place) => SMTP_SERVICES.includes(place.service) && !isPrivatePlace(place),
  )
  const [place] = open
  if (place === undefined) return
  const says = `relay.mode is open and ${pathOf(place)} is ${place.host} port ${place.port}, which the Internet may reach: anyone could send spam through this server. Listen on loopback or private addresses only, or leave relay.mode controlled.`
  yield { path: 'relay.mode', also: open.map(pathOf), says }
}
