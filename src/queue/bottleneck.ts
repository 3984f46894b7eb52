import type { Alarm, Clock } from '#base/clock.ts'
import type { Flow } from './flow.ts'
import { Pace } from './pace.ts'
import { AdaptiveWindow } from './windows.ts'

const MOST_LEFT = 200

/** What bounds deliveries: a domain, or the servers of a site; with those that wait for it. */
export class Bottleneck {
  readonly name: string
  readonly window = new AdaptiveWindow()
  readonly pace = new Pace()
  /** Flows that found no room, in the order of their turn. */
  readonly blocked = new Set<Flow>()
  /** Domains whose mail gave way while it waited here; to be read from the table again. */
  #left = { domains: new Set<string>(), andMore: false }
  #alarm: Alarm | undefined
  #alarmMs = Number.POSITIVE_INFINITY

  constructor(name: string) {
    this.name = name
  }

  /** Tell whether a delivery may start; `most` is the setting's bound, `nowMs` monotonic. */
  hasRoom(most: number, nowMs: number): boolean {
    return this.pace.freeAtMs(nowMs) <= nowMs && this.window.underWay < this.limit(most, nowMs)
  }

  /** The most deliveries at once at this moment. */
  limit(most: number, nowMs: number): number {
    return this.window.limit(Math.min(most, this.pace.connections(nowMs) ?? most), nowMs)
  }

  /** Run `freed` when its pace lets the next message go, if it is the pace that holds it up. */
  waitForPace(clock: Clock, freed: () => void): void {
    const nowMs = clock.monotonicMs()
    const atMs = this.pace.freeAtMs(nowMs)
    if (atMs <= nowMs || this.#alarmMs <= atMs) return
    this.#alarm?.cancel()
    this.#alarmMs = atMs
    this.#alarm = clock.after(atMs - nowMs, () => {
      this.#alarm = undefined
      this.#alarmMs = Number.POSITIVE_INFINITY
      // A rule may have put it off further since.
      if (this.pace.freeAtMs(clock.monotonicMs()) > clock.monotonicMs()) this.waitForPace(clock, freed)
      else freed()
    })
  }

  /** Note that a domain's mail was left to the table while it waited here. */
  leave(domain: string): void {
    if (this.#left.domains.size < MOST_LEFT) this.#left.domains.add(domain)
    else this.#left.andMore = true
  }

  /** Give the domains that gave way, once, and whether there were more than are known. */
  takeLeft(): { readonly domains: ReadonlySet<string>; readonly andMore: boolean } {
    const left = this.#left
    if (left.domains.size > 0) this.#left = { domains: new Set(), andMore: false }
    return left
  }

  /** Nothing is known of it that is worth keeping. */
  isPlain(nowMs: number): boolean {
    return (
      this.window.underWay === 0 &&
      this.blocked.size === 0 &&
      this.#left.domains.size === 0 &&
      this.#alarm === undefined &&
      this.window.isPlain &&
      this.pace.shaped(nowMs) === undefined
    )
  }

  /** Cancel its alarm. */
  close(): void {
    this.#alarm?.cancel()
    this.#alarm = undefined
    this.#alarmMs = Number.POSITIVE_INFINITY
  }
}
