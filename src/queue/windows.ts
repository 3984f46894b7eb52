import type { Trouble } from './contract.ts'

const FIRST = 5
/** So many tries in a row that found no server, and it is taken to be down. */
const FAILURES_TO_DOWN = 3
const FIRST_DOWN_MS = 60_000
const LONGEST_DOWN_MS = 900_000

/**
 * How many deliveries at once a domain or a server bears. Grows by one for each window full of successes, halves with trouble of
 * the server, and is never below one. After a few troubles in a row without a success it is `down` for a minute, then two, up to
 * fifteen; when that ends, one delivery goes ahead to see.
 */
export class AdaptiveWindow {
  underWay = 0
  #size = FIRST
  #failures = 0
  #downMs = 0
  #downUntilMs = 0
  #last: Trouble | undefined

  /** How many may be under way, where `most` is the setting's bound and `nowMs` monotonic; 0 while it is down. */
  limit(most: number, nowMs: number): number {
    if (this.#downUntilMs > nowMs) return 0
    if (this.#downMs > 0) return 1
    return Math.max(1, Math.min(Math.floor(this.#size), most))
  }

  /** The trouble that brought it down, while it is. */
  downBecause(nowMs: number): Trouble | undefined {
    return this.#downUntilMs > nowMs ? this.#last : undefined
  }

  get downUntilMs(): number {
    return this.#downUntilMs
  }

  /** Nothing happened to it that later deliveries should know of. */
  get isPlain(): boolean {
    return this.#failures === 0 && this.#downMs === 0 && this.#size >= FIRST
  }

  /** Note that the server answered as servers do, whatever it said of a recipient; tells whether it had been down. */
  succeeded(most: number): boolean {
    const wasDown = this.#downMs > 0
    this.#failures = 0
    this.#downMs = 0
    this.#downUntilMs = 0
    this.#last = undefined
    if (this.#size < most) this.#size += 1 / this.#size
    return wasDown
  }

  /** Note trouble with the server; tells whether it is down from now on. */
  troubled(trouble: Trouble, nowMs: number): boolean {
    // What was under way when it went down says nothing new.
    if (this.#downUntilMs > nowMs) return false
    this.#size = Math.max(1, this.#size / 2)
    this.#failures++
    this.#last = trouble
    if (this.#failures < FAILURES_TO_DOWN) return false
    this.#downMs = this.#downMs === 0 ? FIRST_DOWN_MS : Math.min(this.#downMs * 2, LONGEST_DOWN_MS)
    this.#downUntilMs = nowMs + this.#downMs
    return true
  }

  /** Forget that it is down: an administrator wants it tried now. */
  tryNow(): void {
    if (this.#downMs > 0) this.#downUntilMs = 0
  }
}

/** Tell whether an outcome is trouble with the server, or with the domain, that slows what else waits for it. */
export function isServerTrouble(trouble: Trouble): boolean {
  // RFC 5321 §3.8: 421 is the server going away, whatever it was asked.
  return trouble.scope === 'server' || trouble.reply?.code === 421
}
