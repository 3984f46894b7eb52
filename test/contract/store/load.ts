/** Accepts messages without end into the store of a file, and prints a line for each that is on disk: for the test that kills it. */
import { openStore } from '#store/sqlite/open.ts'
import { startWriter } from '#store/sqlite/start.ts'
import { makeMailboxes, sampleBytes, sampleMessage } from './samples.ts'

const file = process.argv[2]
if (file === undefined) throw new Error('Name the file of the store')

const writer = await startWriter({ file })
const store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
const mailboxes = await makeMailboxes(store, 3)
let seed = 0

async function session(): Promise<void> {
  for (;;) {
    seed += 1
    const mine = seed
    const length = mine % 40 === 0 ? 300_000 : (mine * 7919) % 9000
    const bytes = sampleBytes(length, mine)
    const to = mailboxes.slice(0, 1 + (mine % 3))
    let body: Parameters<typeof sampleMessage>[1] = bytes
    if (length > 131_072) {
      body = store.messages.draft()
      await body.write(bytes)
    }
    const { messageId } = await store.messages.accept(sampleMessage(to, body))
    process.stdout.write(`${messageId} ${to.join(',')} ${length} ${mine}\n`)
  }
}

await Promise.all(Array.from({ length: 20 }, session))
