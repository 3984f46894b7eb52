/** Servers remembered; the one that was met first is forgotten for one more. */
const MOST_SERVERS = 1000

const servers = new Set<string>()

/**
 * Remember a server that offers CHUNKING and does not know BDAT (a filter before it that knows less than it does): without this,
 * each try would end the same way. The memory is the process's, and small.
 */
export function distrustChunking(ip: string): void {
  const [first] = servers
  if (servers.size >= MOST_SERVERS && first !== undefined) servers.delete(first)
  servers.add(ip)
}

/** Tell whether a server's CHUNKING is not to be used. */
export function isChunkingDistrusted(ip: string): boolean {
  return servers.has(ip)
}
