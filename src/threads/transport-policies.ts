import type { Clock } from '#base/clock.ts'
import type { Dns } from '#base/dns.ts'
import type { ValidatedDns } from '#base/validated-dns.ts'
import type { CarrierParts } from '#deliver/carrier.ts'
import { createTlsRequirements } from '#deliver/tls/requirements.ts'
import { fetchStsPolicy } from '#deliver/tls/sts-fetch.ts'
import { createStsPolicies } from '#deliver/tls/sts-policies.ts'
import { postReport } from '#deliver/tls-report/post-report.ts'
import { createSessionCounts } from '#deliver/tls-report/session-counts.ts'
import { createTlsReports } from '#deliver/tls-report/tls-reports.ts'
import type { Directory } from '#directory/contract.ts'
import type { Events } from '#events/contract.ts'
import type { Settings } from '#settings/schema.ts'
import type { Store } from '#store/contract.ts'

export interface TransportPoliciesParts {
  readonly clock: Clock
  readonly settings: () => Settings
  readonly hostname: () => string
  readonly dns: Dns
  readonly validated: ValidatedDns
  readonly store: Pick<Store, 'transport' | 'messages'>
  readonly directory: Pick<Directory, 'isLocalDomain'>
  readonly nextReference: () => { readonly id: number; readonly ref: string }
  readonly events: Pick<Events, 'faulted'>
}

/** What other domains ask of TLS, and what they are told of how it went. */
export interface TransportPolicies extends Pick<CarrierParts, 'tlsTried'> {
  readonly requirementFor: ReturnType<typeof createTlsRequirements>['requirementFor']
  /** Keep what was counted, and report no more. */
  stop(): Promise<void>
}

/** Put together MTA-STS, DANE and the daily reports on both (RFC 8461, 7672, 8460). */
export function openTransportPolicies(parts: TransportPoliciesParts): TransportPolicies {
  const { clock, settings, dns, store, events } = parts
  const enabled = () => settings().delivery.tlsReports
  const policies = createStsPolicies({
    dns,
    store: store.transport,
    clock,
    fetch: (domain) => fetchStsPolicy(domain, { dns, clock }),
    failed: (domain, failure) => counts.policyFailed(domain, failure),
  })
  const counts = createSessionCounts({
    store: store.transport,
    clock,
    enabled,
    stsPolicy: policies.known,
    faulted: (error) => events.faulted({ what: 'counting sessions for TLS reports', error }),
  })
  const reports = createTlsReports({
    store: store.transport,
    dns,
    clock,
    random: Math.random,
    enabled,
    hostname: parts.hostname,
    isLocalDomain: parts.directory.isLocalDomain,
    accept: store.messages.accept,
    post: (url, compressed) => postReport(url, compressed, { dns, clock }),
    nextReference: parts.nextReference,
    faulted: (error) => events.faulted({ what: 'sending TLS reports', error }),
  })
  const { requirementFor } = createTlsRequirements({
    settings,
    dns: parts.validated,
    stsPolicy: policies.find,
    unnamed: counts.unnamed,
  })
  return {
    requirementFor,
    tlsTried: counts.tried,
    async stop() {
      await reports.stop()
      await counts.stop()
    },
  }
}
