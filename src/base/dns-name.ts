import { domainToASCII } from 'node:url'
import { isAscii } from './ascii.ts'
import { formatIPv6, parseIPv4, readIPv6, withoutZone } from './ip.ts'

/** RFC 1035 §2.3.4, in the form without the last dot. */
const MAX_NAME = 253
/** Letters, digits, hyphens, and the underscore that names of services and of careless people hold. */
const LABELS = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/
/** RFC 1123 §2.1: the last label of a name is never a number, or it would read as an address. */
const ENDS_IN_NUMBER = /(?:^|\.)\d+$/

/** Give a DNS name its one form: lower case, A-labels (RFC 5890 §2.3.2.1), no dot at the end; undefined for what is no name. */
export function normalizeDnsName(text: string): string | undefined {
  if (text.length > MAX_NAME + 1) return undefined
  const lower = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase()
  // Only names beyond ASCII go through the URL rules, which read `1.2` as an IPv4 address and `a/b` as `a`.
  const name = isAscii(lower) ? lower : /[%/?#@:\\]/.test(lower) ? '' : domainToASCII(lower)
  return name.length <= MAX_NAME && LABELS.test(name) && !ENDS_IN_NUMBER.test(name) ? name : undefined
}

/** Say why a name is known to lead nowhere, so that no server need be asked; undefined for all others. */
export function reservedName(name: string): string | undefined {
  // RFC 6761 §6.4.
  if (name === 'invalid' || name.endsWith('.invalid')) return 'names under .invalid never exist'
  // RFC 6761 §6.3: it would be this very machine.
  if (name === 'localhost' || name.endsWith('.localhost')) return 'localhost names no host of the Internet'
  return undefined
}

/** Give the name under which DNS keeps the name of an address (RFC 1035 §3.5, RFC 3596 §2.5); undefined for no address. */
export function reverseDnsName(ip: string): string | undefined {
  if (parseIPv4(ip) >= 0) return `${ip.split('.').reverse().join('.')}.in-addr.arpa`
  const words = new Uint32Array(4)
  if (ip.length > 64 || !readIPv6(withoutZone(ip), words)) return undefined
  if (formatIPv6(words) === '::') return undefined
  const digits = [...words].map((word) => word.toString(16).padStart(8, '0')).join('')
  return `${[...digits].reverse().join('.')}.ip6.arpa`
}
