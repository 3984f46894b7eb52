import { createHash, createPublicKey, X509Certificate } from 'node:crypto'
import type { TlsaRecord } from '../contract.ts'
import { publicKeyInfo } from './public-key-info.ts'

/** Certificate usages of RFC 7218 §2.1; PKIX-TA (0) and PKIX-EE (1) are not for SMTP (RFC 7672 §3.1.3). */
const DANE_TA = 2
const DANE_EE = 3
const WHOLE = 0
const KEY = 1
const DIGESTS: readonly (undefined | { readonly name: string; readonly bytes: number })[] = [
  undefined,
  { name: 'sha256', bytes: 32 },
  { name: 'sha512', bytes: 64 },
]
/** A certificate with a large key and many names; longer data is no certificate. */
const MOST_DATA_BYTES = 16_384

/**
 * Give the records that SMTP can be checked by (RFC 7672 §3.1): DANE-TA and DANE-EE, with what this server understands. Of the
 * digests of one kind only the strongest counts (RFC 7671 §9).
 */
export function usableTlsa(records: readonly TlsaRecord[]): readonly TlsaRecord[] {
  const usable = records.filter(({ usage, selector, matching, data }) => {
    if ((usage !== DANE_TA && usage !== DANE_EE) || (selector !== WHOLE && selector !== KEY)) return false
    if (matching === 0) return data.length > 0 && data.length <= MOST_DATA_BYTES
    return DIGESTS[matching]?.bytes === data.length
  })
  return usable.filter(
    ({ usage, selector, matching }) =>
      matching === 0 ||
      !usable.some((other) => other.usage === usage && other.selector === selector && other.matching > matching),
  )
}

/** What came of holding a chain against TLSA records. */
export type DaneMatch =
  /** The server's own certificate or key is named: names and dates count for nothing (RFC 7672 §3.1.1). */
  | 'server'
  /** An authority is named, and stands behind the certificate: its names are still to be checked (RFC 7672 §3.1.2). */
  | 'authority'
  | 'expired'
  | 'none'

/** Hold a server's chain (its own certificate first) against the records that can be used. */
export function matchDane(records: readonly TlsaRecord[], chain: readonly X509Certificate[], nowMs: number): DaneMatch {
  const [own] = chain
  if (own === undefined) return 'none'
  if (records.some((record) => record.usage === DANE_EE && names(record, own))) return 'server'
  return underAuthority(
    records.filter(({ usage }) => usage === DANE_TA),
    chain,
    nowMs,
  )
}

/** Tell whether a record names a certificate (RFC 6698 §2.1.4). */
function names({ selector, matching, data }: TlsaRecord, certificate: X509Certificate): boolean {
  const selected = selector === WHOLE ? certificate.raw : publicKeyInfo(certificate.raw)
  if (selected === undefined) return false
  const digest = DIGESTS[matching]
  const presented = digest === undefined ? selected : createHash(digest.name).update(selected).digest()
  return Buffer.compare(presented, data) === 0
}

/**
 * Follow the chain from the server's certificate up to an authority that one of the records names. Each signature of the chain is
 * checked once, however many records there are.
 *
 * NOTE: signatures, issuers, dates and the CA mark are checked; limits that a CA writes into its certificates for the CAs
 * below it (path lengths, name constraints) are not, for the domain itself has named this authority as its own.
 */
function underAuthority(records: readonly TlsaRecord[], chain: readonly X509Certificate[], nowMs: number): DaneMatch {
  const whole = records.filter(({ matching }) => matching === 0)
  // What is expired at the foot of the chain stays so further up.
  let expired = !isCurrent(chain[0] as X509Certificate, nowMs)
  for (let at = 0; records.length > 0 && at < chain.length; at += 1) {
    const below = chain[at] as X509Certificate
    // RFC 7671 §5.2.3: a record that holds the whole certificate or key needs it not to be sent.
    if (whole.some((record) => isSignedByData(record, below))) return expired ? 'expired' : 'authority'
    const issuer = chain[at + 1]
    if (issuer === undefined || !issuer.ca || !isIssuedBy(below, issuer)) return 'none'
    expired ||= !isCurrent(issuer, nowMs)
    if (records.some((record) => names(record, issuer))) return expired ? 'expired' : 'authority'
  }
  return 'none'
}

function isSignedByData({ selector, data }: TlsaRecord, below: X509Certificate): boolean {
  try {
    if (selector === KEY) return below.verify(createPublicKey({ key: Buffer.from(data), format: 'der', type: 'spki' }))
    const authority = new X509Certificate(data)
    return authority.ca && isIssuedBy(below, authority)
  } catch {
    // What is no certificate or key signs nothing.
    return false
  }
}

function isIssuedBy(below: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return below.checkIssued(issuer) && below.verify(issuer.publicKey)
  } catch {
    // A kind of key that is not known here.
    return false
  }
}

function isCurrent({ validFrom, validTo }: X509Certificate, nowMs: number): boolean {
  return Date.parse(validFrom) <= nowMs && nowMs <= Date.parse(validTo)
}
