/**
 * A bound on messages a minute, and a moment before which nothing is sent: what a shaping rule puts on a domain or a server.
 * Moments are of the monotonic clock.
 */
export class Pace {
  #rule: string | undefined
  #waitUntilMs = 0
  #boundsUntilMs = 0
  #connections: number | undefined
  #intervalMs = 0
  #nextMs = 0

  /** Put a rule's bounds on; the longer wait holds, and the newest bounds. */
  shape(rule: Shape, nowMs: number): void {
    this.#rule = rule.name
    if (rule.wait !== undefined) this.#waitUntilMs = Math.max(this.#waitUntilMs, nowMs + rule.wait)
    if (rule.connections === undefined && rule.perMinute === undefined) return
    // Bounds hold from the end of the wait on, else a long wait would outlast them.
    this.#boundsUntilMs = Math.max(nowMs, this.#waitUntilMs) + rule.for
    this.#connections = rule.connections
    this.#intervalMs = rule.perMinute === undefined ? 0 : 60_000 / rule.perMinute
  }

  /** The moment from which on a message may be sent. */
  freeAtMs(nowMs: number): number {
    const pacedUntil = this.#intervalMs > 0 && this.#boundsUntilMs > nowMs ? this.#nextMs : 0
    return Math.max(this.#waitUntilMs, pacedUntil)
  }

  /** Note that a message is sent. */
  take(nowMs: number): void {
    if (this.#intervalMs > 0) this.#nextMs = Math.max(this.#nextMs, nowMs) + this.#intervalMs
  }

  /** The most deliveries at once, if a rule bounds them. */
  connections(nowMs: number): number | undefined {
    return this.#boundsUntilMs > nowMs ? this.#connections : undefined
  }

  /** What holds at this moment; undefined when nothing does. */
  shaped(nowMs: number): Shaped | undefined {
    const waits = this.#waitUntilMs > nowMs
    const bounds = this.#boundsUntilMs > nowMs
    if (this.#rule === undefined || !(waits || bounds)) return undefined
    return {
      rule: this.#rule,
      ...(waits && { waitsMs: this.#waitUntilMs - nowMs }),
      ...(bounds && { holdsMs: this.#boundsUntilMs - nowMs }),
      ...(bounds && this.#connections !== undefined && { connections: this.#connections }),
      ...(bounds && this.#intervalMs > 0 && { perMinute: Math.round(60_000 / this.#intervalMs) }),
    }
  }

  /** Take off whatever a rule has put on. */
  clear(): void {
    this.#waitUntilMs = 0
    this.#boundsUntilMs = 0
  }
}

/** What a rule asks for; spans in milliseconds. */
export interface Shape {
  readonly name: string
  readonly wait?: number | undefined
  readonly connections?: number | undefined
  readonly perMinute?: number | undefined
  readonly for: number
}

/** How a domain or server is bounded by a rule, for eyes. */
export interface Shaped {
  readonly rule: string
  /** Nothing is sent for so long. */
  readonly waitsMs?: number
  /** For so long the bounds hold. */
  readonly holdsMs?: number
  readonly connections?: number
  readonly perMinute?: number
}
