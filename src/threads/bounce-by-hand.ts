import type { Clock } from '#base/clock.ts'
import type { Report, Trouble, WriteReport } from '#queue/contract.ts'
import { decideNext } from '#queue/decide-next.ts'
import type { Settings } from '#settings/schema.ts'
import type { QueueEntry, QueueFilter, QueueStore, Settlement, SettlementReport } from '#store/contract.ts'

export interface BounceByHandParts {
  readonly queue: Pick<QueueStore, 'find' | 'settle'>
  readonly writeReport: WriteReport
  readonly settings: () => Settings
  readonly clock: Pick<Clock, 'nowMs'>
}

/** Entries in one write, and about as many reports. */
const AT_ONCE = 100

/** Make what an administrator uses to send back what waits: each sender is told as if it had failed for good, and the entries go. */
export function createBounceByHand({ queue, writeReport, settings, clock }: BounceByHandParts) {
  /** Send back all that a filter means; gives how many entries it were. */
  return async function bounce(filter: QueueFilter, author: string): Promise<number> {
    const trouble: Trouble = {
      is: 'failed',
      // RFC 3463 §3.8: refused by a person, not by a server.
      status: '5.7.0',
      because: 'the administrator of this server sent it back',
      stage: 'route',
      scope: 'recipient',
    }
    // What comes from now on is not meant: among it are the reports that this writes.
    const [newest] = await queue.find(filter, { descending: true, limit: 1 })
    // Where few match among many, no lot begins to search where the last one did.
    let last: number | undefined
    for (let total = 0; ; ) {
      const found = await queue.find(filter, { limit: AT_ONCE, ...(last !== undefined && { afterId: last }) })
      last = found.at(-1)?.id
      const entries = found.filter(({ id }) => newest !== undefined && id <= newest.id)
      const nowMs = clock.nowMs()
      const settlements: Settlement[] = []
      const reported = new Map<number, Report['entries'][number][]>()
      for (const entry of entries) {
        const { settlement, report } = decideNext(entry, trouble, nowMs, settings().queue, Math.random)
        settlements.push(asRemoved(settlement, author))
        if (report !== undefined) add(reported, entry, trouble)
      }
      const reports = await Promise.all(
        [...reported.values()].map(async (of): Promise<readonly SettlementReport[]> => {
          const message = await writeReport({ kind: 'failed', entries: of })
          return message === undefined ? [] : [{ message, about: of.map(({ entry }) => entry.id) }]
        }),
      )
      const passedOver = await queue.settle(settlements, reports.flat())
      total += entries.length - passedOver.length
      if (entries.length < AT_ONCE) return total
    }
  }
}

function add(reported: Map<number, Report['entries'][number][]>, entry: QueueEntry, outcome: Trouble): void {
  const same = reported.get(entry.messageId)
  if (same === undefined) reported.set(entry.messageId, [{ entry, outcome }])
  else same.push({ entry, outcome })
}

/** It did not fail: somebody took it out, and the story says who. */
function asRemoved({ delivery, ...settlement }: Settlement, author: string): Settlement {
  if (delivery === undefined) return settlement
  const story = { ...(JSON.parse(delivery.story) as object), is: 'removed', because: `sent back by ${author}` }
  return { ...settlement, delivery: { ...delivery, outcome: 'removed', story: JSON.stringify(story) } }
}
