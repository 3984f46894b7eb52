/**
 * The networks that a client counts for. An IPv4 client counts by its address: wider networks have many owners. An IPv6 client
 * counts by its /64, which is one link (RFC 4291 §2.5.1), and also by the /56 and the /48 around it, of which one customer is
 * given the whole (RFC 6177 §2): otherwise rotating inside one's own network would evade every limit. The wider ones may reach
 * a multiple of the limit, since a site has many machines; it grows by 4 and not by the 256 links each holds, because honest mail
 * comes from few of them.
 */
export interface ClientNetwork {
  /** `198.51.100.7`, `2001:db8:0:1::/64`. */
  readonly network: string
  /** How many times the limit it may reach. */
  readonly times: 1 | 4 | 16
}

const WIDTHS = [
  { bits: 64, groups: 4, mask: 0xffff, times: 1 },
  { bits: 56, groups: 4, mask: 0xff00, times: 4 },
  { bits: 48, groups: 3, mask: 0xffff, times: 16 },
] as const

/** Give the networks of a client, narrowest first; `ip` is in its one form (`normalizeIp`). */
export function clientNetworks(ip: string): readonly ClientNetwork[] {
  if (!ip.includes(':')) return [{ network: ip, times: 1 }]
  const head = firstGroups(ip)
  return WIDTHS.map(({ bits, groups, mask, times }) => {
    const kept = head.slice(0, groups)
    kept[groups - 1] = (kept[groups - 1] ?? 0) & mask
    return { network: `${formatHead(kept)}/${bits}`, times }
  })
}

/** Give the narrowest network of a client: whoever rotates inside it is still the same client. */
export function clientNetwork(ip: string): string {
  return ip.includes(':') ? (clientNetworks(ip)[0]?.network ?? ip) : ip
}

/** Read the first four of the eight 16-bit groups of an IPv6 address. */
function firstGroups(ip: string): number[] {
  const [before = '', after] = ip.split('::')
  const front = before === '' ? [] : before.split(':').map((group) => Number.parseInt(group, 16))
  if (after === undefined) return front.slice(0, 4)
  const back = after === '' ? [] : after.split(':').map((group) => Number.parseInt(group, 16))
  const groups = [...front, ...Array<number>(Math.max(0, 8 - front.length - back.length)).fill(0), ...back]
  return groups.slice(0, 4)
}

/** Write the first groups of a network as RFC 5952 has it: the zeros at its end are `::`. */
function formatHead(groups: readonly number[]): string {
  let length = groups.length
  while (length > 0 && groups[length - 1] === 0) length -= 1
  const shown = groups.slice(0, length).map((group) => group.toString(16))
  return `${shown.join(':')}::`
}
