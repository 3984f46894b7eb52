import { formatIPv4, formatIPv6, isMappedIPv4, parseIPv4, readIPv6, withoutZone } from '#base/ip.ts'

/** An address as numbers: one word of 32 bits for IPv4, four for IPv6. */
export interface Address {
  readonly family: 4 | 6
  readonly words: Uint32Array
}

/** Parse the address of a client; IPv4-mapped IPv6 is IPv4 (RFC 7208 §5). Undefined for what is no address. */
export function parseClientAddress(text: string): Address | undefined {
  const address = parseAddress(withoutZone(text))
  if (address === undefined || address.family === 4 || !isMappedIPv4(address.words)) return address
  return { family: 4, words: address.words.slice(3) }
}

/** Parse an address as it is written in a record or found in DNS; undefined for what is none. */
export function parseAddress(text: string): Address | undefined {
  const ipv4 = parseIPv4(text)
  if (ipv4 >= 0) return { family: 4, words: Uint32Array.of(ipv4) }
  const words = new Uint32Array(4)
  return readIPv6(text, words) ? { family: 6, words } : undefined
}

/** Tell whether two addresses are of one family and agree in their first bits (RFC 7208 §5.6). */
export function sharesPrefix(a: Address, b: Address, bits: number): boolean {
  if (a.family !== b.family) return false
  for (let index = 0, left = bits; left > 0; index++, left -= 32) {
    const mask = left >= 32 ? 0xffff_ffff : ~(0xffff_ffff >>> left)
    if ((((a.words[index] as number) ^ (b.words[index] as number)) & mask) !== 0) return false
  }
  return true
}

/** Write an address as people read it: the macro `%{c}` (RFC 7208 §7.3). */
export function formatAddress({ family, words }: Address): string {
  return family === 4 ? formatIPv4(words[0] as number) : formatIPv6(words)
}

/** Write an address with dots between its parts: the macro `%{i}`, nibbles for IPv6 (RFC 7208 §7.3). */
export function formatDotted({ family, words }: Address): string {
  if (family === 4) return formatIPv4(words[0] as number)
  const digits = [...words].map((word) => word.toString(16).padStart(8, '0')).join('')
  return [...digits.toUpperCase()].join('.')
}
