/** What stands against a client across restarts: the store keeps it, the ledger's contract tells it. */

/** A network that may not connect for a while. */
export interface Block {
  readonly id: number
  /** In its one form: `198.51.100.7`, `2001:db8::/64`, `203.0.113.0/24`. */
  readonly network: string
  /** What brought it about: `unknown-recipients`, `failed-logins`, …; `by-hand` for an administrator's own. */
  readonly reason: string
  /** What was seen, in a sentence: `11 unknown recipients from 198.51.100.7 in 60 minutes, at most 10`. */
  readonly evidence: string
  readonly sinceMs: number
  /** Undefined: until it is lifted (only `by-hand`). */
  readonly untilMs?: number
  /** How many blocks of this network came before within a week: each doubles the time. */
  readonly repeats: number
  /** The reference of the decision that brought it about, and of the reply its client gets. */
  readonly ref?: string
  /** Who made it, where a person did. */
  readonly author?: string
}

/** A trusted address whose trust is suspended: it behaved like many strangers. It lasts until an administrator ends it. */
export interface Suspension {
  readonly ip: string
  /** What was seen, in a sentence. */
  readonly evidence: string
  readonly sinceMs: number
  readonly ref?: string
}
