/**
 * Questions to DNS whose answers say whether DNSSEC stands behind them: for DANE (RFC 7672). The validation is the server's, told
 * by the AD bit (RFC 4035 §3.2.3), so the server and the way to it have to be trusted; best is one on this machine. Where none
 * validates, nothing is secure, and all else is as with other questions.
 */
import { Resolver } from 'node:dns'
import { isIP } from 'node:net'
import type { Answer, DecodedPacket } from 'dns-packet'
import type { Clock } from './clock.ts'
import {
  addressesOf,
  type Dns,
  type DnsAnswer,
  type DnsOptions,
  exchangesOf,
  MOST_RECORDS,
  type Validated,
} from './dns.ts'
import { type DnsServer, exchange, type Question } from './dns-exchange.ts'
import { normalizeDnsName } from './dns-name.ts'
import {
  DnsQuestions,
  type Engine,
  type Kept,
  MAX_TTL_S,
  NONE_TTL_MS,
  type Outcome,
  serversText,
  UNKNOWN_TTL_MS,
} from './dns-questions.ts'
import { serverAddresses } from './dns-resolver.ts'
import { messageOf } from './fault.ts'

/** A TLSA record (RFC 6698 §2.1). */
export interface TlsaData {
  readonly usage: number
  readonly selector: number
  readonly matching: number
  readonly data: Uint8Array
}

/** Every question resolves, and none rejects. */
export interface ValidatedDns extends Pick<Dns, 'mx' | 'addresses' | 'adopt' | 'close'> {
  /** `_25._tcp.mail.example` */
  tlsa(name: string): Promise<DnsAnswer<Validated & { readonly records: readonly TlsaData[] }>>
}

const TRIES = 2
/** Records of one answer that are looked at, before the best of them are taken. */
const MOST_READ = 1000
const DNS_PORT = 53
/** Questions that wait for their turn: a newsletter goes to thousands of domains at once, and none is put off for that. */
const MOST_IN_LINE = 10_000
/** An alias of an alias; more is a circle. */
const MOST_ALIASES = 12

/** The servers to ask, and what ends the questions to them. */
interface Servers {
  readonly servers: readonly DnsServer[]
  readonly underWay: Set<() => void>
  isClosed: boolean
}

const ENGINE: Engine<Servers> = {
  async open({ servers }) {
    const given = servers.length === 0 ? new Resolver().getServers() : await serverAddresses(servers)
    return { servers: given.map(serverOf), underWay: new Set(), isClosed: false }
  },
  close(opened) {
    opened.isClosed = true
    for (const end of [...opened.underWay]) end()
  },
}

/** Create the asker of DNS that tells what is validated. */
export function createValidatedDns(given: DnsOptions & { readonly clock: Clock }): ValidatedDns {
  const { clock } = given
  const questions = new DnsQuestions(given, ENGINE, clock, MOST_IN_LINE)

  function askName<T>(
    text: string,
    type: Question['type'],
    read: (answer: Answer) => T | undefined,
  ): Promise<Outcome<T>> {
    return questions.askName(type, text, (servers, name, options) =>
      answerOf({ name, type }, servers, options, clock, read),
    )
  }

  return {
    async mx(text) {
      const outcome = await askName(text, 'MX', (answer) =>
        answer.type === 'MX' ? { host: answer.data.exchange, preference: answer.data.preference ?? 0 } : undefined,
      )
      return outcome.is === 'found' ? { ...exchangesOf(outcome.records), ...validated(outcome) } : outcome
    },

    async addresses(text) {
      const [ipv4, ipv6] = await Promise.all([
        askName(text, 'A', (answer) => (answer.type === 'A' && isIP(answer.data) === 4 ? answer.data : undefined)),
        askName(text, 'AAAA', (answer) =>
          answer.type === 'AAAA' && isIP(answer.data) === 6 ? answer.data : undefined,
        ),
      ])
      const both = addressesOf(ipv4, ipv6)
      if (both.is === 'unknown') return both
      // Of two answers, one that is not validated may be anybody's.
      const secure = [ipv4, ipv6].every((one) => one.is === 'unknown' || one.secure === true)
      const found = ipv4.is === 'found' ? ipv4 : ipv6
      const canonical = found.is === 'found' ? found.canonical : undefined
      return {
        ...(both.is === 'none' ? { is: both.is, why: both.why } : both),
        ...(secure && { secure }),
        ...(canonical !== undefined && { canonical }),
      }
    },

    async tlsa(name) {
      const outcome = await askName(name, 'TLSA', (answer) =>
        (answer.type as string) === 'TLSA' ? tlsaOf((answer as { data: unknown }).data) : undefined,
      )
      if (outcome.is !== 'found') return outcome
      return { is: 'found', records: outcome.records.slice(0, MOST_RECORDS), ...validated(outcome) }
    },

    adopt: (options) => questions.adopt(options),
    close: () => questions.close(),
  }
}

function validated({ secure, canonical }: Validated): Validated {
  return { ...(secure && { secure }), ...(canonical !== undefined && { canonical }) }
}

/** Ask one server after the other, twice around, until one answers. */
async function answerOf<T>(
  question: Question,
  opening: Promise<Servers>,
  { servers: given, timeoutMs }: DnsOptions,
  clock: Clock,
  read: (answer: Answer) => T | undefined,
): Promise<Kept<T>> {
  let because = 'there is no DNS server to ask'
  try {
    const opened = await opening
    const { servers, underWay } = opened
    const perTryMs = Math.max(50, Math.floor(timeoutMs / (TRIES * Math.max(1, servers.length))))
    const tries = Array.from({ length: TRIES }, () => servers).flat()
    for (const server of tries) {
      const answer = await exchange(question, server, perTryMs, { clock, underWay })
      const kept = typeof answer === 'string' ? answer : readPacket(question, answer, read)
      if (typeof kept !== 'string') return kept
      because = kept
      if (opened.isClosed) break
    }
  } catch (error) {
    because = messageOf(error)
  }
  return { outcome: { is: 'unknown', because: `${serversText(given)}: ${because}` }, keepMs: UNKNOWN_TTL_MS }
}

/** Read what an answer says; a sentence where it says that the server could not find out. */
function readPacket<T>(
  { name, type }: Question,
  packet: DecodedPacket,
  read: (answer: Answer) => T | undefined,
): Kept<T> | string {
  const rcode = rcodeOf(packet)
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') {
    // RFC 4035 §5.5: what does not pass validation is answered by SERVFAIL as well.
    return rcode === 'SERVFAIL' ? 'could not find out (SERVFAIL)' : `refused to answer (${rcode})`
  }
  const secure = packet.flag_ad ? { secure: true as const } : {}
  const answers = packet.answers ?? []
  const { owner, ttlS: aliasTtlS } = followAliases(answers, name)
  const wanted = answers.filter((answer) => answer.type === type && answer.name.toLowerCase() === owner)
  const records = wanted
    .slice(0, MOST_READ)
    .map(read)
    .filter((record) => record !== undefined)
  if (records.length === 0) {
    if (wanted.length > 0) return 'records that are none'
    const why = rcode === 'NXDOMAIN' ? rcode : 'no data'
    return { outcome: { is: 'none', why, ...secure }, keepMs: NONE_TTL_MS }
  }
  const ttlS = Math.min(MAX_TTL_S, aliasTtlS, ...wanted.map(ttlOf))
  const canonical = owner === name ? {} : { canonical: owner }
  return { outcome: { is: 'found', records, ...secure, ...canonical }, keepMs: ttlS * 1000 }
}

/** Give the response code with what stands of it in the OPT record (RFC 6891 §6.1.3); the types do not name either. */
function rcodeOf(packet: DecodedPacket): string {
  const { rcode, additionals = [] } = packet as unknown as {
    readonly rcode: string
    readonly additionals?: readonly { readonly type: string; readonly extendedRcode?: number }[]
  }
  const extended = additionals.find(({ type }) => type === 'OPT')?.extendedRcode ?? 0
  return extended === 0 ? rcode : `extended code ${extended}`
}

/** Follow the aliases (CNAME) of an answer from the name that was asked for to the one that has the records. */
function followAliases(answers: readonly Answer[], name: string): { readonly owner: string; readonly ttlS: number } {
  let owner = name
  let ttlS = MAX_TTL_S
  for (let followed = 0; followed < MOST_ALIASES; followed += 1) {
    const alias = answers.find((answer) => answer.type === 'CNAME' && answer.name.toLowerCase() === owner)
    const target = alias?.type === 'CNAME' ? normalizeDnsName(alias.data) : undefined
    if (alias === undefined || target === undefined) break
    owner = target
    ttlS = Math.min(ttlS, ttlOf(alias))
  }
  return { owner, ttlS }
}

function ttlOf(answer: Answer): number {
  const { ttl } = answer as { ttl?: number }
  // RFC 2181 §8: with the topmost bit it counts as nothing.
  return ttl === undefined || ttl > 0x7fff_ffff ? 0 : ttl
}

function tlsaOf(data: unknown): TlsaData | undefined {
  const { usage, selector, matchingType, certificate } = data as Readonly<Record<string, unknown>>
  if (typeof usage !== 'number' || typeof selector !== 'number' || typeof matchingType !== 'number') return undefined
  return certificate instanceof Uint8Array
    ? { usage, selector, matching: matchingType, data: Uint8Array.from(certificate) }
    : undefined
}

/** Take `ADDRESS`, `ADDRESS:PORT` or `[IPv6]:PORT` apart. */
function serverOf(text: string): DnsServer {
  if (isIP(text) !== 0) return { address: text, port: DNS_PORT }
  const match = /^\[?(.*?)\]?(?::(\d+))?$/.exec(text)
  return { address: match?.[1] ?? text, port: Number(match?.[2] ?? DNS_PORT) }
}
