import type { Clock } from '#base/clock.ts'
import type { Bottleneck } from './bottleneck.ts'
import type { Consignment, Hop, Plan, Progress, Stage } from './contract.ts'

/** What runs now, for `postern queue running`. */
export interface Running {
  readonly ids: readonly number[]
  readonly messageId: number
  readonly sender: string
  /** At most ten of them. */
  readonly recipients: readonly string[]
  readonly recipientCount: number
  readonly sizeBytes: number
  readonly stage: Stage
  readonly host?: string
  readonly ip?: string
  readonly elapsedMs: number
  readonly sentBytes: number
}

/** Longer without a word from the other side, and a delivery no longer counts as one at work. */
const PATIENCE_MS = 5000
const SHOWN_RECIPIENTS = 10

/** One delivery that is under way. */
export class Delivery implements Progress {
  readonly plan: Plan
  readonly consignment: Consignment
  readonly bottlenecks: readonly Bottleneck[]
  readonly #clock: Clock
  readonly #startedMs: number
  readonly #moved: (delivery: Delivery) => void
  #movedMs: number
  #stage: Stage = 'route'
  #hop: Hop | undefined
  #sentBytes = 0
  /** It counts among the deliveries at once. */
  counts = true

  /** `moved` is called when one that did not count has heard from the other side. */
  constructor(
    { plan, consignment, bottlenecks }: Pick<Delivery, 'plan' | 'consignment' | 'bottlenecks'>,
    clock: Clock,
    moved: (delivery: Delivery) => void,
  ) {
    this.plan = plan
    this.consignment = consignment
    this.bottlenecks = bottlenecks
    this.#clock = clock
    this.#moved = moved
    this.#startedMs = clock.monotonicMs()
    this.#movedMs = this.#startedMs
  }

  at(stage: Stage, hop?: Hop): void {
    this.#stage = stage
    if (hop !== undefined) this.#hop = hop
    this.#move()
  }

  sent(bytes: number): void {
    this.#sentBytes = bytes
    this.#move()
  }

  /** When it is taken to wait for a slow server, if nothing is heard until then; monotonic. */
  get slowAtMs(): number {
    return this.#movedMs + PATIENCE_MS
  }

  /** Tell how far it is. */
  show(): Running {
    const [first] = this.consignment.entries
    const { entries, messageId } = this.consignment
    return {
      ids: entries.map(({ id }) => id),
      messageId,
      sender: first.returnPath ?? first.sender,
      recipients: entries.slice(0, SHOWN_RECIPIENTS).map(({ recipient }) => recipient),
      recipientCount: entries.length,
      sizeBytes: first.sizeBytes,
      stage: this.#stage,
      ...(this.#hop && { host: this.#hop.host }),
      ...(this.#hop?.ip !== undefined && { ip: this.#hop.ip }),
      elapsedMs: this.#clock.monotonicMs() - this.#startedMs,
      sentBytes: this.#sentBytes,
    }
  }

  #move(): void {
    this.#movedMs = this.#clock.monotonicMs()
    if (!this.counts) this.#moved(this)
  }
}
