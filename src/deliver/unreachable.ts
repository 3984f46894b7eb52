import type { Clock } from '#base/clock.ts'
import type { ServerAddress } from './contract.ts'

/** How long a server that could not be connected to is tried after all others. */
const FOR_MS = 60_000
const MOST = 10_000

/** Remembers servers that could not be connected to, so that not every message waits for one that is away. */
export interface Unreachable {
  failed(server: ServerAddress): void
  spoke(server: ServerAddress): void
  /** Put the servers that were away lately behind the others. */
  last(servers: readonly ServerAddress[]): readonly ServerAddress[]
}

/** Create the memory of servers that are away. */
export function createUnreachable(clock: Pick<Clock, 'monotonicMs'>): Unreachable {
  const untilMs = new Map<string, number>()

  function isAway(server: ServerAddress): boolean {
    return (untilMs.get(keyOf(server)) ?? 0) > clock.monotonicMs()
  }

  return {
    failed(server) {
      const key = keyOf(server)
      // Re-entered, so that the first is the oldest.
      untilMs.delete(key)
      untilMs.set(key, clock.monotonicMs() + FOR_MS)
      if (untilMs.size > MOST) untilMs.delete(untilMs.keys().next().value as string)
    },
    spoke(server) {
      if (untilMs.size > 0) untilMs.delete(keyOf(server))
    },
    last(servers) {
      if (untilMs.size === 0 || !servers.some(isAway)) return servers
      return [...servers.filter((server) => !isAway(server)), ...servers.filter(isAway)]
    },
  }
}

function keyOf({ ip, port }: ServerAddress): string {
  return `${ip} ${port}`
}
