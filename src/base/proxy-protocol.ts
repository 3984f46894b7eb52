/** The PROXY protocol (haproxy's `proxy-protocol.txt`): how a proxy tells whose connection it passes on. */

import { isIPv4, isIPv6 } from 'node:net'
import { formatIPv4, formatIPv6, normalizeIp } from './ip.ts'

export interface Endpoint {
  /** IPv4 or IPv6 text in its canonical form; IPv4-mapped IPv6 is written as IPv4. */
  readonly ip: string
  readonly port: number
}

export type ProxyHeader =
  | { readonly is: 'proxied'; readonly source: Endpoint; readonly destination: Endpoint }
  /** The proxy speaks for itself: a health check (§2.2, LOCAL). */
  | { readonly is: 'local' }
  /** The proxy does not know, or passes on something that is not TCP over IP (§2.1 UNKNOWN, §2.2 AF_UNSPEC and AF_UNIX). */
  | { readonly is: 'unknown' }

export type DecodedProxyHeader =
  | { readonly is: 'more' }
  | { readonly is: 'header'; readonly header: ProxyHeader; readonly consumedBytes: number }
  | { readonly is: 'malformed'; readonly why: string }

/** §2.1: the longest line of version 1, its CRLF included. */
const V1_MOST_BYTES = 107
const V1_PREFIX = Buffer.from('PROXY ')
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const V2_FIXED_BYTES = 16
/** §2.2 lets a header be 64 KiB; addresses and the usual TLVs take some hundred bytes. */
const V2_MOST_BYTES = 4096
/** The most bytes that `decodeProxyHeader` needs before it answers something else than `more`. */
export const MOST_HEADER_BYTES: number = V2_MOST_BYTES

/**
 * Decode the header at the beginning of `bytes`, everything received so far. `more` asks to be called again with further bytes
 * appended; TLVs are passed over. Never throws.
 */
export function decodeProxyHeader(bytes: Buffer): DecodedProxyHeader {
  if (startsAlike(bytes, V2_SIGNATURE)) return bytes.length < V2_FIXED_BYTES ? { is: 'more' } : decodeV2(bytes)
  if (startsAlike(bytes, V1_PREFIX)) return decodeV1(bytes)
  return malformed('no PROXY header: the connection begins with something else')
}

/** Tell whether `bytes` and `wanted` agree as far as both go. */
function startsAlike(bytes: Buffer, wanted: Buffer): boolean {
  const length = Math.min(bytes.length, wanted.length)
  return bytes.compare(wanted, 0, length, 0, length) === 0
}

function malformed(why: string): DecodedProxyHeader {
  return { is: 'malformed', why }
}

function decodeV1(bytes: Buffer): DecodedProxyHeader {
  const newline = bytes.subarray(0, V1_MOST_BYTES).indexOf(0x0a)
  if (newline === -1) {
    return bytes.length < V1_MOST_BYTES ? { is: 'more' } : malformed(`version 1: no line end in ${V1_MOST_BYTES} bytes`)
  }
  if (bytes[newline - 1] !== 0x0d) return malformed('version 1: the line does not end in CRLF')
  const [, family, sourceIp = '', destinationIp = '', sourcePort = '', destinationPort = '', ...rest] = bytes
    .toString('latin1', 0, newline - 1)
    .split(' ')
  const consumedBytes = newline + 1
  // §2.1: whatever follows UNKNOWN is to be passed over.
  if (family === 'UNKNOWN') return { is: 'header', header: { is: 'unknown' }, consumedBytes }
  if (family !== 'TCP4' && family !== 'TCP6') return malformed('version 1: expected TCP4, TCP6 or UNKNOWN')

  const source = parseEndpoint(family, sourceIp, sourcePort)
  const destination = parseEndpoint(family, destinationIp, destinationPort)
  if (source === undefined || destination === undefined || rest.length > 0) {
    return malformed(`version 1: expected two ${family} addresses and two ports`)
  }
  return { is: 'header', header: { is: 'proxied', source, destination }, consumedBytes }
}

function parseEndpoint(family: 'TCP4' | 'TCP6', ip: string, portText: string): Endpoint | undefined {
  // A scope id (fe80::1%eth0) means nothing on this machine.
  if (family === 'TCP4' ? !isIPv4(ip) : !isIPv6(ip) || ip.includes('%')) return undefined
  const canonical = normalizeIp(ip)
  const port = /^(0|[1-9]\d{0,4})$/.test(portText) ? Number(portText) : 65_536
  return canonical !== undefined && port <= 65_535 ? { ip: canonical, port } : undefined
}

const V2_ADDRESS_BYTES = { tcp4: 12, tcp6: 36 } as const

function decodeV2(bytes: Buffer): DecodedProxyHeader {
  const versionAndCommand = bytes[12] as number
  const familyAndTransport = bytes[13] as number
  const consumedBytes = V2_FIXED_BYTES + bytes.readUInt16BE(14)
  if (versionAndCommand >> 4 !== 2) return malformed(`version 2: unknown version ${versionAndCommand >> 4}`)
  const command = versionAndCommand & 0x0f
  if (command > 1) return malformed(`version 2: unknown command ${command}`)
  if (consumedBytes > V2_MOST_BYTES) return malformed(`version 2: a header of ${consumedBytes} bytes is too long`)
  if (bytes.length < consumedBytes) return { is: 'more' }
  if (command === 0) return { is: 'header', header: { is: 'local' }, consumedBytes }

  const family = familyAndTransport === 0x11 ? 'tcp4' : familyAndTransport === 0x21 ? 'tcp6' : undefined
  if (family === undefined) return { is: 'header', header: { is: 'unknown' }, consumedBytes }
  const addressBytes = V2_ADDRESS_BYTES[family]
  const ipBytes = (addressBytes - 4) / 2
  if (consumedBytes < V2_FIXED_BYTES + addressBytes) return malformed('version 2: too short for its addresses')
  const endpoint = (index: 0 | 1): Endpoint => {
    const at = V2_FIXED_BYTES + index * ipBytes
    return {
      ip: ipBytes === 4 ? formatIPv4(bytes.readUInt32BE(at)) : readIPv6(bytes, at),
      port: bytes.readUInt16BE(V2_FIXED_BYTES + 2 * ipBytes + index * 2),
    }
  }
  return { is: 'header', header: { is: 'proxied', source: endpoint(0), destination: endpoint(1) }, consumedBytes }
}

function readIPv6(bytes: Buffer, at: number): string {
  const text = formatIPv6(Uint32Array.of(0, 1, 2, 3).map((word) => bytes.readUInt32BE(at + word * 4)))
  return normalizeIp(text) ?? text
}
