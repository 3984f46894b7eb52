/** IP addresses as text and as numbers. Strict: no octal, no partial IPv4, no zone except where a socket gives one. */

const DOT = 46
const COLON = 58

/** Read a dotted quad into an unsigned 32-bit number; -1 for anything else (`010.0.0.1` and `10.1` included). */
export function parseIPv4(text: string): number {
  const { length } = text
  if (length < 7 || length > 15) return -1
  let address = 0
  let octet = 0
  let digits = 0
  let dots = 0
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return -1
      address = address * 256 + octet
      octet = 0
      digits = 0
      continue
    }
    if (code < 48 || code > 57) return -1
    // A leading zero would be octal to some readers and decimal to others.
    if (digits > 0 && octet === 0) return -1
    octet = octet * 10 + (code - 48)
    if (++digits > 3 || octet > 255) return -1
  }
  return dots === 3 && digits > 0 ? address * 256 + octet : -1
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

const groups = new Uint16Array(8)

/** Read an IPv6 address (RFC 4291 §2.2) into four 32-bit words; false, and the words undefined, for anything else. */
export function readIPv6(text: string, words: Uint32Array): boolean {
  const end = text.length
  if (end < 2 || end > 45) return false
  let count = 0
  let gap = -1
  let at = 0
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false
    gap = 0
    at = 2
  }
  while (at < end) {
    if (count === 8) return false
    const start = at
    let value = 0
    for (; at < end; at++) {
      const digit = hexDigit(text.charCodeAt(at))
      if (digit < 0) break
      if (at - start === 4) return false
      value = value * 16 + digit
    }
    if (at === start) return false
    if (at < end && text.charCodeAt(at) === DOT) {
      const tail = parseIPv4(text.slice(start))
      if (tail < 0 || count > 6) return false
      groups[count++] = tail >>> 16
      groups[count++] = tail & 0xffff
      break
    }
    groups[count++] = value
    if (at === end) break
    if (text.charCodeAt(at) !== COLON || ++at === end) return false
    if (text.charCodeAt(at) === COLON) {
      if (gap !== -1) return false
      gap = count
      at++
    }
  }
  if (gap === -1 ? count !== 8 : count > 7) return false
  if (gap !== -1) {
    const shift = 8 - count
    for (let index = count - 1; index >= gap; index--) groups[index + shift] = groups[index] as number
    groups.fill(0, gap, gap + shift)
  }
  for (let index = 0; index < 4; index++) {
    words[index] = (((groups[index * 2] as number) << 16) | (groups[index * 2 + 1] as number)) >>> 0
  }
  return true
}

/** Tell whether four words hold an IPv4-mapped address (RFC 4291 §2.5.5.2). */
export function isMappedIPv4(words: Uint32Array): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff
}

/** Write an unsigned 32-bit number as a dotted quad. */
export function formatIPv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/** Write four words as an IPv6 address in its one canonical form (RFC 5952 §4). */
export function formatIPv6(words: Uint32Array): string {
  const parts: number[] = []
  for (const word of words) parts.push(word >>> 16, word & 0xffff)
  // RFC 5952 §4.2: the longest run of zeros, the first of equals, never a single one.
  let [gap, gapLength] = [-1, 1]
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && parts[start + length] === 0) length++
    if (length > gapLength) [gap, gapLength] = [start, length]
  }
  const hex = (from: number, to?: number) =>
    parts
      .slice(from, to)
      .map((part) => part.toString(16))
      .join(':')
  return gap === -1 ? hex(0) : `${hex(0, gap)}::${hex(gap + gapLength)}`
}

const scratch = new Uint32Array(4)

/** Drop what a socket adds behind a link-local address: the `%eth0` of `fe80::1%eth0`. */
export function withoutZone(text: string): string {
  const zone = text.indexOf('%')
  return zone === -1 ? text : text.slice(0, zone)
}

/**
 * Give an address its one form: IPv4 as it is, IPv4-mapped IPv6 as IPv4, other IPv6 as RFC 5952 writes it, without a zone.
 * Undefined for what is no address.
 */
export function normalizeIp(text: string): string | undefined {
  if (parseIPv4(text) >= 0) return text
  if (text.length > 64 || !readIPv6(withoutZone(text), scratch)) return undefined
  return isMappedIPv4(scratch) ? formatIPv4(scratch[3] as number) : formatIPv6(scratch)
}
