import { type Address, formatAddress, parseAddress, sharesPrefix } from './client-address.ts'
import type { Lookups } from './lookups.ts'

/** Names of the client that are looked up (RFC 7208 §4.6.4). */
const MOST_NAMES = 10

/**
 * Look up the names of a client that lead back to its address (RFC 7208 §5.5), in the order DNS gave them. Errors only leave names
 * out. Nothing here counts as a question that found nothing: whoever has the address writes its names, not the domain's owner.
 */
export async function clientNames(lookups: Lookups, client: Address): Promise<readonly string[]> {
  const answer = await lookups.ptr(formatAddress(client))
  if (answer.is !== 'found') return []
  const names = answer.names.slice(0, MOST_NAMES).map(withoutDot)
  const found = await Promise.all(names.map((name) => lookups.addresses(name, client.family)))
  return names.filter((_, index) => {
    const addresses = found[index]
    return addresses?.is === 'found' && addresses.addresses.some((text) => isClient(text, client))
  })
}

/** Tell whether a name is a domain or below it. */
export function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`)
}

/** Choose the name that `%{p}` stands for: the domain itself, one below it, any, `unknown` (RFC 7208 §7.3). */
export function chooseClientName(names: readonly string[], domain: string): string {
  return names.find((name) => name === domain) ?? names.find((name) => isWithin(name, domain)) ?? names[0] ?? 'unknown'
}

function isClient(text: string, client: Address): boolean {
  const address = parseAddress(text)
  return address !== undefined && sharesPrefix(address, client, client.family === 4 ? 32 : 128)
}

function withoutDot(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase()
}
