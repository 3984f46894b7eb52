import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { checkServerIdentity, type DetailedPeerCertificate, type PeerCertificate, type TLSSocket } from 'node:tls'
import { printable } from '#base/printable.ts'
import type { CheckCertificate, TlsRequirement } from '../contract.ts'
import { matchDane } from './dane-match.ts'

/** What is wrong with a certificate: as TLS reports name it (RFC 8460 §4.3), and in a sentence. */
export interface CertificateFault {
  readonly result:
    | 'certificate-host-mismatch'
    | 'certificate-expired'
    | 'certificate-not-trusted'
    | 'validation-failure'
  readonly because: string
}

/** Chains are a handful of certificates long; whoever sends a hundred has no more of them looked at. */
const MOST_CERTIFICATES = 10

/** Say in a sentence why a certificate does not fulfil a requirement; undefined when it does. */
export const checkCertificate: CheckCertificate = (requirement, socket) =>
  examineCertificate(requirement, socket)?.because

/** Hold the certificate of a connection against what it has to be; undefined when it fulfils it. */
export function examineCertificate(
  requirement: TlsRequirement,
  socket: TLSSocket,
  nowMs: number = Date.now(),
): CertificateFault | undefined {
  if (requirement.mode !== 'verified') return undefined
  const peer = socket.getPeerCertificate(true)
  if (peer?.raw === undefined) return { result: 'validation-failure', because: 'the server showed no certificate' }
  return requirement.tlsa === undefined
    ? underWebAuthorities(requirement, socket, peer)
    : underDane(requirement, requirement.tlsa, peer, nowMs)
}

function underWebAuthorities(
  { names, by }: TlsRequirement,
  socket: TLSSocket,
  peer: PeerCertificate,
): CertificateFault | undefined {
  // The names are checked below: Node's own check is against the name it was given for SNI.
  const chain = socket.authorizationError as unknown
  const code = chain instanceof Error ? ((chain as NodeJS.ErrnoException).code ?? chain.message) : chain
  if (typeof code === 'string' && code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return chainFault(code, peer)
  // RFC 8461 §4.2 and RFC 9525 §6.3: subject alternative names alone. An older certificate's common name is taken where the
  // administrator has named the server.
  if (by !== 'settings' && peer.subjectaltname === undefined) {
    return { result: 'certificate-host-mismatch', because: 'its certificate bears no names (subjectAltName)' }
  }
  return nameFault(names, peer)
}

function underDane(
  { names }: TlsRequirement,
  records: NonNullable<TlsRequirement['tlsa']>,
  peer: DetailedPeerCertificate,
  nowMs: number,
): CertificateFault | undefined {
  switch (matchDane(records, chainOf(peer), nowMs)) {
    case 'server':
      return undefined
    case 'authority':
      // RFC 7672 §3.1.2, §3.2.3: under an authority, the certificate still has to be the right host's.
      return nameFault(names, peer)
    case 'expired':
      return { result: 'certificate-expired', because: `its certificate is not valid today (until ${peer.valid_to})` }
    case 'none':
      return { result: 'validation-failure', because: 'its certificate is none that its TLSA records name (DANE)' }
  }
}

function chainOf(peer: DetailedPeerCertificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  let at: DetailedPeerCertificate | undefined = peer
  while (at?.raw !== undefined && chain.length < MOST_CERTIFICATES) {
    chain.push(new X509Certificate(at.raw))
    // A certificate that is its own issuer ends the chain, and points to itself here.
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate
  }
  return chain
}

function nameFault(names: readonly string[], peer: PeerCertificate): CertificateFault | undefined {
  if (names.some((name) => checkServerIdentity(withoutDot(name), peer) === undefined)) return undefined
  const borne = printable(peer.subjectaltname ?? `CN ${String(peer.subject?.CN ?? '')}`, 200)
  return {
    result: 'certificate-host-mismatch',
    because: `its certificate is for ${borne}, expected ${names.join(' or ')}`,
  }
}

function withoutDot(name: string): string {
  return isIP(name) === 0 && name.endsWith('.') ? name.slice(0, -1) : name
}

/** Tell what OpenSSL has against a chain (its names for it are in `man openssl-verification-options`). */
function chainFault(code: string, peer: PeerCertificate): CertificateFault {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return {
        result: 'certificate-expired',
        because: `its certificate, or one behind it, has expired (${peer.valid_to})`,
      }
    case 'CERT_NOT_YET_VALID':
      return { result: 'certificate-expired', because: `its certificate is not valid yet (${peer.valid_from})` }
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return { result: 'certificate-not-trusted', because: 'its certificate is signed by itself alone' }
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_UNTRUSTED':
      return { result: 'certificate-not-trusted', because: `its certificate comes from no known authority (${code})` }
    default:
      return { result: 'validation-failure', because: `its certificate cannot be verified (${printable(code, 100)})` }
  }
}
