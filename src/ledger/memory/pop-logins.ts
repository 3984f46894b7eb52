import type { PopLogins } from '../contract.ts'

/** Addresses remembered at once: the one whose last login is oldest goes first. */
const MOST_ADDRESSES = 100_000

/** The clocks of two threads are read at different moments; that is no clock set back. */
const SLACK_MS = 1000

interface Login {
  readonly atMs: number
  readonly user: string
}

/** Create the memory of POP3 logins, bounded in size. */
export function createPopLogins(most = MOST_ADDRESSES): PopLogins {
  // A Map keeps the order of insertion, so its first key is the oldest login.
  const last = new Map<string, Login>()
  return {
    note(ip, atMs, user) {
      last.delete(ip)
      last.set(ip, { atMs, user })
      if (last.size > most) {
        const oldest = last.keys().next().value
        if (oldest !== undefined) last.delete(oldest)
      }
    },
    sinceMs(ip, nowMs) {
      const login = last.get(ip)
      // After the clock was set back nobody can say how old a login is: it opens no way, which is the safe side.
      return login === undefined || nowMs < login.atMs - SLACK_MS ? undefined : Math.max(0, nowMs - login.atMs)
    },
    list: () => [...last].map(([ip, login]) => ({ ip, ...login })).reverse(),
    revoke: (ip) => last.delete(ip),
    revokeOf(user) {
      for (const [ip, login] of last) if (login.user === user) last.delete(ip)
    },
  }
}
