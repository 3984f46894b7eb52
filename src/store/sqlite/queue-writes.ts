import type { DatabaseSync } from 'node:sqlite'
import type { NewQueueEntry, PausedDomain } from '../contract.ts'
import { openPlacer } from './mailboxes.ts'
import type { MessageWrites } from './messages.ts'
import type { QueueEntries } from './queue-entries.ts'
import type { DeliveryRow, ReportRow, SettlementRow } from './queue-wire.ts'

export const QUEUE_WRITES = [
  'wake',
  'holdThese',
  'releaseThese',
  'retryThese',
  'removeThese',
  'forgetDeliveriesBefore',
  'pause',
  'resume',
] as const

/** Rows looked at to forget some, for each that may go: a clock that was wrong for a while leaves some out of order. */
const LOOKED_AT = 4

/** Write the queue. Acts on entries that are gone meanwhile pass them over. */
export function writeQueue(
  db: DatabaseSync,
  { takeOut, find, wake, wait, hold, release, retry }: QueueEntries,
  messages: Pick<MessageWrites, 'acceptReport' | 'forward'>,
) {
  const deliver = db.prepare('INSERT INTO delivery (decision, at, recipient, outcome, story) VALUES (?, ?, ?, ?, ?)')
  const forget = db.prepare(
    `DELETE FROM delivery WHERE id IN (SELECT id FROM
     (SELECT id, at FROM delivery ORDER BY id LIMIT ?2 * ${LOOKED_AT}) WHERE at < ?1 LIMIT ?2)`,
  )
  const pause = db.prepare('INSERT OR REPLACE INTO paused_domain (domain, since, author, why) VALUES (?, ?, ?, ?)')
  const resume = db.prepare('DELETE FROM paused_domain WHERE domain = ?')
  const place = openPlacer(db)

  /** Keep how a recipient ended; of a message whose decision is not known nobody could ask. */
  function keep([decision, atMs, recipient, outcome, story]: DeliveryRow): void {
    if (decision > 0) deliver.run(decision, atMs, recipient, outcome, story)
  }

  /**
   * Put an entry's message into mailboxes, and on its way to where forwards lead; false when there is neither, and then the entry stays
   * to be tried again.
   */
  function move(id: number, mailboxIds: readonly number[], forwards: readonly NewQueueEntry[]): boolean {
    const entry = find(id)
    if (entry === undefined) return false
    const { message, decision, createdAtMs, sender, sizeBytes } = entry
    const isPlaced = place(message, sender, sizeBytes, mailboxIds)
    messages.forward({ id: message, decision, receivedAtMs: createdAtMs, sender, sizeBytes }, forwards)
    return (isPlaced || forwards.length > 0) && takeOut(id)
  }

  /** Put down what became of one entry; false when it was passed over. */
  function settle([id, delivery, mailboxIds, waiting, forwards = []]: SettlementRow): boolean {
    if (waiting !== undefined) return wait(id, waiting)
    if (!(mailboxIds === undefined ? takeOut(id) : move(id, mailboxIds, forwards))) return false
    if (delivery !== undefined) keep(delivery)
    return true
  }

  function each(ids: readonly number[], act: (id: number) => boolean): number {
    let touched = 0
    for (const id of ids) if (act(id)) touched += 1
    return touched
  }

  return {
    wake,

    /** The reports' contents lie one after the other in `contents`. */
    settle(
      settlements: readonly SettlementRow[],
      reports: readonly ReportRow[],
      contents?: Uint8Array,
    ): readonly number[] {
      const settled = new Set<number>()
      for (const settlement of settlements) if (settle(settlement)) settled.add(settlement[0])
      let at = 0
      for (const [report, length, about] of reports) {
        const end = at + length
        if (about.some((id) => settled.has(id))) {
          messages.acceptReport(report, (contents as Uint8Array).subarray(at, end))
        }
        at = end
      }
      return settlements.flatMap(([id]) => (settled.has(id) ? [] : [id]))
    },

    holdThese: (ids: readonly number[]): number => each(ids, hold),
    releaseThese: (ids: readonly number[]): number => each(ids, release),
    retryThese: (ids: readonly number[]): number => each(ids, retry),

    /** Delete entries; `held`, where given, must still be so. */
    removeThese(ids: readonly number[], held: boolean | undefined, atMs: number, story: string): number {
      return each(ids, (id) => {
        const entry = find(id)
        if (entry === undefined || (held !== undefined && entry.held !== held) || !takeOut(id)) return false
        keep([entry.decision, atMs, entry.recipient, 'removed', story])
        return true
      })
    },

    forgetDeliveriesBefore: (atMs: number, limit: number): number => Number(forget.run(atMs, limit).changes),

    pause({ domain, sinceMs, author, why }: PausedDomain): void {
      pause.run(domain, sinceMs, author, why ?? null)
    },
    resume: (domain: string): boolean => resume.run(domain).changes > 0,
  }
}
