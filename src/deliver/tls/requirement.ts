import type { Trouble } from '#queue/contract.ts'
import type { TlsaRecord, TlsRequirement } from '../contract.ts'
import type { TlsMode } from '../route.ts'

/** What DANE says of a host (RFC 7672 §2.2). */
export type DaneFinding =
  /** No DNSSEC, or no TLSA records; why. */
  | { readonly is: 'none'; readonly because: string }
  /** Records that can be checked. */
  | {
      readonly is: 'records'
      readonly records: readonly TlsaRecord[]
      /** Names that a certificate under a named authority (DANE-TA) may bear. */
      readonly names: readonly string[]
    }
  /** There are records, and none that can be checked. */
  | { readonly is: 'unusable' }
  /** They should be there to be found, and were not given: it may be an attack. */
  | { readonly is: 'unknown'; readonly because: string }

/** What MTA-STS says of a domain and a host (RFC 8461). */
export type StsFinding =
  | { readonly is: 'none'; readonly because: string }
  | {
      readonly is: 'policy'
      readonly mode: 'enforce' | 'testing'
      /** The policy names the host. */
      readonly namesHost: boolean
    }

/** All that decides about TLS with one host on the way to a domain. */
export interface TlsFacts {
  /** The recipient's domain. */
  readonly domain: string
  readonly host: string
  readonly via: 'mx' | 'relay' | 'lmtp'
  /** What the settings ask on this way. */
  readonly mode: TlsMode
  /** The message may only go where TLS is verified (RFC 8689). */
  readonly requireTls: boolean
  /** Its sender puts delivery before what the recipient's domain wishes of TLS (RFC 8689 §5). */
  readonly tlsOptional: boolean
  /** DNSSEC stands behind the domain's choice of the host; a sentence when that could not be found out. */
  readonly secureMx: boolean | string
  readonly dane: DaneFinding
  readonly sts: StsFinding
}

const STRENGTH: Readonly<Record<TlsMode, number>> = { none: 0, opportunistic: 1, required: 2, verified: 3 }

/** Decide what TLS has to be; trouble when the host must not be used (the next one may). */
export function tlsRequirement(facts: TlsFacts): TlsRequirement | Trouble {
  const { host, dane, sts } = facts
  // RFC 8689 §5: neither MTA-STS nor DANE stops it. What the administrator asks for is no policy of the recipient's, and holds;
  // and REQUIRETLS goes before the field.
  if (facts.tlsOptional && !facts.requireTls) return bySettings(facts)
  // RFC 7672 §2.1.1: a host whose records are withheld is passed over, or an attacker would have it easy.
  if (dane.is === 'unknown') {
    const because = `The TLSA records of ${host}, which DANE asks for, could not be found: ${dane.because}`
    return passedOver('4.4.3', because, 'dns')
  }
  // RFC 8461 §2: where both are there, DANE goes before MTA-STS.
  if (dane.is === 'records') return { mode: 'verified', by: 'dane', names: dane.names, tlsa: dane.records }

  const enforced = sts.is === 'policy' && sts.mode === 'enforce'
  // RFC 8461 §5: no host that the policy does not name, for a policy that is enforced.
  if (enforced && !sts.namesHost) {
    const because = `The MTA-STS policy of ${facts.domain} does not name the server ${host}, so nothing may be sent to it`
    return passedOver('4.7.0', because, 'starttls')
  }
  // RFC 8461 §4.2: the certificate has to be for the name of the MX record.
  if (enforced) return { mode: 'verified', by: 'mta-sts', names: [host] }
  if (facts.requireTls && facts.via !== 'lmtp') return underRequireTls(facts)

  const settings = bySettings(facts)
  if (dane.is === 'unusable') {
    // RFC 7672 §2.2: encrypted all the same, though nothing can be checked.
    return STRENGTH[facts.mode] > STRENGTH.required ? settings : { mode: 'required', by: 'dane', names: [host] }
  }
  // RFC 8461 §5: what is tested is tried and counted. It may not weaken what the settings insist on.
  if (sts.is === 'policy' && sts.namesHost && STRENGTH[facts.mode] < STRENGTH.required) {
    return { mode: 'verified', by: 'mta-sts', names: [host], testing: true }
  }
  return settings
}

/**
 * RFC 8689 §4.2.1: a verified certificate, for a name that itself can be trusted: by DNSSEC or by MTA-STS, which would have
 * decided already, or because the administrator wrote it.
 */
function underRequireTls({ domain, host, via, secureMx }: TlsFacts): TlsRequirement | Trouble {
  if (typeof secureMx === 'string') {
    return passedOver('4.4.3', `Whether DNSSEC stands behind ${host} could not be found out: ${secureMx}`, 'dns')
  }
  if (via !== 'mx' || secureMx) return { mode: 'verified', by: 'requiretls', names: [host] }
  return {
    is: 'failed',
    status: '5.7.30',
    because: `The message may only go over verified TLS (REQUIRETLS), and ${domain} has neither DNSSEC nor an enforced MTA-STS policy to verify its servers by`,
    stage: 'starttls',
    scope: 'message',
  }
}

function bySettings(facts: TlsFacts): TlsRequirement {
  return { mode: facts.mode, by: 'settings', names: ownNames(facts) }
}

/** Names for a certificate that the settings want verified: the server's, or that of the domain it stands for. */
function ownNames({ domain, host, via }: TlsFacts): readonly string[] {
  return via === 'mx' && host !== domain ? [host, domain] : [host]
}

function passedOver(status: string, because: string, stage: Trouble['stage']): Trouble {
  return { is: 'deferred', status, because, stage, scope: 'server' }
}
