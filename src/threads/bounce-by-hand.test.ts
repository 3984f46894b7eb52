import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { defaults } from '#gate/testing.ts'
import type { QueueEntry } from '#store/contract.ts'
import { createBounceByHand } from './bounce-by-hand.ts'

const ENTRY = { messageId: 1, decision: 1, createdAtMs: 0, attempts: 0, sizeBytes: 1 }

interface Page {
  readonly limit: number
  readonly descending?: boolean
  readonly afterId?: number
}

interface Told {
  readonly message: { readonly sender: string }
  readonly about: readonly number[]
}

/** A queue with so many entries of outside senders; each report that is written waits in it too, as mail to its sender does. */
function queueOf(count: number, removed: ReadonlySet<number> = new Set()) {
  let last = 0
  let entries: readonly QueueEntry[] = []
  const searched: number[] = []
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
    searched,
    parts: {
      queue: {
        find: async (_filter: unknown, { limit, descending = false, afterId = 0 }: Page) => {
          searched.push(afterId)
          return (descending ? entries.toReversed() : entries).filter(({ id }) => id > afterId).slice(0, limit)
        },
        settle: async (settlements: readonly { readonly id: number }[], reports: readonly Told[]) => {
          const over = settlements.map(({ id }) => id)
          const passedOver = over.filter((id) => removed.has(id))
          entries = entries.filter(({ id }) => !over.includes(id))
          for (const { message, about } of reports) {
            if (about.some((id) => !removed.has(id))) add('', message.sender)
          }
          return passedOver
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

test('what was delivered or removed meanwhile is not counted, and its sender not told', async () => {
  const { parts, left } = queueOf(150, new Set([3, 120]))
  assert.equal(await createBounceByHand(parts as never)({}, 'root'), 148)
  assert.equal(left().length, 148)
})

test('no lot begins to search where the last one did', async () => {
  const { parts, searched } = queueOf(250)
  await createBounceByHand(parts as never)({}, 'root')
  assert.deepEqual(searched, [0, 0, 100, 200])
})
