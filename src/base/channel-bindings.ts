import { createHash, X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

/** What binds a login to the TLS connection it runs over, as SCRAM's -PLUS mechanisms use it. */
export interface TlsChannelBindings {
  readonly 'tls-server-end-point': Uint8Array
  readonly 'tls-exporter'?: Uint8Array
}

/** One hash a certificate: it is the same for every connection that shows it. */
const endPoints = new WeakMap<Uint8Array, Uint8Array>()

/** Give the channel bindings of a TLS connection whose handshake is done; `certificate` is the one shown, as DER. */
export function channelBindingsOf(socket: TLSSocket, certificate: Uint8Array): TlsChannelBindings {
  let endPoint = endPoints.get(certificate)
  if (endPoint === undefined) {
    endPoint = endPointBinding(certificate)
    endPoints.set(certificate, endPoint)
  }
  // RFC 9266 §4.2: below TLS 1.3 the exporter is unique only with extended master secrets, which cannot be asked for here.
  if (socket.getProtocol() !== 'TLSv1.3') return { 'tls-server-end-point': endPoint }
  return {
    'tls-server-end-point': endPoint,
    // RFC 9266 §2
    'tls-exporter': socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)),
  }
}

/** RFC 5929 §4.1: the certificate's hash, by the hash function of its own signature, SHA-256 at least. */
function endPointBinding(certificate: Uint8Array): Uint8Array {
  const signed = new X509Certificate(certificate).signatureAlgorithm?.toLowerCase() ?? ''
  const hash = signed.includes('sha512') ? 'sha512' : signed.includes('sha384') ? 'sha384' : 'sha256'
  return createHash(hash).update(certificate).digest()
}
