import type { Clock } from '#base/clock.ts'
import type { Dns } from '#base/dns.ts'
import { DnsCache } from '#base/dns-cache.ts'
import type { TransportStore } from '#store/contract.ts'
import type { StsFetchFailure } from './sts-fetch.ts'
import { parseStsRecord, type StsPolicy } from './sts-policy.ts'

/** What is kept of a domain's policy in the store. */
interface KeptPolicy {
  readonly id: string
  readonly fetchedAtMs: number
  readonly policy: StsPolicy
}

export interface StsPoliciesParts {
  readonly dns: Pick<Dns, 'txt'>
  readonly store: Pick<TransportStore, 'policy' | 'putPolicy'>
  readonly clock: Clock
  readonly fetch: (domain: string) => Promise<{ readonly policy: StsPolicy } | StsFetchFailure>
  /** Told when a policy that is announced could not be had: it belongs into the domain's TLS report. */
  readonly failed: (domain: string, failure: StsFetchFailure) => void
}

type Answer = StsPolicy | { readonly none: string }

/** The MTA-STS policies of other domains. */
export interface StsPolicies {
  /** Find the policy of a domain (A-labels), or say why there is none. Rejects only where the store fails. */
  find(domain: string): Promise<Answer>
  /** Give what was found last, without asking; undefined when it was long ago. */
  known(domain: string): StsPolicy | undefined
}

/** Answers held in memory: a flow of mail for one domain asks for its policy once in this time. */
const MOST_ANSWERS = 10_000
const ANSWER_MS = 60_000
/** RFC 8461 §3.3: a fetch that failed is not repeated for this long. */
const FAILED_MS = 300_000

/** Create the keeper of policies: fetched when a record announces a new one, kept for as long as they hold. */
export function createStsPolicies({ dns, store, clock, fetch, failed }: StsPoliciesParts): StsPolicies {
  const answers = new DnsCache<Answer>(MOST_ANSWERS)
  const failures = new DnsCache<StsFetchFailure>(MOST_ANSWERS)
  const underWay = new Map<string, Promise<Answer>>()

  async function look(domain: string): Promise<Answer> {
    const kept = await keptOf(domain)
    const texts = await dns.txt(`_mta-sts.${domain}`)
    const id = texts.is === 'found' ? parseStsRecord(texts.texts) : undefined
    if (kept === undefined) {
      if (id === undefined) return { none: noRecord(domain, texts.is === 'unknown' ? texts.because : undefined) }
      const fetched = await renew(domain, id)
      return 'policy' in fetched ? fetched.policy : { none: fetched.because }
    }
    // RFC 8461 §3.1, §5.1: a policy that is kept holds until its time is over, whatever becomes of the record meanwhile.
    if (id === undefined) return kept.policy
    if (id !== kept.id) {
      const fetched = await renew(domain, id)
      return 'policy' in fetched ? fetched.policy : kept.policy
    }
    // Half of its time is over: renewed beside the mail, which does not wait for it.
    if (clock.nowMs() - kept.fetchedAtMs > (kept.policy.maxAgeS * 1000) / 2) void renew(domain, id).catch(() => {})
    return kept.policy
  }

  async function keptOf(domain: string): Promise<KeptPolicy | undefined> {
    const text = await store.policy(domain)
    if (text === undefined) return undefined
    const kept = JSON.parse(text) as KeptPolicy
    return kept.fetchedAtMs + kept.policy.maxAgeS * 1000 > clock.nowMs() ? kept : undefined
  }

  async function renew(domain: string, id: string): Promise<{ readonly policy: StsPolicy } | StsFetchFailure> {
    const key = `${domain} ${id}`
    const before = failures.get(key, clock.monotonicMs())
    if (before !== undefined) return before
    const fetched = await fetch(domain)
    if ('result' in fetched) {
      failures.set(key, fetched, clock.monotonicMs() + FAILED_MS)
      failed(domain, fetched)
      return fetched
    }
    const fetchedAtMs = clock.nowMs()
    const kept: KeptPolicy = { id, fetchedAtMs, policy: fetched.policy }
    await store.putPolicy(domain, JSON.stringify(kept), fetchedAtMs + fetched.policy.maxAgeS * 1000)
    return fetched
  }

  return {
    find(domain) {
      const known = answers.get(domain, clock.monotonicMs())
      if (known !== undefined) return Promise.resolve(known)
      const shared = underWay.get(domain)
      if (shared !== undefined) return shared
      const looking = look(domain)
        .then((answer) => {
          answers.set(domain, answer, clock.monotonicMs() + ANSWER_MS)
          return answer
        })
        .finally(() => underWay.delete(domain))
      underWay.set(domain, looking)
      return looking
    },
    known(domain) {
      const known = answers.get(domain, clock.monotonicMs())
      return known === undefined || 'none' in known ? undefined : known
    },
  }
}

function noRecord(domain: string, because: string | undefined): string {
  return because === undefined
    ? `${domain} announces no policy`
    : `DNS did not say whether ${domain} has one: ${because}`
}
