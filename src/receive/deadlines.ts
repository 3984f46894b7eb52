/** Something that waits no longer than a tick. */
export interface Expiring {
  /** The tick at which `expire` is called; infinity while nothing is waited for. */
  readonly expiresAtTick: number
  expire(): void
}

/** How often `pass` is called. */
export const TICK_MS = 1000

/**
 * The deadlines of all sessions of a thread, accurate to a tick: a timer for each session would cost more than the session,
 * and a minute's silence need not be measured in milliseconds.
 */
export class Deadlines {
  readonly #members = new Set<Expiring>()
  #tick = 0

  /** Watch this member until it leaves. */
  join(member: Expiring): void {
    this.#members.add(member)
  }

  leave(member: Expiring): void {
    this.#members.delete(member)
  }

  /** Give the tick that comes when the span has passed for certain: not sooner, and less than two ticks later. */
  tickAfter(spanMs: number): number {
    return this.#tick + Math.ceil(spanMs / TICK_MS) + 1
  }

  /** One tick has passed. */
  pass(): void {
    this.#tick += 1
    for (const member of this.#members) if (member.expiresAtTick <= this.#tick) member.expire()
  }

  /** The end of all time: expire everything that is left. */
  expireAll(): void {
    for (const member of this.#members) member.expire()
  }
}
