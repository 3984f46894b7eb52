import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { defaults } from '#gate/testing.ts'
import type { QueueEntry } from '#store/contract.ts'
import { createBounceByHand } from './bounce-by-hand.ts'

const ENTRY = { messageId: 1, decision: 1, createdAtMs: 0, attempts: 0, sizeBytes: 1 }

/** A queue with so many entries of outside senders; each report that is written waits in it too, as mail to its sender does. */
function queueOf(count: number) {
  let last = 0
  let entries: readonly QueueEntry[] = []
  const add = (sender: string, recipient: string) => {
    last += 1
    entries = [
      ...entries,
      { ...ENTRY, id: last, messageId: last, sender, recipient, domain: 'far.example', origin: '' },
    ]
  }
  for (let at = 0; at < count; at++) add(`s${at}@out.example`, 'x@far.example')
  return {
    left: () => entries,
    parts: {
      queue: {
        find: async (_filter: unknown, { limit, descending = false }: { limit: number; descending?: boolean }) =>
          (descending ? entries.toReversed() : entries).slice(0, limit),
        settle: async (settlements: readonly { readonly id: number }[], reports: readonly { sender: string }[]) => {
          const gone = new Set(settlements.map(({ id }) => id))
          entries = entries.filter(({ id }) => !gone.has(id))
          for (const report of reports) add('', report.sender)
        },
      },
      writeReport: async ({ entries: [first] }: { entries: readonly { entry: QueueEntry }[] }) =>
        ({ sender: first?.entry.sender }) as never,
      settings: () => defaults(),
      clock: new ManualClock(),
    },
  }
}

test('what is sent back tells every sender: the reports themselves are not sent back', async () => {
  for (const count of [0, 1, 99, 100, 101, 250]) {
    const { parts, left } = queueOf(count)
    assert.equal(await createBounceByHand(parts as never)({}, 'root'), count)
    assert.equal(left().length, count, `${count} senders are told`)
    assert.ok(left().every(({ sender }) => sender === ''))
  }
})
