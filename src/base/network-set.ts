/** Sets of addresses: networks and ranges merged into sorted intervals, asked by binary search. */
import { formatIPv4, formatIPv6, isMappedIPv4, parseIPv4, readIPv6, withoutZone } from './ip.ts'

export { normalizeIp } from './ip.ts'

/** Addresses from `first` to `last`, both included. IPv4-mapped IPv6 is always family 4. */
export type AddressRange =
  | { readonly family: 4; readonly first: number; readonly last: number }
  | { readonly family: 6; readonly first: bigint; readonly last: bigint }

export type ParsedRange = { readonly range: AddressRange } | { readonly problem: string }

type IP = { readonly family: 4; readonly value: number } | { readonly family: 6; readonly value: bigint }

const scratch = new Uint32Array(4)

function parseIp(text: string): IP | undefined {
  const ipv4 = parseIPv4(text)
  if (ipv4 >= 0) return { family: 4, value: ipv4 }
  if (!readIPv6(text, scratch)) return undefined
  if (isMappedIPv4(scratch)) return { family: 4, value: scratch[3] as number }
  let value = 0n
  for (const word of scratch) value = (value << 32n) | BigInt(word)
  return { family: 6, value }
}

function formatIp(ip: IP): string {
  if (ip.family === 4) return formatIPv4(ip.value)
  const words = new Uint32Array(4)
  storeWords(words, 0, ip.value)
  return formatIPv6(words)
}

function network(ip: IP, prefix: number): AddressRange {
  if (ip.family === 4) {
    const size = 2 ** (32 - prefix)
    const first = Math.floor(ip.value / size) * size
    return { family: 4, first, last: first + size - 1 }
  }
  const hostBits = BigInt(128 - prefix)
  const first = (ip.value >> hostBits) << hostBits
  return { family: 6, first, last: first + (1n << hostBits) - 1n }
}

/** Read the length of a mask such as 255.255.255.0; undefined when its ones are not all in front. */
function prefixOfMask(mask: number): number | undefined {
  const hosts = 2 ** 32 - mask
  const bits = Math.log2(hosts)
  return Number.isInteger(bits) ? 32 - bits : undefined
}

function parsePrefix(text: string, address: string, ip: IP): number | undefined {
  if (/^(0|[1-9]\d{0,2})$/.test(text)) {
    const prefix = Number(text)
    // ::ffff:10.0.0.0/104 is 10.0.0.0/8 written as IPv6.
    const mapped = ip.family === 4 && address.includes(':')
    const own = mapped ? prefix - 96 : prefix
    return own >= 0 && own <= (ip.family === 4 ? 32 : 128) ? own : undefined
  }
  const mask = ip.family === 4 ? parseIPv4(text) : -1
  return mask >= 0 ? prefixOfMask(mask) : undefined
}

/**
 * Read an address, a range `A-B`, or a network `A/PREFIX` or `A/MASK`. A network with host bits set is refused: whether the
 * host or its network was meant cannot be told, and one of them would be trusted by mistake.
 */
export function parseRange(text: string): ParsedRange {
  if (text.length > 100) return { problem: 'an address, a range or a network' }
  const dash = text.indexOf('-')
  if (dash !== -1) {
    const [from, to] = [parseIp(text.slice(0, dash).trim()), parseIp(text.slice(dash + 1).trim())]
    if (from?.family === 4 && to?.family === 4 && from.value <= to.value) {
      return { range: { family: 4, first: from.value, last: to.value } }
    }
    if (from?.family === 6 && to?.family === 6 && from.value <= to.value) {
      return { range: { family: 6, first: from.value, last: to.value } }
    }
    return { problem: 'a range A-B of two addresses of one family, the lower first' }
  }
  const slash = text.indexOf('/')
  const address = slash === -1 ? text : text.slice(0, slash)
  const ip = parseIp(address)
  if (ip === undefined) return { problem: 'an IPv4 or IPv6 address, a range or a network' }
  if (slash === -1) return { range: network(ip, ip.family === 4 ? 32 : 128) }
  const prefix = parsePrefix(text.slice(slash + 1), address, ip)
  if (prefix === undefined) {
    return { problem: ip.family === 4 ? 'a prefix of 0 to 32 or a mask such as 255.255.255.0' : 'a prefix of 0 to 128' }
  }
  const range = network(ip, prefix)
  if (range.first !== ip.value) {
    const whole = formatIp({ family: range.family, value: range.first } as IP)
    return { problem: `${whole}/${prefix} for the network, or ${formatIp(ip)} for the one address` }
  }
  return { range }
}

function storeWords(words: Uint32Array, at: number, value: bigint): void {
  for (let index = 3, rest = value; index >= 0; index--, rest >>= 32n) words[at + index] = Number(rest & 0xffffffffn)
}

function loadWords(words: Uint32Array, at: number): bigint {
  let value = 0n
  for (let index = 0; index < 4; index++) value = (value << 32n) | BigInt(words[at + index] as number)
  return value
}

/** Compare the four words of `a` at `atA` with those of `b` at its begin. */
function compareWords(a: Uint32Array, atA: number, b: Uint32Array): number {
  for (let index = 0; index < 4; index++) {
    const difference = (a[atA + index] as number) - (b[index] as number)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * An unchanging set of addresses. It takes 8 bytes an IPv4 interval and 32 an IPv6 one; `has` costs some tens of comparisons
 * whatever the size, and allocates nothing.
 */
export class NetworkSet {
  readonly #firsts4: Uint32Array
  readonly #lasts4: Uint32Array
  readonly #firsts6: Uint32Array
  readonly #lasts6: Uint32Array

  constructor(ranges: Iterable<AddressRange>) {
    const ranges4: { first: number; last: number }[] = []
    const ranges6: { first: bigint; last: bigint }[] = []
    for (const range of ranges) {
      if (range.family === 4) ranges4.push(range)
      else ranges6.push(range)
    }
    const merged4 = mergeRanges(ranges4, (value) => value + 1)
    this.#firsts4 = Uint32Array.from(merged4, (range) => range.first)
    this.#lasts4 = Uint32Array.from(merged4, (range) => range.last)
    const merged6 = mergeRanges(ranges6, (value) => value + 1n)
    this.#firsts6 = new Uint32Array(merged6.length * 4)
    this.#lasts6 = new Uint32Array(merged6.length * 4)
    for (const [index, range] of merged6.entries()) {
      storeWords(this.#firsts6, index * 4, range.first)
      storeWords(this.#lasts6, index * 4, range.last)
    }
  }

  /** Intervals kept, after merging. */
  get size(): number {
    return this.#firsts4.length + this.#firsts6.length / 4
  }

  /** Tell whether an address, as a socket gives it, is in the set; false for what is no address. */
  has(ip: string): boolean {
    const ipv4 = parseIPv4(ip)
    if (ipv4 >= 0) return this.#has4(ipv4)
    if (ip.length > 64 || !readIPv6(withoutZone(ip), scratch)) return false
    return isMappedIPv4(scratch) ? this.#has4(scratch[3] as number) : this.#has6(scratch)
  }

  #has4(address: number): boolean {
    let [low, high] = [0, this.#firsts4.length - 1]
    while (low <= high) {
      const middle = (low + high) >>> 1
      if ((this.#firsts4[middle] as number) <= address) low = middle + 1
      else high = middle - 1
    }
    return high >= 0 && (this.#lasts4[high] as number) >= address
  }

  #has6(address: Uint32Array): boolean {
    let [low, high] = [0, this.#firsts6.length / 4 - 1]
    while (low <= high) {
      const middle = (low + high) >>> 1
      if (compareWords(this.#firsts6, middle * 4, address) <= 0) low = middle + 1
      else high = middle - 1
    }
    return high >= 0 && compareWords(this.#lasts6, high * 4, address) >= 0
  }

  /** Give the intervals: IPv4 first, each family in order, none touching the next. */
  *ranges(): Generator<AddressRange> {
    for (const [index, first] of this.#firsts4.entries()) {
      yield { family: 4, first, last: this.#lasts4[index] as number }
    }
    for (let at = 0; at < this.#firsts6.length; at += 4) {
      yield { family: 6, first: loadWords(this.#firsts6, at), last: loadWords(this.#lasts6, at) }
    }
  }

  /** Tell whether it holds every public IPv4 address or every public IPv6 address. */
  coversAllPublic(): boolean {
    const { ipv4, ipv6 } = this.publicShare()
    return ipv4 === 1 || ipv6 === 1
  }

  /** Give the share, 0 to 1, of all public addresses of each family that it holds. */
  publicShare(): { readonly ipv4: number; readonly ipv6: number } {
    return { ipv4: share(this, 4), ipv6: share(this, 6) }
  }
}

function mergeRanges<N extends number | bigint>(
  ranges: { first: N; last: N }[],
  next: (value: N) => N,
): { first: N; last: N }[] {
  ranges.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  const merged: { first: N; last: N }[] = []
  for (const { first, last } of ranges) {
    const before = merged.at(-1)
    if (before === undefined || first > next(before.last)) merged.push({ first, last })
    else if (last > before.last) before.last = last
  }
  return merged
}

/** Read a list of networks of ours; throws on a mistake in it. */
export function networks(...texts: readonly string[]): NetworkSet {
  return new NetworkSet(
    texts.map((text) => {
      const parsed = parseRange(text)
      if ('problem' in parsed) throw new TypeError(`Cannot parse network "${text}": wanted ${parsed.problem}`)
      return parsed.range
    }),
  )
}

/** This machine's own addresses, wherever it stands (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export const LOOPBACK = networks('127.0.0.0/8', '::1')

/** Addresses that the Internet does not route (RFC 1918, RFC 3927, RFC 6598, RFC 4193, RFC 4291 §2.5.6), with loopback. */
export const PRIVATE = networks(
  ...['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10'],
  ...['::1', 'fc00::/7', 'fe80::/10'],
)

/** What RFC 6890 sets aside for no special use, and so may be anybody's. */
const PUBLIC4 = networks(
  ...['1.0.0.0-9.255.255.255', '11.0.0.0-100.63.255.255', '100.128.0.0-126.255.255.255', '128.0.0.0-169.253.255.255'],
  ...['169.255.0.0-172.15.255.255', '172.32.0.0-191.255.255.255', '192.0.1.0/24', '192.0.3.0-192.167.255.255'],
  ...[
    '192.169.0.0-198.17.255.255',
    '198.20.0.0-198.51.99.255',
    '198.51.101.0-203.0.112.255',
    '203.0.114.0-223.255.255.255',
  ],
)

/** RFC 4291 §2.4: global unicast, as far as it is handed out. */
const PUBLIC6 = networks('2000::/3')

/** Give the share of a family's public addresses that `set` holds: exactly 1 only when it holds all. */
function share(set: NetworkSet, family: 4 | 6): number {
  const wholes = [...(family === 4 ? PUBLIC4 : PUBLIC6).ranges()].map(
    ({ first, last }) => [BigInt(first), BigInt(last)] as const,
  )
  let [held, total] = [0n, 0n]
  for (const [first, last] of wholes) total += last - first + 1n
  for (const part of set.ranges()) {
    if (part.family !== family) continue
    const [partFirst, partLast] = [BigInt(part.first), BigInt(part.last)]
    for (const [first, last] of wholes) {
      const overlap = (partLast < last ? partLast : last) - (partFirst > first ? partFirst : first) + 1n
      if (overlap > 0n) held += overlap
    }
  }
  return held === total ? 1 : Math.min(Number(held) / Number(total), 1 - Number.EPSILON)
}
