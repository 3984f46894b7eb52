import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { Fault, messageOf } from '#base/fault.ts'
import { type DirectoryChangeCount, shareDirectoryChangeCount } from './cached-directory.ts'
import { createPrivate } from './files.ts'
import { lockStore } from './lock.ts'
import { type QueueChangeCount, shareQueueChangeCount } from './queue-changes.ts'
import type { Order, Report, WriterData } from './writer.ts'

export interface StoreWriter {
  /** How often the directory has changed: with it `openStore` keeps in memory what every recipient asks. */
  readonly directoryChanges: DirectoryChangeCount
  /** Grows with every commit that brings mail for elsewhere: with it the scheduler hears what is new. */
  readonly queueChanges: QueueChangeCount
  /** Give the end of a new line to the writer, for `openStore` in this thread or another. */
  connect(): MessagePort
  /** Do now all that is otherwise done in idle moments: clear removed mailboxes, give free space back, empty the log. */
  tidy(): Promise<void>
  /** Finish what waits, and stop. */
  close(): Promise<void>
  /** Resolves when the thread has ended: with the error that ended it, or undefined after `close`. */
  readonly ended: Promise<Error | undefined>
}

/** Start the writer's thread on a store, made if there is none yet; rejects with a Fault when it cannot be opened. */
export async function startWriter({ file }: { readonly file: string }): Promise<StoreWriter> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const lock = lockStore(file)
  // The log and the index beside it take its mode.
  createPrivate(file)
  const directoryChanges = shareDirectoryChangeCount()
  const queueChanges = shareQueueChangeCount()
  const workerData: WriterData = { file, directoryChanges, queueChanges }
  const worker = new Worker(new URL('./writer.ts', import.meta.url), { workerData, name: 'store' })
  const ended = endOf(worker).finally(() => lock.release())
  const tidying = new Map<number, () => void>()
  let orders = 0

  await new Promise<void>((ready, failed) => {
    worker.on('message', (report: Report) => {
      if ('ready' in report) ready()
      else {
        tidying.get(report.tidied)?.()
        tidying.delete(report.tidied)
      }
    })
    ended.then((error) => {
      failed(error ?? new Error('The store ended before it was ready'))
      for (const done of tidying.values()) done()
    })
  })

  function order(order: Order, transfer: readonly MessagePort[] = []): void {
    worker.postMessage(order, transfer)
  }

  return {
    ended,
    directoryChanges,
    queueChanges,
    connect() {
      const { port1, port2 } = new MessageChannel()
      order({ connect: port1 }, [port1])
      return port2
    },
    tidy() {
      orders += 1
      const number = orders
      return new Promise((done) => {
        tidying.set(number, done)
        order({ tidy: number })
      })
    },
    async close() {
      order({ close: true })
      const error = await ended
      if (error !== undefined) throw error
    },
  }
}

/** Wait for a worker's end; a Fault thrown in it arrives as one. */
function endOf(worker: Worker): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let error: Error | undefined
    worker.on('error', (thrown) => {
      error = isFaultLike(thrown)
        ? new Fault(thrown.message, { temporary: thrown.temporary, cause: thrown.cause })
        : new Fault(`The store's writer has failed: ${messageOf(thrown)}`, { temporary: false, cause: thrown })
    })
    worker.on('exit', () => resolve(error))
  })
}

/** A Fault loses its class, not its name, on its way out of a thread. */
function isFaultLike(thrown: unknown): thrown is Fault {
  return (
    thrown instanceof Error && thrown.name === 'Fault' && 'temporary' in thrown && typeof thrown.temporary === 'boolean'
  )
}
