import { clientNetwork } from '#base/client-networks.ts'
import type { Alarm, Clock } from '#base/clock.ts'

/** Lines of one kind about one client that are written in a minute; the rest are counted and summed up at its end. */
export const LINES_PER_MINUTE = 20
/** Pairs of kind and client that are told apart; those beyond share one count a kind. */
const MAX_PAIRS = 4096
const WINDOW_MS = 60_000

interface Count {
  readonly kind: string
  /** Undefined is everyone who found no place of their own. */
  readonly client: string | undefined
  written: number
  held: number
}

export interface FloodGuard {
  /** Tell whether one more line of this kind about this client is to be written; counts it when not. */
  readonly admits: (kind: string, ip: string) => boolean
  /** End the minute now: sum up what was held back. */
  readonly settle: () => void
}

export interface Held {
  readonly kind: string
  readonly client: string | undefined
  readonly lines: number
}

/** Make the guard that keeps one client from filling the logs. Memory is bounded, whatever the number of clients. */
export function createFloodGuard(clock: Clock, summedUp: (held: Held) => void): FloodGuard {
  const counts = new Map<string, Count>()
  let alarm: Alarm | undefined

  function settle(): void {
    alarm?.cancel()
    alarm = undefined
    const held = [...counts.values()].filter((count) => count.held > 0)
    counts.clear()
    for (const { kind, client, held: lines } of held) summedUp({ kind, client, lines })
  }

  function find(kind: string, ip: string): Count {
    const client = clientNetwork(ip)
    const key = `${kind} ${client}`
    const known = counts.get(key)
    if (known !== undefined) return known
    const crowded = counts.size >= MAX_PAIRS
    const place = crowded ? `${kind} *` : key
    const shared = counts.get(place)
    if (shared !== undefined) return shared
    const count: Count = { kind, client: crowded ? undefined : client, written: 0, held: 0 }
    counts.set(place, count)
    return count
  }

  return {
    admits(kind, ip) {
      alarm ??= clock.after(WINDOW_MS, settle)
      const count = find(kind, ip)
      if (count.written < LINES_PER_MINUTE) {
        count.written++
        return true
      }
      count.held++
      return false
    },
    settle,
  }
}
