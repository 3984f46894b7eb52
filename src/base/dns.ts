/** Questions to DNS: bounded in time, in number and in memory; asked once for all who wait. An answer is data, never a throw. */
import type { Resolver } from 'node:dns/promises'
import type { Clock } from './clock.ts'
import { DnsCache } from './dns-cache.ts'
import { normalizeDnsName, reservedName, reverseDnsName } from './dns-name.ts'
import { openResolver } from './dns-resolver.ts'
import { Fault, messageOf } from './fault.ts'

/** There is no such record, and DNS said so (or the name can be none). */
export interface DnsNone {
  readonly is: 'none'
  /** `NXDOMAIN`: the name does not exist at all. `no data`: it has no such record. Else why it was not asked. */
  readonly why: string
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

/** Every question resolves, and none rejects. */
export interface Dns {
  /** Most preferred first (RFC 5321 §5.1). */
  mx(name: string): Promise<DnsAnswer<{ readonly exchanges: readonly MxRecord[] }>>
  /** A and AAAA. */
  addresses(name: string): Promise<DnsAnswer<{ readonly addresses: readonly string[] }>>
  txt(name: string): Promise<DnsAnswer<{ readonly texts: readonly string[] }>>
  /** The names of an address. */
  ptr(ip: string): Promise<DnsAnswer<{ readonly names: readonly string[] }>>
  /** Go on with these options; what other servers said is forgotten. Costs nothing where they are the same. */
  adopt(options: DnsOptions): void
  /** End the questions that are under way, as unknown. */
  close(): void
}

/** Questions under way at once; the memory and the servers' patience are bounded. */
const MOST_UNDER_WAY = 500
/** Where the resolver does not say how long an answer holds. */
const USUAL_TTL_S = 300
const MAX_TTL_S = 86_400
const NONE_TTL_MS = 60_000
/** A server that is away is asked anew this often for each name, not by each of a thousand sessions. */
const UNKNOWN_TTL_MS = 5_000
/** Records of one answer that are kept: an owner may have thousands, a mail server needs few. */
const MOST_RECORDS = 50

const TOO_MANY: DnsUnknown = { is: 'unknown', because: 'too many DNS questions under way' }
const NO_NAME: DnsNone = { is: 'none', why: 'it is no host name' }

/** What the resolver found, and for how long. */
interface Records<T> {
  readonly records: readonly T[]
  readonly ttlS?: number
}

type Outcome<T> = { readonly is: 'found'; readonly records: readonly T[] } | DnsNone | DnsUnknown

/** All that belongs to one list of servers; a question that began with it ends with it. */
interface Asked {
  readonly cache: DnsCache<Outcome<unknown>>
  readonly underWay: Map<string, Promise<Outcome<unknown>>>
  resolver?: Promise<Resolver>
}

/** Create the asker of DNS. */
export function createDns(given: DnsOptions & { readonly clock: Clock }): Dns {
  const { clock } = given
  let options: DnsOptions = given
  let asked = begin()

  function begin(): Asked {
    return { cache: new DnsCache(options.cacheSize), underWay: new Map() }
  }

  function resolverOf(mine: Asked): Promise<Resolver> {
    if (mine.resolver === undefined) {
      mine.resolver = openResolver(options.servers, options.timeoutMs)
      mine.resolver.catch(() => {
        // A server whose name was not found may be found later.
        clock.after(UNKNOWN_TTL_MS, () => {
          delete mine.resolver
        })
      })
    }
    return mine.resolver
  }

  /** Ask for records of `name`, which is in its one form. */
  function ask<T>(type: string, name: string, run: (resolver: Resolver) => Promise<Records<T>>): Promise<Outcome<T>> {
    const mine = asked
    const key = `${type} ${name}`
    const kept = mine.cache.get(key, clock.monotonicMs()) as Outcome<T> | undefined
    if (kept !== undefined) return Promise.resolve(kept)
    const shared = mine.underWay.get(key) as Promise<Outcome<T>> | undefined
    if (shared !== undefined) return shared
    if (mine.underWay.size >= MOST_UNDER_WAY) return Promise.resolve(TOO_MANY)

    const answer = outcomeOf(resolverOf(mine), run, options.servers).then(({ outcome, keepMs }) => {
      // An answer that came too late for who asked is there for the next.
      mine.cache.set(key, outcome, clock.monotonicMs() + keepMs)
      mine.underWay.delete(key)
      return outcome
    })
    const inTime = within(answer, options.timeoutMs, clock, options.servers)
    mine.underWay.set(key, inTime)
    return inTime
  }

  function askName<T>(
    type: string,
    text: string,
    run: (resolver: Resolver, name: string) => Promise<Records<T>>,
  ): Promise<Outcome<T>> {
    const name = normalizeDnsName(text)
    if (name === undefined) return Promise.resolve(NO_NAME)
    const why = reservedName(name)
    if (why !== undefined) return Promise.resolve({ is: 'none', why })
    return ask(type, name, (resolver) => run(resolver, name))
  }

  return {
    async mx(text) {
      const outcome = await askName('MX', text, async (resolver, name) => ({ records: await resolver.resolveMx(name) }))
      if (outcome.is !== 'found') return outcome
      const exchanges = outcome.records
        .map(({ exchange, priority }) => ({ host: exchangeOf(exchange), preference: priority }))
        .filter((record): record is MxRecord => record.host !== undefined)
        .sort((a, b) => a.preference - b.preference)
      return exchanges.length === 0
        ? { is: 'none', why: 'its MX records name no host' }
        : { is: 'found', exchanges: exchanges.slice(0, MOST_RECORDS) }
    },

    async addresses(text) {
      const [ipv4, ipv6] = await Promise.all([
        askName('A', text, async (resolver, name) => withTtl(await resolver.resolve4(name, { ttl: true }))),
        askName('AAAA', text, async (resolver, name) => withTtl(await resolver.resolve6(name, { ttl: true }))),
      ])
      const addresses = [ipv4, ipv6].flatMap((outcome) => (outcome.is === 'found' ? outcome.records : []))
      if (addresses.length > 0) return { is: 'found', addresses: addresses.slice(0, MOST_RECORDS) }
      if (ipv4.is === 'unknown') return ipv4
      if (ipv6.is === 'unknown') return ipv6
      return ipv4.is === 'none' ? ipv4 : NO_NAME
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
      const outcome = await ask('PTR', reverse, async (resolver) => ({ records: await resolver.resolvePtr(reverse) }))
      if (outcome.is !== 'found') return outcome
      // Whoever has an address may write anything as its name.
      const names = outcome.records.map(normalizeDnsName).filter((name) => name !== undefined)
      return names.length === 0
        ? { is: 'none', why: 'what DNS gives as its name is no host name' }
        : { is: 'found', names: names.slice(0, MOST_RECORDS) }
    },

    adopt(next) {
      const { servers, timeoutMs } = options
      options = next
      if (next.servers.join(' ') !== servers.join(' ')) asked = begin()
      // The same servers with another patience: what they said still holds.
      else if (next.timeoutMs !== timeoutMs) asked = { ...begin(), cache: asked.cache }
      asked.cache.resize(next.cacheSize)
    },

    close() {
      void asked.resolver?.then(
        (resolver) => resolver.cancel(),
        () => {},
      )
    },
  }
}

/** Run one question to its end and say what became of it, and for how long that holds. */
async function outcomeOf<T>(
  resolver: Promise<Resolver>,
  run: (resolver: Resolver) => Promise<Records<T>>,
  servers: readonly string[],
): Promise<{ readonly outcome: Outcome<T>; readonly keepMs: number }> {
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
  const who = servers.length === 0 ? "the system's DNS servers" : servers.join(', ')
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

/** Wait for an answer no longer than this. */
function within<T>(
  answer: Promise<Outcome<T>>,
  timeoutMs: number,
  clock: Clock,
  servers: readonly string[],
): Promise<Outcome<T>> {
  return new Promise((resolve) => {
    const alarm = clock.after(timeoutMs, () => {
      const who = servers.length === 0 ? "the system's DNS servers" : servers.join(', ')
      resolve({ is: 'unknown', because: `no answer from ${who} within ${timeoutMs} ms` })
    })
    void answer.then((outcome) => {
      alarm.cancel()
      resolve(outcome)
    })
  })
}

function withTtl(found: readonly { readonly address: string; readonly ttl: number }[]): Records<string> {
  return { records: found.map(({ address }) => address), ttlS: Math.min(...found.map(({ ttl }) => ttl)) }
}

/** Give the host of an MX record: `''` is the root (RFC 7505 §3); undefined for what is no host name. */
function exchangeOf(exchange: string): string | undefined {
  return exchange === '' || exchange === '.' ? '' : normalizeDnsName(exchange)
}
