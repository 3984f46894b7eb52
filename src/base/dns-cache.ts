interface Kept<T> {
  readonly value: T
  readonly untilMs: number
  readonly weight: number
}

/** A value of up to so many characters weighs 1; longer ones weigh as much more, so that long answers do not fill the memory. */
const WEIGHT_CHARACTERS = 512

/** Answers kept until their time is over; when it is full, those not asked for the longest go first. */
export class DnsCache<T> {
  readonly #kept = new Map<string, Kept<T>>()
  #room: number
  #weight = 0

  /** `room` is how many answers of usual length fit; 0 keeps none. */
  constructor(room: number) {
    this.#room = room
  }

  get size(): number {
    return this.#kept.size
  }

  /** Change how many fit. */
  resize(room: number): void {
    this.#room = room
    this.#makeRoom()
  }

  get(key: string, nowMs: number): T | undefined {
    const found = this.#kept.get(key)
    if (found === undefined) return undefined
    this.#drop(key)
    if (found.untilMs <= nowMs) return undefined
    // Put in again as the newest: a Map keeps the order of insertion.
    this.#put(key, found)
    return found.value
  }

  set(key: string, value: T, untilMs: number): void {
    this.#drop(key)
    const weight = 1 + Math.floor((key.length + JSON.stringify(value).length) / WEIGHT_CHARACTERS)
    if (weight > this.#room) return
    this.#put(key, { value, untilMs, weight })
    this.#makeRoom()
  }

  #put(key: string, kept: Kept<T>): void {
    this.#kept.set(key, kept)
    this.#weight += kept.weight
  }

  #drop(key: string): void {
    const found = this.#kept.get(key)
    if (found === undefined) return
    this.#kept.delete(key)
    this.#weight -= found.weight
  }

  #makeRoom(): void {
    for (const key of this.#kept.keys()) {
      if (this.#weight <= this.#room) return
      this.#drop(key)
    }
  }
}
