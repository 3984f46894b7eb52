import { printable } from '#base/printable.ts'
import type { TlsCount } from '#store/contract.ts'
import type { CountedKind, CountedPolicy } from './session-counts.ts'

export interface TlsReportOptions {
  /** Who reports: our name. */
  readonly organization: string
  readonly contact: string
  readonly reportId: string
}

interface Tally {
  readonly policy: CountedPolicy
  successful: number
  failed: number
  readonly details: FailureDetail[]
}

interface FailureDetail {
  readonly 'result-type': string
  readonly 'receiving-mx-hostname'?: string
  readonly 'receiving-ip'?: string
  readonly 'additional-information'?: string
  readonly 'failed-session-count': number
}

/** What one report tells in detail; the sums count all. */
const MOST_DETAILS = 1_000

/** Write the report of one day to one domain (RFC 8460 §4.4) as JSON, from what was counted. */
export function writeTlsReport(
  domain: string,
  day: string,
  counts: readonly TlsCount[],
  { organization, contact, reportId }: TlsReportOptions,
): string {
  const tallies = new Map<string, Tally>()
  let details = 0
  for (const { key, sessions } of counts) {
    const { policy, failure } = JSON.parse(key) as CountedKind
    const tally = tallyOf(tallies, policy)
    if (failure === undefined) {
      tally.successful += sessions
      continue
    }
    tally.failed += sessions
    details += 1
    if (details > MOST_DETAILS) continue
    const { result, host, ip, because } = failure
    tally.details.push({
      'result-type': result,
      ...(host !== undefined && { 'receiving-mx-hostname': host }),
      ...(ip !== undefined && { 'receiving-ip': ip }),
      ...(because !== undefined && { 'additional-information': printable(because, 300) }),
      'failed-session-count': sessions,
    })
  }
  return JSON.stringify({
    'organization-name': organization,
    'date-range': { 'start-datetime': `${day}T00:00:00Z`, 'end-datetime': `${day}T23:59:59Z` },
    'contact-info': contact,
    'report-id': reportId,
    policies: [...tallies.values()].map((tally) => policyEntry(domain, tally)),
  })
}

function tallyOf(tallies: Map<string, Tally>, policy: CountedPolicy): Tally {
  const key = JSON.stringify(policy)
  const before = tallies.get(key)
  if (before !== undefined) return before
  const tally: Tally = { policy, successful: 0, failed: 0, details: [] }
  tallies.set(key, tally)
  return tally
}

function policyEntry(domain: string, { policy: { type, text, mx }, successful, failed, details }: Tally): object {
  return {
    policy: {
      'policy-type': type,
      ...(text.length > 0 && { 'policy-string': text }),
      'policy-domain': domain,
      ...(mx.length > 0 && { 'mx-host': mx }),
    },
    summary: { 'total-successful-session-count': successful, 'total-failure-session-count': failed },
    ...(details.length > 0 && { 'failure-details': details }),
  }
}
