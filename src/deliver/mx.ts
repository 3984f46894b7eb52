/** The servers that take mail for a domain (RFC 5321 §5.1), in the order in which they are to be tried. */
import { isIP } from 'node:net'
import type { Dns, DnsAnswer, DnsNone, DnsUnknown, MxRecord, Validated } from '#base/dns.ts'
import { normalizeDnsName } from '#base/dns-name.ts'
import { normalizeIp } from '#base/ip.ts'
import { printable } from '#base/printable.ts'
import type { Trouble } from '#queue/contract.ts'
import type { ServerAddress } from './contract.ts'
import { systemAddresses } from './system-addresses.ts'
import { isUnroutable } from './unroutable.ts'

/** A host that takes mail for the domain. */
export interface MailHost {
  /** The name of its MX record, or of the domain itself; an address where the recipient's domain is one. */
  readonly host: string
  /** Its addresses in the order to try them. */
  readonly addresses: readonly string[]
  /** DNSSEC stands behind its addresses. */
  readonly secure: boolean
  /** The name behind an alias (CNAME), where there is one. */
  readonly canonical?: string
}

export interface FoundServers {
  readonly is: 'servers'
  /** Best first; never empty. */
  readonly servers: readonly ServerAddress[]
  /** The hosts of `servers`, in their order. */
  readonly hosts: readonly MailHost[]
  /** DNSSEC stands behind the choice of these hosts: the MX records, or that there are none (RFC 7672 §2.2.1). */
  readonly secureMx: boolean
}

export interface FindOptions {
  readonly dns: Pick<Dns, 'mx' | 'addresses'>
  readonly families: 'both' | 'ipv4' | 'ipv6'
  readonly port: number
  /** Names that MX records know this server by, lower case. */
  readonly ownNames: ReadonlySet<string>
  /** Addresses of this machine, and the ports on which this server takes mail. */
  readonly ownAddresses: ReadonlySet<string>
  readonly ownPorts: ReadonlySet<number>
  /** Looks a name up as the system does: its hosts file, its search domains. Gives none where that fails. */
  readonly lookUp?: (name: string) => Promise<readonly string[]>
  /** Gives a number in [0, 1): orders hosts of equal preference. */
  readonly random: () => number
}

/** A domain may name hundreds; RFC 5321 §5.1 wants two tried at least. */
const MOST_HOSTS = 10
const MOST_ADDRESSES = 20
const MOST_ADDRESSES_OF_HOST = 6
const SMTP_PORT = 25

type Addresses = DnsAnswer<Validated & { readonly addresses: readonly string[] }>

interface Candidate {
  readonly record: MxRecord
  readonly found: MailHost | DnsNone | DnsUnknown | 'ourselves'
}

/** Find the servers of a recipient's domain; a domain in brackets is an address (RFC 5321 §4.1.3). */
export async function findServers(domain: string, options: FindOptions): Promise<FoundServers | Trouble> {
  if (domain.startsWith('[')) return literalServer(domain, options)
  const name = normalizeDnsName(domain)
  if (name === undefined) return failed('5.1.2', `"${printable(domain, 255)}" is no domain name`)

  const mx = await options.dns.mx(name)
  if (mx.is === 'unknown') return deferredByDns(name, 'MX', mx)
  if (mx.is === 'none') {
    // RFC 5321 §5.1: only a name that exists and has no MX record is its own host, as if by preference 0. Where there are MX
    // records and none is of use, that is an error.
    if (mx.why !== 'no data') return failed('5.1.2', `Nothing can be sent to ${name}: ${reasonOf(mx)}`)
    return choose(name, [{ host: name, preference: 0 }], mx.secure === true, options)
  }
  const named = mx.exchanges.filter(({ host }) => host !== '')
  // RFC 7505 §3: a domain that takes no mail; §4.2 gives the status.
  if (named.length === 0) return failed('5.1.10', `${name} takes no mail (null MX)`)
  return choose(name, inTurn(named, options.random).slice(0, MOST_HOSTS), mx.secure === true, options)
}

/** Find the addresses of a relay or LMTP server, whose MX records are not asked (RFC 5321 §5.1 is for domains). */
export async function findHost(host: string, options: FindOptions): Promise<FoundServers | Trouble> {
  const { port, ownAddresses, ownPorts } = options
  const literal = normalizeIp(host.replace(/^\[(?:IPv6:)?(.*)\]$/i, '$1'))
  const answer = literal === undefined ? await addressesByName(host, options) : foundAddresses([literal])
  const found = hostOf(literal ?? host, answer, options, () => true)
  if ('addresses' in found) {
    if (ownPorts.has(port) && found.addresses.some((ip) => ownAddresses.has(ip))) {
      return { ...failed('5.4.6', `The relay server ${host}:${port} is this server itself`), scope: 'server' }
    }
    return serversOf([found], true, port)
  }
  // Whoever wrote the name of a server may have it mended before the mail is too old.
  const because = found.is === 'unknown' ? found.because : reasonOf(found)
  return {
    is: 'deferred',
    status: found.is === 'unknown' ? '4.4.3' : '4.4.4',
    because: `Cannot find the address of the server ${host}: ${because}`,
    stage: 'dns',
    scope: 'server',
  }
}

/** Find the addresses of a server that the administrator named, which may stand in the system's hosts file alone. */
async function addressesByName(host: string, { dns, lookUp = systemAddresses }: FindOptions): Promise<Addresses> {
  const answer = await dns.addresses(host)
  if (answer.is === 'found') return answer
  const addresses = await lookUp(host)
  return addresses.length === 0 ? answer : foundAddresses(addresses)
}

function foundAddresses(addresses: readonly string[]): Addresses {
  return { is: 'found', addresses }
}

/** RFC 5321 §5.1: most preferred first; equals in random order, so that each has its share of the load. */
function inTurn(records: readonly MxRecord[], random: () => number): readonly MxRecord[] {
  const seen = new Set<string>()
  return shuffled(records, random)
    .sort((a, b) => a.preference - b.preference)
    .filter(({ host }) => !seen.has(host) && seen.add(host))
}

async function choose(
  domain: string,
  records: readonly MxRecord[],
  secureMx: boolean,
  options: FindOptions,
): Promise<FoundServers | Trouble> {
  const candidates = await Promise.all(
    records.map(async (record): Promise<Candidate> => {
      if (options.ownNames.has(record.host)) return { record, found: 'ourselves' }
      const found = hostOf(record.host, await options.dns.addresses(record.host), options, isForeign(options))
      return { record, found: 'addresses' in found && isOurs(found, options) ? 'ourselves' : found }
    }),
  )
  const own = candidates.find(({ found }) => found === 'ourselves')
  // RFC 5321 §5.1: ourselves, our equals and all that are less preferred are left out, or mail would go in circles.
  const better = own === undefined ? candidates : candidates.filter((one) => isBetter(one, own))
  const hosts = better.map(({ found }) => found).filter((found) => isHost(found))
  if (hosts.length > 0) return serversOf(hosts, secureMx, options.port)

  const unknown = better.find((one) => typeof one.found === 'object' && 'is' in one.found && one.found.is === 'unknown')
  if (unknown !== undefined) return deferredByDns(unknown.record.host, 'address', unknown.found as DnsUnknown)
  if (own !== undefined) {
    const because = `The best server of ${domain}, ${own.record.host}, is this server itself, and the domain is not one of its own`
    return failed('5.4.6', because)
  }
  const reasons = better.map(({ record, found }) => `${record.host}: ${reasonOf(found as DnsNone)}`)
  const because = `No server of ${domain} has an address (${printable(reasons.join('; '), 300)})`
  return failed(better.length === 1 && better[0]?.record.host === domain ? '5.1.2' : '5.4.4', because)
}

function isBetter({ record }: Candidate, own: Candidate): boolean {
  return record.preference < own.record.preference
}

function isHost(found: Candidate['found']): found is MailHost {
  return typeof found === 'object' && 'addresses' in found
}

/**
 * Tell whether a host is this machine, where mail would come back to us or reach what trusts loopback. Other private
 * addresses are let through: companies do have their domains' servers there, and all that is said to them is SMTP.
 */
function isOurs({ addresses }: MailHost, { ownAddresses, ownPorts, port }: FindOptions): boolean {
  return addresses.some((ip) => ownPorts.has(port) && ownAddresses.has(ip))
}

/** Tell which addresses another domain may lead to. On another port, in a closed network, all may well stand on one machine. */
function isForeign({ port }: FindOptions): (ip: string) => boolean {
  return (ip) => port !== SMTP_PORT || !isUnroutable(ip)
}

function hostOf(
  host: string,
  answer: Addresses,
  { families, random }: FindOptions,
  isAllowed: (ip: string) => boolean,
): MailHost | DnsNone | DnsUnknown {
  if (answer.is !== 'found') return answer
  const usable = answer.addresses
    .map(normalizeIp)
    .filter((ip) => ip !== undefined)
    .filter((ip) => families === 'both' || families === (isIP(ip) === 6 ? 'ipv6' : 'ipv4'))
    .filter(isAllowed)
  if (usable.length === 0) {
    const which = { both: 'usable', ipv4: 'IPv4', ipv6: 'IPv6' }[families]
    return { is: 'none', why: `it has no ${which} address` }
  }
  return {
    host,
    addresses: interleaved(shuffled(usable, random)).slice(0, MOST_ADDRESSES_OF_HOST),
    secure: answer.secure === true,
    ...(answer.canonical === undefined ? {} : { canonical: answer.canonical }),
  }
}

function literalServer(domain: string, options: FindOptions): FoundServers | Trouble {
  const ip = normalizeIp(domain.slice(1, -1).replace(/^ipv6:/i, ''))
  if (ip === undefined || !domain.endsWith(']')) {
    return failed('5.1.2', `"${printable(domain, 255)}" is no address in brackets`)
  }
  const host = hostOf(ip, foundAddresses([ip]), options, isForeign(options))
  if (!('addresses' in host)) return failed('5.1.2', `Nothing can be sent to ${domain}: ${reasonOf(host as DnsNone)}`)
  if (isOurs(host, options)) return failed('5.4.6', `${domain} is this server itself, and not one of its domains`)
  return serversOf([host], false, options.port)
}

function serversOf(hosts: readonly MailHost[], secureMx: boolean, port: number): FoundServers {
  const servers = hosts.flatMap(({ host, addresses }) => addresses.map((ip) => ({ host, ip, port })))
  return { is: 'servers', servers: servers.slice(0, MOST_ADDRESSES), hosts, secureMx }
}

/** IPv6 and IPv4 in turn, so that a family that leads nowhere costs one try and not all (RFC 8305 §4). */
function interleaved(addresses: readonly string[]): readonly string[] {
  const ipv6 = addresses.filter((ip) => isIP(ip) === 6)
  const ipv4 = addresses.filter((ip) => isIP(ip) === 4)
  const most = Math.max(ipv6.length, ipv4.length)
  return Array.from({ length: most }, (_, index) => [ipv6[index], ipv4[index]])
    .flat()
    .filter((ip) => ip !== undefined)
}

/** Fisher and Yates' shuffle, of a copy. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items]
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    ;[copy[last], copy[other]] = [copy[other] as T, copy[last] as T]
  }
  return copy
}

function reasonOf({ why }: DnsNone): string {
  if (why === 'NXDOMAIN') return 'there is no such name in DNS (NXDOMAIN)'
  return why === 'no data' ? 'it has neither MX nor address records' : why
}

function deferredByDns(name: string, what: string, { because }: DnsUnknown): Trouble {
  return {
    is: 'deferred',
    status: '4.4.3',
    because: `DNS did not say the ${what} records of ${name}: ${because}`,
    stage: 'dns',
    scope: 'domain',
  }
}

function failed(status: string, because: string): Trouble {
  return { is: 'failed', status, because, stage: 'dns', scope: 'domain' }
}
