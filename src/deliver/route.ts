import { isAscii } from '#base/ascii.ts'
import { matchesPattern } from '#base/pattern.ts'
import { normalizeDomain } from '#directory/address.ts'

import type { Trouble } from '#queue/contract.ts'
import type { Settings } from '#settings/schema.ts'

export type RouteRule = Settings['delivery']['routes'][number]
export type TlsMode = Settings['delivery']['tls']

/** To the recipient domain itself, by its MX records. */
export interface MxRoute {
  readonly via: 'mx'
  /** Number of the rule that says so, from 1; absent when no rule matched. */
  readonly rule?: number
  readonly tls?: TlsMode
}

/** To one named server; its MX records are not asked. */
export interface HostRoute {
  readonly via: 'relay' | 'lmtp'
  readonly rule: number
  readonly host: string
  readonly port: number
  readonly tls?: TlsMode
  readonly implicitTls: boolean
  readonly login?: {
    /** The name that its password is kept under. */
    readonly credentials: string
    readonly by: 'smtp' | 'pop3'
    readonly popHost: string
    readonly popPort: number
  }
}

export type Route = MxRoute | HostRoute

/** Whose mail to whom; `''` is the null sender. */
export interface Parties {
  readonly sender: string
  readonly recipient: string
}

/** Why a rule was taken, or was not: `postern try` shows one line for each. */
export interface RuleFinding {
  readonly rule: number
  readonly description: string
  readonly matched: boolean
  readonly because: string
}

/** A rule, its patterns in the form they are compared in. */
interface Prepared {
  readonly rule: RouteRule
  readonly tests: readonly {
    readonly of: 'sender' | 'recipient'
    readonly wanted: boolean
    readonly pattern: string
    readonly given: string
  }[]
}

const prepared = new WeakMap<readonly RouteRule[], readonly Prepared[]>()

/** Find the way of a recipient's mail: the first rule that is enabled and all of whose patterns match; without one, by MX. */
export function chooseRoute(rules: readonly RouteRule[], parties: Parties): Route | Trouble {
  if (rules.length === 0) return { via: 'mx' }
  const compared = comparedForm(parties)
  const index = prepare(rules).findIndex((one) => mismatch(one, compared) === undefined)
  return index === -1 ? { via: 'mx' } : routeOf(rules[index] as RouteRule, index + 1)
}

/** Say of every rule up to the one that is taken why it is taken or not. */
export function explainRoute(
  rules: readonly RouteRule[],
  parties: Parties,
): { readonly route: Route | Trouble; readonly findings: readonly RuleFinding[] } {
  const compared = comparedForm(parties)
  const findings: RuleFinding[] = []
  for (const [index, one] of prepare(rules).entries()) {
    const because = mismatch(one, compared)
    const number = index + 1
    const { description } = one.rule
    if (because === undefined) {
      findings.push({ rule: number, description, matched: true, because: matchOf(one) })
      break
    }
    findings.push({ rule: number, description, matched: false, because })
  }
  return { route: chooseRoute(rules, parties), findings }
}

function prepare(rules: readonly RouteRule[]): readonly Prepared[] {
  const kept = prepared.get(rules)
  if (kept !== undefined) return kept
  const made = rules.map((rule) => ({
    rule,
    tests: (
      [
        ['sender', true, rule.sender],
        ['sender', false, rule.notSender],
        ['recipient', true, rule.recipient],
        ['recipient', false, rule.notRecipient],
      ] as const
    ).flatMap(([of, wanted, given]) =>
      given === undefined ? [] : [{ of, wanted, given, pattern: comparable(given) }],
    ),
  }))
  prepared.set(rules, made)
  return made
}

/** Say which of a rule's patterns stands against it; undefined when it matches. */
function mismatch({ rule, tests }: Prepared, parties: Parties): string | undefined {
  if (!rule.enabled) return 'it is not enabled'
  const against = tests.find(({ of, wanted, pattern }) => matchesPattern(pattern, parties[of]) !== wanted)
  if (against === undefined) return undefined
  return against.wanted
    ? `the ${against.of} does not match ${against.given}`
    : `the ${against.of} matches ${against.given}, which the rule leaves out`
}

function matchOf({ tests }: Prepared): string {
  if (tests.length === 0) return 'it holds for all mail'
  return tests
    .map(({ of, wanted, given }) => `the ${of} ${wanted ? 'matches' : 'does not match'} ${given}`)
    .join(' and ')
}

function comparedForm({ sender, recipient }: Parties): Parties {
  return { sender: sender === '' ? '<>' : comparable(sender), recipient: comparable(recipient) }
}

/** Give an address or a pattern the form it is compared in: lower case, and the domain in A-labels where it is a plain one. */
function comparable(text: string): string {
  const lower = text.toLowerCase()
  if (isAscii(lower)) return lower
  const at = lower.lastIndexOf('@') + 1
  return lower.slice(0, at) + (normalizeDomain(lower.slice(at)) ?? lower.slice(at))
}

function routeOf(rule: RouteRule, number: number): Route | Trouble {
  const tls = rule.tls === undefined ? {} : { tls: rule.tls }
  if (rule.via === 'mx') return { via: 'mx', rule: number, ...tls }
  if (rule.host === undefined) {
    // Not passed over: mail that is meant for a relay server must not go another way unseen.
    return {
      is: 'deferred',
      status: '4.3.5',
      because: `Rule ${number} of delivery.routes names no host; give it one`,
      stage: 'route',
      scope: 'recipient',
    }
  }
  return {
    via: rule.via,
    rule: number,
    host: rule.host,
    port: rule.port ?? usualPort(rule),
    ...tls,
    implicitTls: rule.implicitTls,
    ...(rule.credentials === undefined
      ? {}
      : {
          login: {
            credentials: rule.credentials,
            by: rule.loginBy,
            popHost: rule.popHost ?? rule.host,
            popPort: rule.popPort,
          },
        }),
  }
}

/** RFC 2033 §5 leaves LMTP's port open but for 25; 24 is what private mail systems have (RFC 1700); 465 is RFC 8314 §7.3. */
function usualPort({ via, implicitTls }: RouteRule): number {
  if (via === 'lmtp') return 24
  return implicitTls ? 465 : 25
}
