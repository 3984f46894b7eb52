import { isIP } from 'node:net'
import { isTemporary, messageOf } from '#base/fault.ts'
import type { TlsaData, ValidatedDns } from '#base/validated-dns.ts'
import type { Trouble } from '#queue/contract.ts'
import type { Settings } from '#settings/schema.ts'
import type { NewQueueEntry } from '#store/contract.ts'
import type { ServerAddress, TlsRequirement } from '../contract.ts'
import type { Route } from '../route.ts'
import { configuredMode } from './configured-mode.ts'
import { usableTlsa } from './dane-match.ts'
import { type DaneFinding, type StsFinding, type TlsFacts, tlsRequirement } from './requirement.ts'
import { type StsPolicy, stsNamesHost } from './sts-policy.ts'

export interface RequirementsParts {
  readonly settings: () => Pick<Settings, 'delivery'>
  readonly dns: Pick<ValidatedDns, 'mx' | 'addresses' | 'tlsa'>
  /** The MTA-STS policy of a domain, or why there is none. */
  readonly stsPolicy: (domain: string) => Promise<StsPolicy | { readonly none: string }>
  /** Told of a server that the domain's policy does not name: that belongs into the domain's TLS report. */
  readonly unnamed?: (domain: string, server: ServerAddress) => void
}

/** By which way, as far as TLS is concerned. */
interface WayToServer {
  /** The recipient's domain, A-labels. */
  readonly domain: string
  readonly route: Route
}

/** What the message itself wishes of TLS (RFC 8689). */
type TlsWishes = Pick<NewQueueEntry, 'requireTls' | 'tlsOptional'>

const NO_STS: StsFinding = { is: 'none', because: 'delivery.mtaSts is off' }
const NO_DANE: DaneFinding = { is: 'none', because: 'delivery.dane is off' }

/** Create the finder of what TLS has to be on the way to a server: gathers what settings, DANE and MTA-STS say, and decides. */
export function createTlsRequirements(parts: RequirementsParts): {
  /** Decide for one server; trouble when it must not be used (of `scope: 'server'`: the next one may). Rejects with bugs alone. */
  requirementFor(way: WayToServer, server: ServerAddress, entry: TlsWishes): Promise<TlsRequirement | Trouble>
  /** Gather what the decision rests on. */
  factsFor(way: WayToServer, server: ServerAddress, entry: TlsWishes): Promise<TlsFacts>
} {
  const { dns } = parts

  async function factsFor(
    { domain, route }: WayToServer,
    { host, port }: ServerAddress,
    { requireTls, tlsOptional }: TlsWishes,
  ): Promise<TlsFacts> {
    const { delivery } = parts.settings()
    const { via } = route
    const isNamed = isIP(host) === 0 && via !== 'lmtp'
    // What would not be heeded is not asked for.
    const heeds = requireTls === true || tlsOptional !== true
    const asksDane = delivery.dane && isNamed && heeds
    const secureMx =
      via === 'mx' && isNamed && (asksDane || requireTls === true) ? await secureChoice(domain, host) : false
    const dane = asksDane ? await daneOf(domain, host, port, via === 'mx' ? secureMx : true) : NO_DANE
    // RFC 8461 §2: where DANE speaks, MTA-STS is not asked.
    const asksSts =
      delivery.mtaSts && via === 'mx' && isNamed && heeds && dane.is !== 'records' && dane.is !== 'unknown'
    return {
      domain,
      host,
      via,
      mode: configuredMode(delivery, route, domain),
      requireTls: requireTls === true,
      tlsOptional: tlsOptional === true,
      secureMx,
      dane,
      sts: asksSts ? await stsOf(domain, host) : NO_STS,
    }
  }

  /** Tell whether DNSSEC stands behind the choice of a host for a domain; a sentence when that could not be found out. */
  async function secureChoice(domain: string, host: string): Promise<boolean | string> {
    const mx = await dns.mx(domain)
    if (mx.is === 'unknown') return mx.because
    if (mx.secure !== true) return false
    const isNamed = mx.is === 'found' ? mx.exchanges.some((one) => one.host === host) : host === domain
    return isNamed ? true : `${host} is not what the signed MX records of ${domain} name`
  }

  async function daneOf(domain: string, host: string, port: number, secureMx: boolean | string): Promise<DaneFinding> {
    if (typeof secureMx === 'string') return { is: 'unknown', because: secureMx }
    // RFC 7672 §2.2.1: whoever can forge the MX records names a host of his own.
    if (!secureMx) return { is: 'none', because: `DNSSEC does not sign the MX records of ${domain}` }
    const addresses = await dns.addresses(host)
    if (addresses.is === 'unknown') return { is: 'unknown', because: addresses.because }
    // RFC 7672 §2.2.2: a zone without DNSSEC is not asked for TLSA records, which some of its servers cannot answer.
    if (addresses.is === 'none' || addresses.secure !== true) {
      return { is: 'none', because: `DNSSEC does not sign the address of ${host}` }
    }
    const canonical = addresses.canonical
    const bases = canonical === undefined || canonical === host ? [host] : [canonical, host]
    for (const base of bases) {
      const tlsa = await dns.tlsa(`_${port}._tcp.${base}`)
      if (tlsa.is === 'unknown') return { is: 'unknown', because: tlsa.because }
      if (tlsa.is === 'found' && tlsa.secure === true)
        return findingOf(tlsa.records, [...new Set([base, host, domain])])
    }
    return { is: 'none', because: `${host} has no TLSA records` }
  }

  async function stsOf(domain: string, host: string): Promise<StsFinding> {
    const policy = await parts.stsPolicy(domain)
    if ('none' in policy) return { is: 'none', because: policy.none }
    if (policy.mode === 'none') return { is: 'none', because: `the policy of ${domain} has mode none` }
    return { is: 'policy', mode: policy.mode, namesHost: stsNamesHost(policy, host) }
  }

  return {
    factsFor,
    async requirementFor(way, server, entry) {
      try {
        const facts = await factsFor(way, server, entry)
        if (facts.sts.is === 'policy' && !facts.sts.namesHost) parts.unnamed?.(way.domain, server)
        return tlsRequirement(facts)
      } catch (error) {
        if (!isTemporary(error)) throw error
        // Without the policy that is kept, mail might go where it says that none may.
        const because = `What TLS has to be on the way to ${way.domain} could not be read: ${messageOf(error)}`
        return { is: 'deferred', status: '4.3.0', because, stage: 'starttls', scope: 'message' }
      }
    },
  }
}

function findingOf(records: readonly TlsaData[], names: readonly string[]): DaneFinding {
  const usable = usableTlsa(records)
  return usable.length === 0 ? { is: 'unusable' } : { is: 'records', records: usable, names }
}
