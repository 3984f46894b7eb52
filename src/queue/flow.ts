import type { QueueEntry } from '#store/contract.ts'
import type { Bottleneck } from './bottleneck.ts'
import type { Plan } from './contract.ts'

/** An entry in memory that has not been taken yet. */
export interface Waiting {
  readonly entry: QueueEntry
  readonly domain: Domain
  /** Once its way is known. */
  plan?: Plan
  flow?: Flow
  /** It was taken, or dropped: whoever still holds it passes it over. */
  isGone: boolean
}

/** A recipient domain, as far as it is in memory. */
export interface Domain {
  readonly name: string
  readonly bottleneck: Bottleneck
  /** Entries of it in memory that have not been taken, in all and by origin. */
  count: number
  readonly origins: Map<string, number>
  /** The origin that was read last from the table: the next turn begins after it. */
  lastOrigin: string
  /** More of it than is in memory may be ready in the table. */
  hasMore: boolean
  /** Entries whose way is not known yet. */
  unplanned: Waiting[]
  isPlanning: boolean
  /** Where its mail went last. */
  site?: Bottleneck
}

/** Mail of one origin for one domain by one site: what takes turns. */
export class Flow {
  readonly key: string
  readonly origin: string
  readonly domain: Domain
  /** What bounds it: nothing for mailboxes of ours, the site for a relay server, the site and the domain by MX. */
  readonly bottlenecks: readonly Bottleneck[]
  /** `turn`: it is served in turn; a bottleneck: it waits for that one; undefined: it has nothing to serve. */
  place: 'turn' | Bottleneck | undefined
  size = 0
  #waiting: Waiting[] = []
  #first = 0

  constructor(key: string, origin: string, domain: Domain, bottlenecks: readonly Bottleneck[]) {
    this.key = key
    this.origin = origin
    this.domain = domain
    this.bottlenecks = bottlenecks
  }

  add(waiting: Waiting): void {
    waiting.flow = this
    this.#waiting.push(waiting)
    this.size++
  }

  /** The one whose turn it is; undefined when there is none. */
  peek(): Waiting | undefined {
    for (;;) {
      const waiting = this.#waiting[this.#first]
      if (waiting === undefined) {
        this.#waiting = []
        this.#first = 0
        return undefined
      }
      if (!waiting.isGone) return waiting
      this.#first++
      // The front is cut off now and then, so that each costs the same.
      if (this.#first >= 64 && this.#first * 2 >= this.#waiting.length) {
        this.#waiting = this.#waiting.slice(this.#first)
        this.#first = 0
      }
    }
  }

  /** All that have not been taken. */
  *all(): Iterable<Waiting> {
    for (const waiting of this.#waiting.slice(this.#first)) if (!waiting.isGone) yield waiting
  }
}
