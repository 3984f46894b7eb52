import { isAscii } from '#base/ascii.ts'
import type { Clock } from '#base/clock.ts'
import { normalizeDomain } from '#directory/address.ts'
import type { Trouble } from '#queue/contract.ts'
import type { Settings } from '#settings/schema.ts'
import type { QueueEntry } from '#store/contract.ts'
import type { ServerAddress } from './contract.ts'
import type { FoundServers, MailHost } from './mx.ts'
import { chooseRoute, type HostRoute, type Route } from './route.ts'
import { configuredMode } from './tls/configured-mode.ts'

/** By which way an entry goes: the servers to try in turn, and what is asked of them. */
export interface Way {
  readonly is: 'way'
  /** The servers it leads to, for bounding what is sent there at once. */
  readonly site: string
  /** Equal for all that go exactly this way. */
  readonly key: string
  /** The recipient's domain, A-labels. */
  readonly domain: string
  readonly route: Route
  readonly protocol: 'smtp' | 'lmtp'
  /** The best first; at least one. */
  readonly servers: readonly ServerAddress[]
  readonly hosts: readonly MailHost[]
  /** DNSSEC stands behind the choice of the hosts. */
  readonly secureMx: boolean
  readonly implicitTls: boolean
  /** The name of what to log in with, and by which protocol. */
  readonly credentials?: string
  readonly loginBy: 'smtp' | 'pop3'
}

/** Finds ways. Trouble is data; it never rejects. */
export interface Ways {
  find(entry: Pick<QueueEntry, 'sender' | 'returnPath' | 'recipient' | 'domain'>): Promise<Way | Trouble>
  /** Find the addresses of a server that is named, for something other than mail. */
  serversOf(host: string, port: number): Promise<readonly ServerAddress[] | Trouble>
  /** Forget what was found: the settings have changed. */
  forget(): void
}

export interface WaysParts {
  readonly settings: () => Settings
  readonly clock: Clock
  /** The servers that a domain names for its mail, the best first. */
  readonly findServers: (domain: string) => Promise<FoundServers | Trouble>
  /** The addresses of one server. */
  readonly findHost: (host: string, port: number) => Promise<FoundServers | Trouble>
}

/** A way is looked for anew after so long: long enough for a flow of messages, shorter than DNS answers usually hold. */
const KEPT_MS = 10_000
const MOST_KEPT = 10_000

interface Kept {
  readonly untilMs: number
  readonly way: Promise<Way | Trouble>
}

/** Create the finder of ways: rules first, then DNS. */
export function createWays(parts: WaysParts): Ways {
  const { settings, clock } = parts
  let kept = new Map<string, Kept>()

  /** Find once for all who ask for the same in a while; what could not be found is asked again at once. */
  function once(key: string, find: () => Promise<Way | Trouble>): Promise<Way | Trouble> {
    const nowMs = clock.monotonicMs()
    const found = kept.get(key)
    if (found !== undefined && found.untilMs > nowMs) return found.way
    kept.delete(key)
    const way = find()
    kept.set(key, { untilMs: nowMs + KEPT_MS, way })
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value as string)
    const mine = kept
    void way.then((answer) => {
      if (answer.is !== 'way') mine.delete(key)
    })
    return way
  }

  async function byMx(domain: string, route: Route): Promise<Way | Trouble> {
    const found = await parts.findServers(domain)
    if (found.is !== 'servers') return found
    const names = found.hosts.map(({ host }) => host).sort()
    return {
      ...found,
      is: 'way',
      site: `mx:${names.join(',')}`,
      key: `mx ${domain} ${route.rule ?? 0}`,
      domain,
      route,
      protocol: 'smtp',
      implicitTls: false,
      loginBy: 'smtp',
    }
  }

  async function byHost(domain: string, route: HostRoute): Promise<Way | Trouble> {
    const { via, host, port, implicitTls, login } = route
    const found = await parts.findHost(host, port)
    if (found.is !== 'servers') return found
    return {
      ...found,
      is: 'way',
      site: `${via}:${host}:${port}`,
      // The server is the same; what TLS has to be may be the recipient domain's wish.
      key: `${via} ${host} ${port} ${route.rule} ${configuredMode(settings().delivery, route, domain)}`,
      domain,
      route,
      protocol: via === 'lmtp' ? 'lmtp' : 'smtp',
      implicitTls,
      loginBy: login?.by ?? 'smtp',
      ...(login === undefined ? {} : { credentials: login.credentials }),
    }
  }

  return {
    async find({ sender, returnPath, recipient, domain: given }) {
      // RFC 5890 §2.3.2.1: one name, whichever way it is spelled; policies and settings go by A-labels.
      const domain = isAscii(given) ? given : (normalizeDomain(given) ?? given)
      const route = chooseRoute(settings().delivery.routes, { sender: returnPath ?? sender, recipient })
      if ('is' in route) return route
      if (route.via === 'mx') return once(`mx ${domain} ${route.rule ?? 0}`, () => byMx(domain, route))
      return once(`host ${domain} ${route.rule}`, () => byHost(domain, route))
    },
    async serversOf(host, port) {
      const found = await parts.findHost(host, port)
      return found.is === 'servers' ? found.servers : found
    },
    forget() {
      kept = new Map()
    },
  }
}
