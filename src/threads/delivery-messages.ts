/** What crosses between the main thread and the delivery thread: plain data. */
import type { MessagePort } from 'node:worker_threads'
import type { DeliveryCounts, PlannedWay } from '#admin/delivery-desk.ts'
import type { Running } from '#queue/delivery.ts'
import type { DomainState } from '#queue/scheduler.ts'
import type { DirectoryChangeCount } from '#store/sqlite/cached-directory.ts'
import type { QueueChangeCount } from '#store/sqlite/queue-changes.ts'
import type { Policy } from './messages.ts'

/** What the delivery thread is started with. */
export interface DeliveryThreadData {
  readonly storeFile: string
  readonly storePort: MessagePort
  readonly directoryChanges: DirectoryChangeCount
  /** Woken when mail for elsewhere was kept. */
  readonly queueChanges: QueueChangeCount
  readonly policy: Policy
  readonly referenceKey: Uint8Array
  /** Where the key is that opens the store's secrets. */
  readonly secretsKeyFile: string
}

/** What only the delivery thread knows. */
export interface DeliveryAnswers {
  readonly running: readonly Running[]
  readonly domains: readonly DomainState[]
  readonly counts: DeliveryCounts
  readonly plan: PlannedWay | undefined
  readonly route: PlannedWay
}

export type DeliveryQuestion =
  | { readonly is: 'running' | 'domains' | 'counts' }
  | { readonly is: 'plan'; readonly id: number }
  | { readonly is: 'route'; readonly sender: string; readonly recipient: string }

export type ToDeliveryThread =
  | { readonly is: 'policy'; readonly policy: Policy }
  /** The queue was changed by hand, or the secrets were. */
  | { readonly is: 'lookAgain'; readonly tryNow?: 'all' | readonly string[] | undefined }
  | { readonly is: 'ask'; readonly round: number; readonly question: DeliveryQuestion }
  /** The last batch of `lines` was taken: the next may follow (`LineBuffer.taken`). */
  | { readonly is: 'linesTaken' }
  /** Begin nothing more, end what is under way, answer `stopped`. */
  | { readonly is: 'stop' }

export type FromDeliveryThread =
  | { readonly is: 'ready' }
  | { readonly is: 'lines'; readonly lines: string }
  | { readonly is: 'answer'; readonly round: number; readonly answer: DeliveryAnswers[keyof DeliveryAnswers] }
  /** What was asked could not be found out (the store cannot be read). */
  | { readonly is: 'unanswered'; readonly round: number; readonly because: string }
  /** Recipients of this user's mail were refused for good. */
  | { readonly is: 'bounced'; readonly user: string; readonly recipients: number }
  | { readonly is: 'stopped' }
