/** How far a group of addresses reaches: how many that are not private, and how two groups lie to each other. */
import { type AddressRange, type NetworkSet, PRIVATE } from '#base/network-set.ts'

/** Addresses outside the private networks, this machine's loopback included in those. */
export interface Reach {
  readonly ipv4: number
  /** Counted in /64 networks, each of which is one link (RFC 4291 §2.5.1); a part of one counts as one. */
  readonly ipv6Links: bigint
}

/** More than this many is no site's own: a /16 of IPv4, a /32 of IPv6. */
const MOST_IPV4 = 2 ** 16
const MOST_LINKS = 2n ** 32n

/** Count the addresses of a set that are not private: those a stranger may have. */
export function publicReach(set: NetworkSet): Reach {
  let ipv4 = 0
  let ipv6Links = 0n
  for (const range of without(set, PRIVATE)) {
    if (range.family === 4) ipv4 += range.last - range.first + 1
    else ipv6Links += (range.last >> 64n) - (range.first >> 64n) + 1n
  }
  return { ipv4, ipv6Links }
}

/** Tell whether nobody outside the private networks is in it. */
export function isPrivate({ ipv4, ipv6Links }: Reach): boolean {
  return ipv4 === 0 && ipv6Links === 0n
}

/** Tell whether it is larger than the networks of any one site. */
export function isVast({ ipv4, ipv6Links }: Reach): boolean {
  return ipv4 > MOST_IPV4 || ipv6Links > MOST_LINKS
}

/** Say how many addresses it is: `256 public IPv4 addresses and 65,536 public IPv6 networks (/64)`. */
export function formatReach({ ipv4, ipv6Links }: Reach): string {
  return [
    ipv4 === 0 ? '' : `${ipv4.toLocaleString('en')} public IPv4 address${ipv4 === 1 ? '' : 'es'}`,
    ipv6Links === 0n ? '' : `${ipv6Links.toLocaleString('en')} public IPv6 network${ipv6Links === 1n ? '' : 's'} (/64)`,
  ]
    .filter((text) => text !== '')
    .join(' and ')
}

/** Tell whether two sets have an address in common. */
export function overlaps(a: NetworkSet, b: NetworkSet): boolean {
  for (const family of [4, 6] as const) {
    const others = rangesOf(b, family)
    let at = 0
    for (const { first, last } of rangesOf(a, family)) {
      while (at < others.length && (others[at] as Interval).last < first) at++
      const other = others[at]
      if (other !== undefined && other.first <= last) return true
    }
  }
  return false
}

/** Tell whether every address of `inner` is in `outer`. */
export function covers(outer: NetworkSet, inner: NetworkSet): boolean {
  return outer === inner || without(inner, outer).next().done === true
}

/** Tell whether every public address of both families is in it. */
export function isEverybody(set: NetworkSet): boolean {
  const { ipv4, ipv6 } = set.publicShare()
  return ipv4 === 1 && ipv6 === 1
}

interface Interval {
  readonly first: bigint
  readonly last: bigint
}

function rangesOf(set: NetworkSet, family: 4 | 6): readonly Interval[] {
  return [...set.ranges()]
    .filter((range) => range.family === family)
    .map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) }))
}

/** Give what is left of a set when another is taken out of it. */
export function* without(set: NetworkSet, taken: NetworkSet): Generator<AddressRange> {
  for (const family of [4, 6] as const) {
    const gaps = rangesOf(taken, family)
    let at = 0
    for (const { first, last } of rangesOf(set, family)) {
      let from = first
      while (at < gaps.length && (gaps[at] as Interval).last < from) at++
      // A gap may reach into the next range, so the walk goes on from the same one there.
      for (let next = at; next < gaps.length && (gaps[next] as Interval).first <= last && from <= last; next++) {
        const gap = gaps[next] as Interval
        if (gap.first > from) yield rangeOf(family, from, gap.first - 1n)
        from = gap.last + 1n
      }
      if (from <= last) yield rangeOf(family, from, last)
    }
  }
}

function rangeOf(family: 4 | 6, first: bigint, last: bigint): AddressRange {
  return family === 4 ? { family, first: Number(first), last: Number(last) } : { family, first, last }
}
