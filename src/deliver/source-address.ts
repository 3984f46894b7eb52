import { isIPv6 } from 'node:net'
import { matchesPattern } from '#base/pattern.ts'
import type { Settings } from '#settings/schema.ts'

/** Give the address of this machine that mail of a sender leaves from; undefined is the system's choice, as it is for the other family of addresses. */
export function sourceAddressOf(
  { sourceAddress, sourceAddresses }: Pick<Settings['delivery'], 'sourceAddress' | 'sourceAddresses'>,
  sender: string,
  serverIp: string,
): string | undefined {
  const domain = sender.slice(sender.lastIndexOf('@') + 1).toLowerCase()
  const own = sourceAddresses.find((row) => matchesPattern(row.domain.toLowerCase(), domain))?.address ?? sourceAddress
  return own !== undefined && isIPv6(own) === isIPv6(serverIp) ? own : undefined
}
