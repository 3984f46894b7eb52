import type { QueueEntry } from '#store/contract.ts'
import type { Outcome, Trouble } from './contract.ts'
import type { Shaped } from './pace.ts'

/** What the queue tells of itself: for the log, the metrics and the charts. */
export interface QueueEvents {
  /** A try has ended and is on disk. */
  readonly deliveryEnded: (end: {
    readonly entry: QueueEntry
    readonly outcome: Outcome
    /** `deferred`: it is tried again at `dueAtMs`. `expired`: its time was up, and it went back. */
    readonly became: 'delivered' | 'placed' | 'deferred' | 'failed' | 'expired'
    readonly dueAtMs?: number
  }) => void
  /** A domain, or the servers of a site, cannot be spoken to: their mail waits without being tried. */
  readonly destinationDown: (down: { readonly name: string; readonly trouble: Trouble; readonly forMs: number }) => void
  /** It answers again. */
  readonly destinationUp: (up: { readonly name: string }) => void
  /** A rule follows from what its server answered. */
  readonly destinationShaped: (shape: {
    readonly name: string
    readonly shaped: Shaped
    readonly answer: string
  }) => void
  /** Trouble of ours. */
  readonly faulted: (fault: { readonly what: string; readonly error: unknown }) => void
}
