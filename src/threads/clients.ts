import { type AddressRange, NetworkSet, parseRange } from '#base/network-set.ts'
import type { IpGroups } from '#settings/ip-groups.ts'

/**
 * Make a list of clients (addresses, networks, `this-machine`, `group:NAME`) ready to be asked whether it holds an address, which
 * is in its one form (`normalizeIp`).
 */
export function compileClients(
  entries: readonly string[],
  groups: Pick<IpGroups, 'has'>,
  machineAddresses: readonly string[],
): (ip: string) => boolean {
  const named: string[] = []
  const ranges: AddressRange[] = []
  for (const entry of entries) {
    if (entry.startsWith('group:')) named.push(entry.slice('group:'.length))
    else ranges.push(...rangesOf(entry === 'this-machine' ? machineAddresses : [entry]))
  }
  const networks = new NetworkSet(ranges)
  return (ip) => networks.has(ip) || named.some((group) => groups.has(group, ip))
}

function rangesOf(texts: readonly string[]): readonly AddressRange[] {
  return texts.flatMap((text) => {
    const parsed = parseRange(text)
    return 'range' in parsed ? [parsed.range] : []
  })
}
