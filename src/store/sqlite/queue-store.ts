import type { DatabaseSync } from 'node:sqlite'
import type { NewMessage, QueueFilter, QueueStore, SettlementReport } from '../contract.ts'
import { decisionRow } from './decision-rows.ts'
import { sendWrites } from './matter.ts'
import type { MessageRow } from './messages.ts'
import { readQueue } from './queue.ts'
import { openQueueSearch } from './queue-search.ts'
import { type ReportRow, settlementRow } from './queue-wire.ts'
import { QUEUE_WRITES, type writeQueue } from './queue-writes.ts'
import type { WriterClient } from './writer-client.ts'

/** Entries that one write of an act touches at most: other writes come between two of them. */
const ENTRIES_AT_ONCE = 500

/** Read and search the queue on the calling thread's connection, and have it written by the writer's thread. */
export function openQueueStore(db: DatabaseSync, writer: WriterClient): QueueStore {
  const { holdThese, releaseThese, retryThese, removeThese, ...writes } = sendWrites<ReturnType<typeof writeQueue>>(
    'queue',
    QUEUE_WRITES,
    (operation, args) => writer.send(operation, args),
  )
  const { matching, ...search } = openQueueSearch(db)

  /** Have an act done on all that a filter means; gives how many entries it touched. */
  async function inSteps(filter: QueueFilter, act: (ids: readonly number[]) => Promise<number>): Promise<number> {
    let touched = 0
    for await (const ids of matching(filter)) {
      for (let at = 0; at < ids.length; at += ENTRIES_AT_ONCE) touched += await act(ids.slice(at, at + ENTRIES_AT_ONCE))
    }
    return touched
  }

  return {
    ...readQueue(db),
    ...search,
    ...writes,
    async settle(settlements, reports) {
      const args = [settlements.map(settlementRow), reports.map(reportRow)]
      const contents = reports.length === 0 ? undefined : reports.flatMap(({ message }) => contentOf(message))
      return (await writer.send('queue.settle', args, contents)) as readonly number[]
    },
    hold: (filter) => inSteps(filter, holdThese),
    release: (filter) => inSteps(filter, releaseThese),
    retry: (filter) => inSteps(filter, retryThese),
    remove: (filter, { atMs, story }) => inSteps(filter, (ids) => removeThese(ids, filter.held, atMs, story)),
  }
}

function reportRow({ message, about }: SettlementReport): ReportRow {
  const { sender, receivedAtMs, mailboxIds, queue, record, contacts } = message
  const row: MessageRow = [sender, receivedAtMs, 0, undefined, mailboxIds, queue, decisionRow(record), contacts]
  return [row, lengthOf(message), about]
}

function contentOf({ trace, body }: NewMessage): [Uint8Array, Uint8Array] {
  if (!(body instanceof Uint8Array)) throw new Error('The body of a report must be whole, not a draft')
  return [trace, body]
}

function lengthOf(report: NewMessage): number {
  const [trace, body] = contentOf(report)
  return trace.length + body.length
}
