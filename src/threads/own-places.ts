import { normalizeIp } from '#base/network-set.ts'
import { parseHostPort } from '#settings/entries.ts'
import { USUAL_PORTS } from '#settings/listen.ts'
import type { Policy } from './messages.ts'

/** How other domains' MX records may name this server: mail for them that leads back here would go in circles (RFC 5321 §5.1). */
export interface OwnPlaces {
  /** Lower case. */
  readonly ownNames: ReadonlySet<string>
  readonly ownAddresses: ReadonlySet<string>
  /** Where it takes mail from other servers. */
  readonly ownPorts: ReadonlySet<number>
}

/** Gather the names, addresses and ports of this server. */
export function createOwnPlaces({ settings, hostname, machineAddresses }: Policy): OwnPlaces {
  const { server, delivery, services } = settings
  const names = [hostname, server.hostname, delivery.hostname].filter((name) => name !== undefined)
  const ports = services.smtp.listen.map((place) => parseHostPort(place)?.port ?? USUAL_PORTS.standard.smtp)
  return {
    ownNames: new Set(names.map((name) => name.toLowerCase())),
    ownAddresses: new Set(machineAddresses.map((ip) => normalizeIp(ip) ?? ip)),
    ownPorts: new Set(ports),
  }
}
