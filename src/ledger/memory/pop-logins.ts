import type { PopLogins } from '../contract.ts'

/** Addresses remembered at once: the one whose last login is oldest goes first. */
const MOST_ADDRESSES = 100_000

/** The clocks of two threads are read at different moments; that is no clock set back. */
const SLACK_MS = 1000

/** Create the memory of POP3 logins, bounded in size. */
export function createPopLogins(most = MOST_ADDRESSES): PopLogins {
  // A Map keeps the order of insertion, so its first key is the oldest login.
  const lastLoginMs = new Map<string, number>()
  return {
    note(ip, atMs) {
      lastLoginMs.delete(ip)
      lastLoginMs.set(ip, atMs)
      if (lastLoginMs.size > most) {
        const oldest = lastLoginMs.keys().next().value
        if (oldest !== undefined) lastLoginMs.delete(oldest)
      }
    },
    sinceMs(ip, nowMs) {
      const atMs = lastLoginMs.get(ip)
      // After the clock was set back nobody can say how old a login is: it opens no way, which is the safe side.
      return atMs === undefined || nowMs < atMs - SLACK_MS ? undefined : Math.max(0, nowMs - atMs)
    },
    list: () => [...lastLoginMs].map(([ip, atMs]) => ({ ip, atMs })).reverse(),
    revoke: (ip) => lastLoginMs.delete(ip),
  }
}
