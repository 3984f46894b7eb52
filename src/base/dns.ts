/** Questions to DNS: bounded in time, in number and in memory; asked once for all who wait. An answer is data, never a throw. */
import type { Resolver } from 'node:dns/promises'
import type { Clock } from './clock.ts'
import { normalizeDnsName, reverseDnsName } from './dns-name.ts'
import {
  DnsQuestions,
  type Engine,
  type Kept,
  MAX_TTL_S,
  NO_NAME,
  NONE_TTL_MS,
  type Outcome,
  serversText,
  UNKNOWN_TTL_MS,
} from './dns-questions.ts'
import { openResolver } from './dns-resolver.ts'
import { Fault, messageOf } from './fault.ts'

/** There is no such record, and DNS said so (or the name can be none). */
export interface DnsNone {
  readonly is: 'none'
  /** `NXDOMAIN`: the name does not exist at all. `no data`: it has no such record. Else why it was not asked. */
  readonly why: string
  /** DNSSEC has proved it (only a `ValidatedDns` says so). */
  readonly secure?: true
}

/** It could not be found out; trying again later may help. */
export interface DnsUnknown {
  readonly is: 'unknown'
  readonly because: string
}

export type DnsAnswer<T> = ({ readonly is: 'found' } & T) | DnsNone | DnsUnknown

export interface MxRecord {
  /** `''` is the root: with it a domain says that it takes no mail (RFC 7505). */
  readonly host: string
  readonly preference: number
}

export interface DnsOptions {
  /** `HOST` or `HOST:PORT`; none: the system's own. */
  readonly servers: readonly string[]
  /** How long one question may take, all servers and tries together. */
  readonly timeoutMs: number
  /** Answers kept; a long one counts as several. */
  readonly cacheSize: number
}

/** What DNSSEC says of an answer; only a `ValidatedDns` fills it in. */
export interface Validated {
  /** The whole answer, aliases included, was validated by the server that gave it. */
  readonly secure?: true
  /** The name that aliases (CNAME) led to, where they did. */
  readonly canonical?: string
}

/** Every question resolves, and none rejects. */
export interface Dns {
  /** Most preferred first (RFC 5321 §5.1). */
  mx(name: string): Promise<DnsAnswer<Validated & { readonly exchanges: readonly MxRecord[] }>>
  /** A and AAAA. */
  addresses(name: string): Promise<DnsAnswer<Validated & { readonly addresses: readonly string[] }>>
  txt(name: string): Promise<DnsAnswer<{ readonly texts: readonly string[] }>>
  /** The names of an address. */
  ptr(ip: string): Promise<DnsAnswer<{ readonly names: readonly string[] }>>
  /** Go on with these options; what other servers said is forgotten. Costs nothing where they are the same. */
  adopt(options: DnsOptions): void
  /** End the questions that are under way, as unknown. */
  close(): void
}

/** Where the resolver does not say how long an answer holds. */
const USUAL_TTL_S = 300
/** Records of one answer that are kept: an owner may have thousands, a mail server needs few. */
export const MOST_RECORDS = 50

/** What the resolver found, and for how long. */
interface Records<T> {
  readonly records: readonly T[]
  readonly ttlS?: number
}

const ENGINE: Engine<Resolver> = {
  open: ({ servers, timeoutMs }) => openResolver(servers, timeoutMs),
  close: (resolver) => resolver.cancel(),
}

/** Create the asker of DNS. */
export function createDns(given: DnsOptions & { readonly clock: Clock }): Dns {
  const questions = new DnsQuestions(given, ENGINE, given.clock)

  function askName<T>(
    type: string,
    text: string,
    run: (resolver: Resolver, name: string) => Promise<Records<T>>,
  ): Promise<Outcome<T>> {
    return questions.askName(type, text, (resolver, name, { servers }) =>
      outcomeOf(resolver, (opened) => run(opened, name), servers),
    )
  }

  return {
    async mx(text) {
      const outcome = await askName('MX', text, async (resolver, name) => ({ records: await resolver.resolveMx(name) }))
      if (outcome.is !== 'found') return outcome
      return exchangesOf(outcome.records.map(({ exchange, priority }) => ({ host: exchange, preference: priority })))
    },

    async addresses(text) {
      const [ipv4, ipv6] = await Promise.all([
        askName('A', text, async (resolver, name) => withTtl(await resolver.resolve4(name, { ttl: true }))),
        askName('AAAA', text, async (resolver, name) => withTtl(await resolver.resolve6(name, { ttl: true }))),
      ])
      return addressesOf(ipv4, ipv6)
    },

    async txt(text) {
      const outcome = await askName('TXT', text, async (resolver, name) => {
        return { records: (await resolver.resolveTxt(name)).map((pieces) => pieces.join('')) }
      })
      return outcome.is === 'found' ? { is: 'found', texts: outcome.records } : outcome
    },

    async ptr(ip) {
      const reverse = reverseDnsName(ip)
      if (reverse === undefined) return { is: 'none', why: 'it is no address' }
      const outcome = await questions.ask('PTR', reverse, (resolver, { servers }) =>
        outcomeOf(resolver, async (opened) => ({ records: await opened.resolvePtr(reverse) }), servers),
      )
      if (outcome.is !== 'found') return outcome
      // Whoever has an address may write anything as its name.
      const names = outcome.records.map(normalizeDnsName).filter((name) => name !== undefined)
      return names.length === 0
        ? { is: 'none', why: 'what DNS gives as its name is no host name' }
        : { is: 'found', names: names.slice(0, MOST_RECORDS) }
    },

    adopt: (next) => questions.adopt(next),
    close: () => questions.close(),
  }
}

/** Give MX records as they are used: hosts in their one form, the most preferred first. */
export function exchangesOf(records: readonly MxRecord[]): DnsAnswer<{ readonly exchanges: readonly MxRecord[] }> {
  const exchanges = records
    .map(({ host, preference }) => ({ host: exchangeOf(host), preference }))
    .filter((record): record is MxRecord => record.host !== undefined)
    .sort((a, b) => a.preference - b.preference)
  return exchanges.length === 0
    ? { is: 'none', why: 'its MX records name no host' }
    : { is: 'found', exchanges: exchanges.slice(0, MOST_RECORDS) }
}

/** Put the answers for both families together; one that is found is enough. */
export function addressesOf(
  ipv4: Outcome<string>,
  ipv6: Outcome<string>,
): DnsAnswer<{ readonly addresses: readonly string[] }> {
  const addresses = [ipv4, ipv6].flatMap((outcome) => (outcome.is === 'found' ? outcome.records : []))
  if (addresses.length > 0) return { is: 'found', addresses: addresses.slice(0, MOST_RECORDS) }
  if (ipv4.is === 'unknown') return ipv4
  if (ipv6.is === 'unknown') return ipv6
  return ipv4.is === 'none' ? ipv4 : NO_NAME
}

/** Run one question to its end and say what became of it, and for how long that holds. */
async function outcomeOf<T>(
  resolver: Promise<Resolver>,
  run: (resolver: Resolver) => Promise<Records<T>>,
  servers: readonly string[],
): Promise<Kept<T>> {
  try {
    const { records, ttlS = USUAL_TTL_S } = await run(await resolver)
    if (records.length === 0) return { outcome: { is: 'none', why: 'no data' }, keepMs: NONE_TTL_MS }
    return { outcome: { is: 'found', records }, keepMs: Math.min(ttlS, MAX_TTL_S) * 1000 }
  } catch (error) {
    const outcome = failureOf(error, servers)
    return { outcome, keepMs: outcome.is === 'none' ? NONE_TTL_MS : UNKNOWN_TTL_MS }
  }
}

/** Tell a name that is not there from a server that is not, by c-ares' code. */
function failureOf(error: unknown, servers: readonly string[]): DnsNone | DnsUnknown {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  const who = serversText(servers)
  switch (code) {
    case 'ENOTFOUND':
      return { is: 'none', why: 'NXDOMAIN' }
    case 'ENODATA':
      return { is: 'none', why: 'no data' }
    case 'EBADNAME':
      return NO_NAME
    case 'ETIMEOUT':
      return { is: 'unknown', because: `no answer from ${who}` }
    case 'ESERVFAIL':
      return { is: 'unknown', because: `${who} could not find out (SERVFAIL)` }
    case 'EREFUSED':
      return { is: 'unknown', because: `${who} refused to answer (REFUSED)` }
    case 'ECONNREFUSED':
      return { is: 'unknown', because: `nothing answers DNS at ${who}` }
    default:
      return {
        is: 'unknown',
        because: error instanceof Fault ? error.message : `asking ${who} failed: ${messageOf(error)}`,
      }
  }
}

function withTtl(found: readonly { readonly address: string; readonly ttl: number }[]): Records<string> {
  return { records: found.map(({ address }) => address), ttlS: Math.min(...found.map(({ ttl }) => ttl)) }
}

/** Give the host of an MX record: `''` is the root (RFC 7505 §3); undefined for what is no host name. */
function exchangeOf(exchange: string): string | undefined {
  return exchange === '' || exchange === '.' ? '' : normalizeDnsName(exchange)
}
