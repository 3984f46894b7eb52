/** What settings must be together: each check names the settings it weighs, and says what to do. */
import { checkDelivery } from './delivery-checks.ts'
import { checkGroups } from './group-checks.ts'
import { compileGroups } from './ip-groups.ts'
import { formatDuration } from './kinds.ts'
import { isPrivatePlace, type ListenPlace, listenPlaces, type Ports, sameListenPlace } from './listen.ts'
import { MOST_PROBLEMS, type Problem } from './problem.ts'
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
  const groups = compileGroups(settings.ipGroups, THIS_MACHINE)
  return [
    ...groups.problems,
    ...checkGroups(settings, groups),
    ...certificate(settings),
    ...limitsTogether(settings),
    ...checkDelivery(settings),
    ...(ports === 'any' ? [] : listenersApart(settings, ports)),
    ...openRelay(settings, ports === 'any' ? 'standard' : ports),
  ].slice(0, MOST_PROBLEMS)
}

/** What else `this-machine` stands for differs from machine to machine, and never decides whether settings are sound. */
const THIS_MACHINE: readonly string[] = ['127.0.0.1', '::1']

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

/** Limits of which one may not be more than the other, and why. */
function* limitsTogether({ limits }: Settings): Generator<Problem> {
  const { blockFor, longestBlock, failedLogins, account } = limits
  const spans = [
    ['limits.blockFor', blockFor],
    ['limits.failedLogins.blockFor', failedLogins.blockFor],
  ] as const
  for (const [path, span] of spans) {
    if (span <= longestBlock) continue
    yield {
      path,
      also: ['limits.longestBlock'],
      says: `${path} is ${formatDuration(span)} and limits.longestBlock is ${formatDuration(longestBlock)}: the first block cannot be longer than the longest. Lower the first, or raise the second.`,
    }
  }
  const pairs = [
    ['messages', account.messagesPerHour, account.messagesPerDay],
    ['recipients', account.recipientsPerHour, account.recipientsPerDay],
  ] as const
  for (const [what, anHour, aDay] of pairs) {
    if (anHour === 'unlimited' || aDay === 'unlimited' || anHour <= aDay) continue
    const [path, other] = [`limits.account.${what}PerHour`, `limits.account.${what}PerDay`]
    const says = `${path} is ${anHour} and ${other} is ${aDay}: an hour cannot hold more than its day. Lower the first, or raise the second.`
    yield { path, also: [other], says }
  }
}

const SMTP_SERVICES: readonly ServiceName[] = ['smtp', 'submission', 'submissions']

/** An open relay that the Internet can reach needs a second yes: the server's name, written out. */
function* openRelay(settings: Settings, ports: Ports): Generator<Problem> {
  const { relay, server } = settings
  if (relay.mode !== 'open') return
  const open = listenPlaces(settings, ports).filter(
    (place) => SMTP_SERVICES.includes(place.service) && !isPrivatePlace(place, settings),
  )
  const [place] = open
  if (place === undefined) return
  const name = server.hostname?.toLowerCase()
  if (name !== undefined && relay.openConfirmedFor?.toLowerCase() === name) return
  const yes =
    name === undefined
      ? 'set server.hostname to its name, and relay.openConfirmedFor to the same'
      : `write its name out, relay.openConfirmedFor: ${name}`
  const proxied =
    settings.services[place.service].proxyFrom.length > 0 ? ` through services.${place.service}.proxyFrom` : ''
  yield {
    path: 'relay.mode',
    also: ['relay.openConfirmedFor', 'server.hostname', ...open.map(pathOf)],
    says: `relay.mode is open and ${pathOf(place)} is ${place.host} port ${place.port}, which the Internet may reach${proxied}: anyone could send spam through this server. Listen on loopback or private addresses only${proxied === '' ? '' : ', without a proxy'}, or leave relay.mode controlled. If it is to be an open relay to the world, ${yes}.`,
  }
}
