import { lookup, Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { Fault, messageOf } from './fault.ts'

/** Tries of each server, the second after a longer wait. */
const TRIES = 2

/**
 * Open Node's resolver (c-ares) over these servers, `HOST` or `HOST:PORT`; none is the system's own. A server given by its name
 * is found through the system first. Rejects with a Fault when that fails.
 */
export async function openResolver(servers: readonly string[], timeoutMs: number): Promise<Resolver> {
  const addresses = await serverAddresses(servers)
  // All tries of all servers within the time that the whole question has: the wait doubles from one round to the next.
  const perTryMs = Math.max(50, Math.floor(timeoutMs / (3 * Math.max(1, addresses.length))))
  const resolver = new Resolver({ timeout: perTryMs, tries: TRIES, maxTimeout: perTryMs * 2 })
  if (addresses.length > 0) resolver.setServers(addresses)
  return resolver
}

/** Give servers by their addresses, as `setServers` takes them; rejects with a Fault when a name is not found. */
export function serverAddresses(servers: readonly string[]): Promise<readonly string[]> {
  return Promise.all(servers.map(addressOf))
}

/** Give a server as `setServers` takes it: `ADDRESS`, `ADDRESS:PORT` or `[IPv6]:PORT`. */
async function addressOf(server: string): Promise<string> {
  if (isIP(server) !== 0 || server.startsWith('[')) return server
  const colon = server.lastIndexOf(':')
  const [host, port] = colon === -1 ? [server, ''] : [server.slice(0, colon), server.slice(colon)]
  if (isIP(host) !== 0) return server
  const { address, family } = await lookup(host).catch((cause: unknown) => {
    // Not the error itself: its code says that a name does not exist, and that is not the name we were asked for.
    const message = `Cannot find the DNS server "${host}": ${messageOf(cause)}; give its address in dns.servers`
    throw new Fault(message, { temporary: true, cause })
  })
  return family === 6 ? `[${address}]${port}` : `${address}${port}`
}
