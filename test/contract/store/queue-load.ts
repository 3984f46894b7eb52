/**
 * Puts entries into the queue of a file's store without end and settles most of them, and prints a line for each step: `kept`,
 * `over` and `waits` once it is on disk, `tried` before it is sent. For the test that kills it.
 */
import type { Settlement } from '#store/contract.ts'
import { openStore } from '#store/sqlite/open.ts'
import { startWriter } from '#store/sqlite/start.ts'
import { waits } from './queue-turns.ts'
import { sampleMessage } from './samples.ts'

const file = process.argv[2]
if (file === undefined) throw new Error('Name the file of the store')

const writer = await startWriter({ file })
const store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
let seed = 0

function say(what: string, ids: readonly (string | number)[]): void {
  process.stdout.write(ids.map((id) => `${what} ${id}\n`).join(''))
}

async function session(): Promise<void> {
  for (;;) {
    seed += 1
    const recipients = [`a${seed}@a.example`, `b${seed}@b.example`]
    await store.messages.accept(sampleMessage([], 'x', { queue: recipients.map((recipient) => ({ recipient })) }))
    say('kept', recipients)
  }
}

async function delivery(): Promise<void> {
  for (let last = 0; ; ) {
    const entries = (await store.queue.arrivals(last, 20)).filter(({ id }) => id % 5 !== 0)
    if (entries.length === 0) {
      await store.queue.wake(0, 1)
      continue
    }
    last = entries.at(-1)?.id ?? last
    say(
      'tried',
      entries.map(({ recipient }) => recipient),
    )
    const settlements = entries.map(
      ({ id, decision, recipient }): Settlement =>
        id % 5 === 1
          ? waits(id, 1000 + id)
          : {
              id,
              next: { is: 'gone' },
              delivery: { decision, atMs: 1, recipient, outcome: 'delivered', story: '{}' },
            },
    )
    await store.queue.settle(settlements, [])
    for (const { id, recipient, decision } of entries)
      say(id % 5 === 1 ? 'waits' : 'over', [`${recipient} ${id} ${decision}`])
  }
}

await Promise.all([delivery(), ...Array.from({ length: 10 }, session)])
