/** What becomes of entries, as it crosses threads: arrays, which are copied several times faster than objects with names. */
import type { Delivery, NewQueueEntry, Settlement } from '../contract.ts'
import type { MessageRow } from './messages.ts'

export type DeliveryRow = readonly [
  decision: number,
  atMs: number,
  recipient: string,
  outcome: Delivery['outcome'],
  story: string,
]

export type WaitingRow = readonly [dueAtMs: number, attempts: number, warned: number, answers: string]

/** With neither mailboxes nor a moment to wait for, the entry is gone. */
export type SettlementRow = readonly [
  id: number,
  delivery: DeliveryRow | undefined,
  mailboxIds: readonly number[] | undefined,
  waiting: WaitingRow | undefined,
  /** Where it goes on to, besides the mailboxes. */
  forwards?: readonly NewQueueEntry[],
]

/** A report: its message, whose content travels beside it, that content's bytes, and the entries that it is about. */
export type ReportRow = readonly [message: MessageRow, length: number, about: readonly number[]]

/** Give the row of a settlement. */
export function settlementRow({ id, next, delivery }: Settlement): SettlementRow {
  if (next.is === 'waiting') {
    return [id, undefined, undefined, [next.dueAtMs, next.attempts, Number(next.warned), next.answers]]
  }
  const row: DeliveryRow | undefined =
    delivery === undefined
      ? undefined
      : [delivery.decision, delivery.atMs, delivery.recipient, delivery.outcome, delivery.story]
  if (next.is === 'gone') return [id, row, undefined, undefined]
  return next.forwards === undefined
    ? [id, row, next.mailboxIds, undefined]
    : [id, row, next.mailboxIds, undefined, next.forwards]
}
