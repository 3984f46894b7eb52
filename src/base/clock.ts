/**
 * Time as an argument. `nowMs` is the wall clock (Unix time), `monotonicMs` never goes back and is for measuring spans;
 * `after` runs `run` once when the span has passed and gives the handle that cancels it.
 */
export interface Clock {
  nowMs(): number
  monotonicMs(): number
  after(delayMs: number, run: () => void): Alarm
}

export interface Alarm {
  cancel(): void
}

/** The machine's clock. Its alarms do not keep the process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs: number
  readonly #alarms = new Set<{ readonly atMs: number; readonly run: () => void }>()

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Alarm {
    const alarm = { atMs: this.#nowMs + delayMs, run }
    this.#alarms.add(alarm)
    return { cancel: () => this.#alarms.delete(alarm) }
  }

  /** Move time on by `spanMs`, running what falls due in its order. */
  advance(spanMs: number): void {
    const endMs = this.#nowMs + spanMs
    for (;;) {
      const due = [...this.#alarms].filter((alarm) => alarm.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#alarms.delete(due)
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.run()
    }
    this.#nowMs = endMs
  }
}
