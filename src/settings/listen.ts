/** Where the services listen: the ports they have when none is named, and who could reach them. */
import { isIPv6 } from 'node:net'
import { normalizeIp, PRIVATE } from '#base/network-set.ts'
import { parseHostPort } from './entries.ts'
import type { ServiceName, Settings } from './schema.ts'

/** `standard` are the Internet's own ports (below 1024, for root); `high` those of an unprivileged start. */
export type Ports = 'standard' | 'high'

/** The port of each service where `services.NAME.listen` names none. */
export const USUAL_PORTS: Readonly<Record<Ports, Readonly<Record<ServiceName, number>>>> = {
  standard: { smtp: 25, submission: 587, submissions: 465, pop3: 110, pop3s: 995, admin: 8025 },
  high: { smtp: 2525, submission: 2587, submissions: 2465, pop3: 2110, pop3s: 2995, admin: 8025 },
}

export interface ListenPlace {
  readonly service: ServiceName
  /** Its place in `services.NAME.listen`. */
  readonly index: number
  /** An address, or `*` for all of both families. */
  readonly host: string
  /** 0 is any free port. */
  readonly port: number
}

/** List every place to listen at, usual ports filled in. */
export function listenPlaces(settings: Settings, ports: Ports): readonly ListenPlace[] {
  return (Object.keys(settings.services) as ServiceName[]).flatMap((service) =>
    settings.services[service].listen.flatMap((text, index) => {
      const parsed = parseHostPort(text)
      return parsed === undefined
        ? []
        : [{ service, index, host: parsed.host, port: parsed.port ?? USUAL_PORTS[ports][service] }]
    }),
  )
}

/** Tell whether two places want the same port of the same address. */
export function sameListenPlace(a: ListenPlace, b: ListenPlace): boolean {
  return a.port !== 0 && a.port === b.port && sharesAddress(a.host, b.host)
}

function sharesAddress(a: string, b: string): boolean {
  // :: takes IPv4 as well, as * does.
  if (a === '*' || b === '*' || a === '::' || b === '::') return true
  if (a === '0.0.0.0') return !isIPv6(b)
  if (b === '0.0.0.0') return !isIPv6(a)
  return normalizeIp(a) === normalizeIp(b)
}

/** Tell whether only this machine or a private network can reach a place. Behind a proxy it is the proxy that says who comes. */
export function isPrivatePlace({ host, service }: ListenPlace, { services }: Pick<Settings, 'services'>): boolean {
  return PRIVATE.has(host) && services[service].proxyFrom.length === 0
}
