/** The writer's thread: owns the one connection that writes, and commits for all other threads. `start.ts` starts it. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { DirectoryChangeCount } from './cached-directory.ts'
import { openForWriting } from './connection.ts'
import { GroupCommit } from './group-commit.ts'
import { Housekeeping } from './housekeeping.ts'
import { openOperations } from './operations.ts'
import { type QueueChangeCount, tellQueueChanged } from './queue-changes.ts'
import { type Batch, CALL_WIDTH } from './wire.ts'

/** What the writer's thread is told by the one that started it. */
export type Order = { readonly connect: MessagePort } | { readonly tidy: number } | { readonly close: true }

/** What it says back. */
export type Report = { readonly ready: true } | { readonly tidied: number }

/** What the writer's thread is started with. */
export interface WriterData {
  readonly file: string
  readonly directoryChanges: DirectoryChangeCount
  readonly queueChanges: QueueChangeCount
}

/** One transaction takes at most this much, so that no caller waits long for the others. */
const GROUP_CALLS = 2000
const GROUP_BYTES = 8 * 1024 * 1024

/** Milliseconds between looks at what can be put in order. */
const TICK_MS = 250

if (parentPort === null) throw new Error('writer.ts runs as a worker: see start.ts')
const owner: MessagePort = parentPort as unknown as MessagePort
const { file, directoryChanges, queueChanges } = workerData as WriterData

const db = openForWriting(file)
const operations = openOperations(db)
const commits = new GroupCommit(db, operations)
commits.alone(() => operations.recover())
const housekeeping = new Housekeeping(db, file, commits, operations.filters)
/** Every line, and the number its drafts are kept under once it has sent something. */
const lines = new Map<MessagePort, number | undefined>()
let busy = false

function connect(port: MessagePort): void {
  lines.set(port, undefined)
  port.on('message', (batch: Batch) => commit(port, batch))
  port.on('close', () => {
    const line = lines.get(port)
    lines.delete(port)
    if (line !== undefined) attempt(() => commits.alone(() => operations.abandonOf(line)))
  })
}

/** Commit one batch, and with it whatever else waits at this moment. */
function commit(firstPort: MessagePort, first: Batch): void {
  const ports = [firstPort]
  const batches = [first]
  let calls = first.calls.length
  let bytes = first.bytes.length
  for (const port of lines.keys()) {
    while (calls < GROUP_CALLS * CALL_WIDTH && bytes < GROUP_BYTES) {
      const next: { message: Batch } | undefined = receiveMessageOnPort(port)
      if (next === undefined) break
      ports.push(port)
      batches.push(next.message)
      calls += next.message.calls.length
      bytes += next.message.bytes.length
    }
  }
  const answers = commits.run(batches)
  // After the commit, and before anybody is told of it: see `cached-directory.ts`.
  if (operations.directoryChanged()) Atomics.add(directoryChanges, 0, 1)
  if (operations.queueGrew()) tellQueueChanged(queueChanges)
  for (let at = 0; at < batches.length; at += 1) {
    const port = ports[at] as MessagePort
    lines.set(port, batches[at]?.line)
    port.postMessage(answers[at])
  }
  busy = true
  housekeeping.committed()
}

const ticking = setInterval(() => {
  attempt(() => housekeeping.tick(busy))
  busy = false
}, TICK_MS)

owner.on('message', (order: Order) => {
  if ('connect' in order) connect(order.connect)
  else if ('tidy' in order) {
    attempt(() => housekeeping.all())
    report({ tidied: order.tidy })
  } else close()
})
report({ ready: true })

function close(): void {
  clearInterval(ticking)
  for (const port of lines.keys()) {
    for (;;) {
      const next: { message: Batch } | undefined = receiveMessageOnPort(port)
      if (next === undefined) break
      commit(port, next.message)
    }
    port.close()
  }
  attempt(() => housekeeping.close())
  db.close()
  owner.close()
}

function report(report: Report): void {
  owner.postMessage(report)
}

/** Do what can as well be done later; what fails is tried again at a later tick. */
function attempt(work: () => void): void {
  try {
    work()
  } catch {
    // A full disk is the usual reason; whoever writes is told of it.
  }
}
