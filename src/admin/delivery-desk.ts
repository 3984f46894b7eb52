/** What the administration asks of the thread that delivers: what it does at this moment, and what only it knows. */
import type { Running } from '#queue/delivery.ts'
import type { DomainState } from '#queue/scheduler.ts'
import type { QueueFilter } from '#store/contract.ts'

export interface DeliveryDesk {
  /** What is under way now, the longest first. */
  running(): Promise<readonly Running[]>
  /** What is known of each domain that is not plain: down, paused, shaped, with a narrowed window, or with mail under way. */
  domains(): Promise<readonly DomainState[]>
  /** By which way an entry would go if it were tried now; undefined when there is no such entry. */
  plan(id: number): Promise<PlannedWay | undefined>
  /** By which way mail from one to the other would go: rule by rule, then hosts and TLS. Sends nothing. */
  route(sender: string, recipient: string): Promise<PlannedWay>
  /**
   * Look at the queue again now: entries were held, released, made due or removed, or a domain paused or resumed. What is to be tried
   * at once is tried although it was down: these domains, or all of them.
   */
  lookAgain(tryNow?: 'all' | readonly string[]): void
  /** Remove all that a filter means and tell their senders, as if they had failed for good; gives how many entries it were. */
  bounce(filter: QueueFilter, author: string): Promise<number>
  /** What was done since the start, and what goes on. */
  counts(): Promise<DeliveryCounts>
}

export type { DomainState, Running }
/** As it is called here. */
export type RunningDelivery = Running

/** By which way mail goes. */
export interface PlannedWay {
  /** In a few words: `by MX`, `relay server smtp.example.net:587 (rule "newsletters")`. */
  readonly route: string
  /** The servers, best first; a handful. */
  readonly hosts: readonly string[]
  /** What TLS has to be, and who says so: `verified, by MTA-STS`. */
  readonly tls: string
  /** How it was found, a step a line: which rules did not match, and why. */
  readonly steps?: readonly string[]
  /** Why there is no way now. */
  readonly trouble?: string
}

/** Numbers for the metrics; totals count recipients since the start. */
export interface DeliveryCounts {
  readonly delivered: number
  readonly deferred: number
  readonly failed: number
  readonly expired: number
  readonly underWay: number
  readonly domainsDown: number
}
