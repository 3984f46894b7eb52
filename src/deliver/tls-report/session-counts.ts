import { hash } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import type { TlsCount, TransportStore } from '#store/contract.ts'
import type { ServerAddress, TlsRequirement } from '../contract.ts'
import type { StsFetchFailure } from '../tls/sts-fetch.ts'
import type { StsPolicy } from '../tls/sts-policy.ts'

/** How TLS with a server of a domain went. */
export interface TlsSession {
  /** The recipient's domain. */
  readonly domain: string
  readonly server: ServerAddress
  readonly requirement: TlsRequirement
  /** The reason as reports name it (RFC 8460 §4.3); absent when it went well. */
  readonly failed?: string
}

/** The policy that a session was held against (RFC 8460 §4.4, `policy`). */
export interface CountedPolicy {
  readonly type: 'sts' | 'tlsa' | 'no-policy-found'
  readonly text: readonly string[]
  /** Patterns of the hosts that it names. */
  readonly mx: readonly string[]
}

/** What was counted; as JSON it is the key of a count. */
export interface CountedKind {
  readonly policy: CountedPolicy
  readonly failure?: {
    readonly result: string
    readonly host?: string
    readonly ip?: string
    readonly because?: string
  }
}

export interface SessionCountsParts {
  readonly store: Pick<TransportStore, 'countSessions'>
  readonly clock: Clock
  readonly enabled: () => boolean
  /** The MTA-STS policy of a domain, as far as it is at hand. */
  readonly stsPolicy: (domain: string) => StsPolicy | undefined
  /** Told when the counts could not be put down; they are kept for the next time. */
  readonly faulted: (error: unknown) => void
}

/** Counts sessions for the reports of RFC 8460. */
export interface SessionCounts {
  tried(session: TlsSession): void
  /** A server that the domain's MTA-STS policy does not name (RFC 8461 §4.1). */
  unnamed(domain: string, server: ServerAddress): void
  /** A policy that is announced could not be had. */
  policyFailed(domain: string, failure: StsFetchFailure): void
  /** Put down what was counted; does not reject. */
  flush(): Promise<void>
  /** Count no more, and put down the rest. */
  stop(): Promise<void>
}

const FLUSH_MS = 60_000
/** Different things counted between two flushes; further ones are left out of the reports. */
const MOST_COUNTED = 20_000
const MOST_TEXTS = 30
/** A domain has a policy and a few servers; who goes through policies and servers by the hundred has the rest counted as one. */
const MOST_KINDS = 100
/** Kinds of all domains that are known in a day; further ones are counted as what a domain has too many of. */
const MOST_KNOWN = 100_000
/** 96 bits: two kinds that share them are one domain's own work, and are counted as one. */
const MARK_CHARACTERS = 16
/** Of a policy's lines, and of the hosts that it names, so much is kept. */
const POLICY_CHARACTERS = 2048
const BECAUSE_CHARACTERS = 300
const NO_POLICY: CountedPolicy = { type: 'no-policy-found', text: [], mx: [] }
const OTHER_SUCCESS: CountedKind = { policy: NO_POLICY }
const OTHER_FAILURE: CountedKind = {
  policy: NO_POLICY,
  failure: { result: 'validation-failure', because: 'others: the day had more kinds of sessions than are told apart' },
}

/** Create the counter; it puts down what it has every minute. */
export function createSessionCounts(parts: SessionCountsParts): SessionCounts {
  const { store, clock, enabled } = parts
  let counts = new Map<string, { readonly count: Omit<TlsCount, 'sessions'>; sessions: number }>()
  /** The kinds that each domain has had today, put down or not. */
  let known = new Map<string, Set<string>>()
  let knownDay = ''
  let knownKinds = 0
  let alarm = clock.after(FLUSH_MS, () => void again())

  function add(domain: string, kind: CountedKind, sessions = 1): void {
    // An address in brackets has no DNS to ask for reports in.
    if (!enabled() || domain.startsWith('[')) return
    const day = new Date(clock.nowMs()).toISOString().slice(0, 10)
    const key = JSON.stringify(kind)
    const other = kind.failure === undefined ? OTHER_SUCCESS : OTHER_FAILURE
    put({ day, domain, key: isAmongMost(day, domain, key) ? key : JSON.stringify(other) }, sessions)
  }

  /** Tell whether a kind is one of those that are told apart; it is from now on, where there is room. */
  function isAmongMost(day: string, domain: string, key: string): boolean {
    if (day !== knownDay) {
      known = new Map()
      knownDay = day
      knownKinds = 0
    }
    const kinds = known.get(domain)
    // Of keys that may be long, and are an attacker's, what stands for them is kept.
    const mark = hash('sha256', key, 'base64').slice(0, MARK_CHARACTERS)
    if (kinds?.has(mark) === true) return true
    if (knownKinds >= MOST_KNOWN || (kinds !== undefined && kinds.size >= MOST_KINDS)) return false
    knownKinds += 1
    if (kinds === undefined) known.set(domain, new Set([mark]))
    else kinds.add(mark)
    return true
  }

  function put(count: Omit<TlsCount, 'sessions'>, sessions: number): void {
    const key = `${count.day} ${count.domain} ${count.key}`
    const before = counts.get(key)
    if (before !== undefined) before.sessions += sessions
    else if (counts.size < MOST_COUNTED) counts.set(key, { count, sessions })
  }

  async function flush(): Promise<void> {
    if (counts.size === 0) return
    const taken = counts
    counts = new Map()
    try {
      await store.countSessions([...taken.values()].map(({ count, sessions }) => ({ ...count, sessions })))
    } catch (error) {
      for (const { count, sessions } of taken.values()) put(count, sessions)
      parts.faulted(error)
    }
  }

  async function again(): Promise<void> {
    await flush()
    alarm = clock.after(FLUSH_MS, () => void again())
  }

  function policyOf(domain: string, { by, tlsa }: TlsRequirement): CountedPolicy {
    if (by === 'dane' && tlsa !== undefined) {
      return { type: 'tlsa', text: upTo(tlsa.slice(0, MOST_TEXTS).map(tlsaText)), mx: [] }
    }
    return by === 'mta-sts' ? stsPolicyOf(domain) : NO_POLICY
  }

  function stsPolicyOf(domain: string): CountedPolicy {
    const policy = parts.stsPolicy(domain)
    return policy === undefined ? { type: 'sts', text: [], mx: [] } : countedSts(policy)
  }

  return {
    unnamed(domain, { host, ip }) {
      add(domain, {
        policy: stsPolicyOf(domain),
        failure: { result: 'validation-failure', host, ip, because: 'the policy does not name this MX host' },
      })
    },
    tried({ domain, server, requirement, failed }) {
      const policy = policyOf(domain, requirement)
      const { host, ip } = server
      add(domain, failed === undefined ? { policy } : { policy, failure: { result: failed, host, ip } })
    },
    policyFailed(domain, { result, because }) {
      // RFC 8460 §4.4: the type is that of the policy that was looked for.
      add(domain, {
        policy: { type: 'sts', text: [], mx: [] },
        failure: { result, because: because.slice(0, BECAUSE_CHARACTERS) },
      })
    },
    flush,
    async stop() {
      alarm.cancel()
      await flush()
    },
  }
}

function countedSts({ mode, mx, maxAgeS }: StsPolicy): CountedPolicy {
  const named = upTo(mx.slice(0, MOST_TEXTS))
  const text = ['version: STSv1', `mode: ${mode}`, ...named.map((pattern) => `mx: ${pattern}`), `max_age: ${maxAgeS}`]
  return { type: 'sts', text, mx: named }
}

/** Give the first of these texts, as many as are kept. */
function upTo(texts: readonly string[]): readonly string[] {
  let characters = 0
  return texts.filter((text) => {
    characters += text.length
    return characters <= POLICY_CHARACTERS
  })
}

/** Write a TLSA record as zone files do (RFC 6698 §2.2). */
function tlsaText({ usage, selector, matching, data }: NonNullable<TlsRequirement['tlsa']>[number]): string {
  return `${usage} ${selector} ${matching} ${Buffer.from(data.subarray(0, 64)).toString('hex')}`
}
