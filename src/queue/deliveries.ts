import type { Alarm, Clock } from '#base/clock.ts'
import { Delivery, type Running } from './delivery.ts'

/** Slow deliveries make room for others, until there are so many times the setting under way. */
const SLOW_FACTOR = 10

/** The deliveries under way. Those that wait for a slow server do not count among the deliveries at once. */
export class Deliveries {
  readonly #underWay = new Set<Delivery>()
  readonly #clock: Clock
  #working = 0
  #alarm: Alarm | undefined
  #ended: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#underWay.size
  }

  /** Tell whether another may begin, where `threads` may be at work at once. */
  hasRoom(threads: number): boolean {
    return this.#working < threads && this.#underWay.size < threads * SLOW_FACTOR
  }

  /** Begin a delivery. */
  begin(what: Pick<Delivery, 'plan' | 'consignment' | 'bottlenecks'>): Delivery {
    const delivery = new Delivery(what, this.#clock, this.#moved)
    this.#underWay.add(delivery)
    this.#working++
    return delivery
  }

  /** Note that a delivery has ended. */
  end(delivery: Delivery): void {
    this.#underWay.delete(delivery)
    if (delivery.counts) this.#working--
    if (this.#underWay.size === 0) this.#ended?.()
  }

  /** While there is no room and others wait: run `freed` as soon as one of them turns out to wait for a slow server. */
  watchSlow(freed: () => void): void {
    if (this.#alarm !== undefined) return
    let slowAtMs = Number.POSITIVE_INFINITY
    for (const delivery of this.#underWay) if (delivery.counts) slowAtMs = Math.min(slowAtMs, delivery.slowAtMs)
    if (slowAtMs === Number.POSITIVE_INFINITY) return
    this.#alarm = this.#clock.after(Math.max(0, slowAtMs - this.#clock.monotonicMs()), () => {
      this.#alarm = undefined
      const nowMs = this.#clock.monotonicMs()
      for (const delivery of this.#underWay) {
        if (!delivery.counts || delivery.slowAtMs > nowMs) continue
        delivery.counts = false
        this.#working--
      }
      freed()
    })
  }

  /** Tell how far each is. */
  show(): readonly Running[] {
    return [...this.#underWay].map((delivery) => delivery.show())
  }

  /** Resolve when none is under way. */
  whenEnded(): Promise<void> {
    this.#alarm?.cancel()
    if (this.#underWay.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#ended = resolve
    })
  }

  /** One that waited for a slow server has heard from it, and counts again. */
  readonly #moved = (delivery: Delivery): void => {
    if (!this.#underWay.has(delivery)) return
    delivery.counts = true
    this.#working++
  }
}
