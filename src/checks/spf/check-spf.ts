import type { Clock } from '#base/clock.ts'
import { normalizeDnsName } from '#base/dns-name.ts'
import { printable } from '#base/printable.ts'
import { type Address, formatAddress, formatDotted, parseClientAddress } from './client-address.ts'
import { Evaluation } from './evaluation.ts'
import { Lookups } from './lookups.ts'
import type { SpfResult } from './result.ts'
import type { SpfDns } from './spf-dns.ts'

export interface SpfQuestion {
  /** The client's address. */
  readonly ip: string
  /** As the client gave it: any text. */
  readonly helo: string
  /** The reverse-path without its brackets; `''` is the null sender. */
  readonly sender: string
  /** The name of this server, for explanations (`%{r}`). */
  readonly receiver: string
  readonly dns: SpfDns
  readonly clock: Clock
  /** For all look-ups together; RFC 7208 §4.6.4 wants at least 20 s. */
  readonly timeoutMs: number
}

/** RFC 5321 §4.5.3.1.2; what is longer names nothing. */
const MOST_HELO = 255
const MOST_REASON = 400

/**
 * Check whether a client may send for a domain (RFC 7208). The identity is that of MAIL FROM, or HELO where the sender is null.
 * Never rejects for what a client, a record or DNS says: that is in the result.
 */
export async function checkSpf(question: SpfQuestion): Promise<SpfResult> {
  const { identity, localPart, domain: written } = spfIdentity(question)
  const domain = normalizeDnsName(written)
  const client = parseClientAddress(question.ip)
  const about = { identity, domain: domain ?? printable(written, MOST_HELO) }
  const unasked = { ...about, result: 'none', lookups: 0, voidLookups: 0 } as const
  if (client === undefined) return { ...unasked, because: 'the client has no IP address' }
  // RFC 7208 §4.3: no name, or one of a single label.
  if (domain === undefined || !domain.includes('.')) {
    return { ...unasked, because: `"${about.domain}" is not the full name of a domain` }
  }

  const lookups = new Lookups(question.dns, question.clock, question.timeoutMs)
  try {
    const evaluation = new Evaluation(lookups, client, valuesOf(question, client, localPart, domain))
    const { result, because, mechanism, explanation } = await evaluation.evaluate(domain)
    const said = result === 'fail' && explanation !== undefined ? await evaluation.explain(explanation) : undefined
    return {
      ...about,
      result,
      ...(mechanism !== undefined && { mechanism }),
      ...(said !== undefined && { explanation: said }),
      because: printable(because, MOST_REASON),
      lookups: lookups.terms,
      voidLookups: lookups.voids,
    }
  } finally {
    lookups.close()
  }
}

/** Find whose domain is checked: RFC 7208 §2.4, §4.3. */
export function spfIdentity({ sender, helo }: Pick<SpfQuestion, 'sender' | 'helo'>): {
  readonly identity: SpfResult['identity']
  readonly localPart: string
  readonly domain: string
} {
  const at = sender.lastIndexOf('@')
  if (sender === '') return { identity: 'helo', localPart: 'postmaster', domain: helo }
  // An address without a local part, or none but a domain, is the postmaster's (RFC 7208 §4.3).
  return {
    identity: 'mailfrom',
    localPart: sender.slice(0, Math.max(at, 0)) || 'postmaster',
    domain: sender.slice(at + 1),
  }
}

function valuesOf({ helo, receiver, clock }: SpfQuestion, client: Address, localPart: string, domain: string) {
  return {
    s: `${localPart}@${domain}`,
    l: localPart,
    o: domain,
    i: formatDotted(client),
    v: client.family === 4 ? 'in-addr' : 'ip6',
    h: normalizeDnsName(helo) ?? helo.slice(0, MOST_HELO),
    c: formatAddress(client),
    r: receiver,
    t: String(Math.floor(clock.nowMs() / 1000)),
  }
}
