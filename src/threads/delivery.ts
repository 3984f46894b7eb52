/** The delivery thread as the main thread sees it: started, told, asked, and started again when it dies. */
import { type MessagePort, Worker } from 'node:worker_threads'
import type { DeliveryDesk } from '#admin/delivery-desk.ts'
import type { Clock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import type { Events } from '#events/contract.ts'
import type {
  DeliveryAnswers,
  DeliveryQuestion,
  DeliveryThreadData,
  FromDeliveryThread,
  ToDeliveryThread,
} from './delivery-messages.ts'
import type { Policy } from './messages.ts'

export interface DeliveryOptions extends Omit<DeliveryThreadData, 'storePort' | 'policy'> {
  /** A fresh channel to the store's writer. */
  readonly connectStore: () => MessagePort
  readonly policy: Policy
  readonly clock: Clock
  readonly events: Pick<Events, 'faulted'>
  readonly lines: (batch: string) => void
  /** Recipients of this user's mail were refused for good by where it went. */
  readonly bounced: (user: string, recipients: number) => void
}

/** What the thread answers; acts on the queue itself are the store's. */
export interface Delivery extends Omit<DeliveryDesk, 'bounce'> {
  adopt(policy: Policy): void
  stop(): Promise<void>
}

/** A thread that died is started again after this: a bug that strikes at once must not spin. */
const RESTART_AFTER_MS = 1000
/** How long it may take to end what is under way; what does not end by then is tried again at the next start. */
const STOP_WITHIN_MS = 12_000

/** Start the delivery thread; resolves when it is ready. */
export async function startDelivery(options: DeliveryOptions): Promise<Delivery> {
  const { clock, events, connectStore, lines, bounced, ...data } = options
  const waiting = new Map<
    number,
    { readonly resolve: (answer: never) => void; readonly reject: (error: Fault) => void }
  >()
  let round = 0
  let policy = options.policy
  let worker: Worker
  /** Between its end and its next start nobody hears what is asked. */
  let isUp = false
  let stopping = false

  function tell(message: ToDeliveryThread): void {
    worker.postMessage(message)
  }

  function start(): Promise<void> {
    const storePort = connectStore()
    const workerData: DeliveryThreadData = {
      storeFile: data.storeFile,
      directoryChanges: data.directoryChanges,
      queueChanges: data.queueChanges,
      referenceKey: data.referenceKey,
      secretsKeyFile: data.secretsKeyFile,
      storePort,
      policy,
    }
    const mine = new Worker(new URL('../delivery-thread.ts', import.meta.url), {
      workerData,
      transferList: [storePort],
      name: 'delivery',
    })
    worker = mine
    isUp = true
    mine.on('error', (error) => events.faulted({ what: 'the delivery thread', error }))
    mine.on('exit', () => {
      isUp = false
      for (const { reject } of waiting.values()) reject(new Fault('The delivery thread has ended', { temporary: true }))
      waiting.clear()
      if (!stopping) clock.after(RESTART_AFTER_MS, () => void restart())
    })
    return new Promise((resolve, reject) => {
      mine.once('exit', () => reject(new Fault('The delivery thread ended while it started', { temporary: true })))
      mine.on('message', (message: FromDeliveryThread) => {
        if (message.is === 'ready') resolve()
        else hear(message)
      })
    })
  }

  async function restart(): Promise<void> {
    // Its end is heard, and it is started again.
    if (!stopping) await start().catch(() => undefined)
  }

  function hear(message: Exclude<FromDeliveryThread, { is: 'ready' }>): void {
    switch (message.is) {
      case 'lines':
        lines(message.lines)
        tell({ is: 'linesTaken' })
        break
      case 'answer':
        waiting.get(message.round)?.resolve(message.answer as never)
        waiting.delete(message.round)
        break
      case 'unanswered':
        waiting
          .get(message.round)
          ?.reject(new Fault(`Cannot ask the delivery thread: ${message.because}`, { temporary: true }))
        waiting.delete(message.round)
        break
      case 'bounced':
        bounced(message.user, message.recipients)
        break
      case 'stopped':
        break
    }
  }

  function ask<Q extends DeliveryQuestion>(question: Q): Promise<DeliveryAnswers[Q['is']]> {
    if (!isUp) {
      const because = 'Cannot ask the delivery thread: it has ended, and is being started again'
      return Promise.reject(new Fault(because, { temporary: true }))
    }
    round += 1
    const mine = round
    return new Promise((resolve, reject) => {
      waiting.set(mine, { resolve: resolve as (answer: never) => void, reject })
      tell({ is: 'ask', round: mine, question })
    })
  }

  await start()
  return {
    running: () => ask({ is: 'running' }),
    domains: () => ask({ is: 'domains' }),
    counts: () => ask({ is: 'counts' }),
    plan: (id) => ask({ is: 'plan', id }),
    route: (sender, recipient) => ask({ is: 'route', sender, recipient }),
    lookAgain: (tryNow) => tell({ is: 'lookAgain', tryNow }),
    adopt(next) {
      policy = next
      tell({ is: 'policy', policy })
    },
    async stop() {
      stopping = true
      if (!isUp) return
      const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
      tell({ is: 'stop' })
      await Promise.race([
        ended,
        new Promise<void>((resolve) => {
          clock.after(STOP_WITHIN_MS, resolve)
        }),
      ])
      await worker.terminate()
    },
  }
}
