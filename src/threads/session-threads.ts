/** The session threads as the main thread sees them: started, told, and started again when one dies. */
import { type MessagePort, Worker } from 'node:worker_threads'
import type { Clock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import type { Events } from '#events/contract.ts'
import { cannotListen } from './bindings.ts'
import { openConnectionCounts, shareConnectionCounts } from './connection-counts.ts'
import type { BindFailure } from './listeners.ts'
import type { Binding, FromSessionThread, Policy, SessionThreadData, ToSessionThread } from './messages.ts'

export interface SessionThreadsOptions {
  readonly threads: number
  readonly storeFile: string
  /** A fresh channel to the store's writer. */
  readonly connectStore: () => MessagePort
  readonly policy: Policy
  readonly referenceKey: Uint8Array
  readonly events: Pick<Events, 'faulted'>
  readonly clock: Clock
  readonly lines: (batch: string) => void
  /** A POP3 login succeeded in one of the threads; all of them are told as well. */
  readonly popLogin: (ip: string, atMs: number) => void
}

export interface SessionThreads {
  /** Give every thread a new policy; it holds for what each thread begins from then on. */
  adopt(policy: Policy): void
  /** Listen on exactly these in every thread; rejects with a Fault that names each place that cannot be listened on. */
  bind(bindings: readonly Binding[]): Promise<void>
  /** Connections open to a service in all threads. */
  connections(service: Binding['service']): number
  stop(): Promise<void>
}

/** A thread that died is started again after this: a bug that strikes at once must not spin. */
const RESTART_AFTER_MS = 1000
/** How long a thread may take to end its sessions. */
const STOP_WITHIN_MS = 8000

interface Thread {
  readonly worker: Worker
  readonly ready: Promise<void>
}

/** One change of the listening sockets, while threads still have to answer. */
interface Round {
  readonly pending: Set<Worker>
  readonly failures: BindFailure[]
  readonly done: () => void
}

/** Start the session threads; resolves when all are ready to listen. */
export async function startSessionThreads(options: SessionThreadsOptions): Promise<SessionThreads> {
  const { clock, events } = options
  const counts = shareConnectionCounts(options.threads)
  const threads: Thread[] = []
  const rounds = new Map<number, Round>()
  let round = 0
  let policy = options.policy
  let bindings: readonly Binding[] = []
  let stopping = false

  function tellAll(message: ToSessionThread): void {
    for (const { worker } of threads) worker.postMessage(message)
  }

  function start(index: number): Thread {
    const storePort = options.connectStore()
    const data: SessionThreadData = {
      index,
      storeFile: options.storeFile,
      storePort,
      counts,
      policy,
      referenceKey: options.referenceKey,
    }
    const worker = new Worker(new URL('../session-thread.ts', import.meta.url), {
      workerData: data,
      transferList: [storePort],
      name: `session-${index}`,
    })
    const ready = new Promise<void>((resolve, reject) => {
      worker.once('error', reject)
      worker.once('exit', () => reject(new Fault('A session thread ended while it started', { temporary: true })))
      worker.on('message', (message: FromSessionThread) => {
        if (message.is === 'ready') resolve()
        else hear(worker, message)
      })
    })
    worker.on('error', (error) => events.faulted({ what: `session thread ${index}`, error }))
    worker.on('exit', () => {
      openConnectionCounts(counts, index).clear()
      answered(worker)
      if (!stopping) clock.after(RESTART_AFTER_MS, () => restart(index))
    })
    return { worker, ready }
  }

  function restart(index: number): void {
    if (stopping) return
    const thread = start(index)
    threads[index] = thread
    thread.ready.then(
      () => thread.worker.postMessage({ is: 'bind', round: 0, bindings } satisfies ToSessionThread),
      // Its end is heard, and it is started again.
      () => {},
    )
  }

  function hear(worker: Worker, message: FromSessionThread): void {
    switch (message.is) {
      case 'lines':
        options.lines(message.lines)
        worker.postMessage({ is: 'linesTaken' } satisfies ToSessionThread)
        break
      case 'popLogin':
        tellAll(message)
        options.popLogin(message.ip, message.atMs)
        break
      case 'bound':
        rounds.get(message.round)?.failures.push(...message.failures)
        answered(worker)
        break
    }
  }

  /** A thread that died has answered too: it listens to what is wanted when it is started again. */
  function answered(worker: Worker): void {
    for (const { pending, done } of rounds.values()) {
      if (pending.delete(worker) && pending.size === 0) done()
    }
  }

  for (let index = 0; index < options.threads; index += 1) threads.push(start(index))
  await Promise.all(threads.map(({ ready }) => ready))

  return {
    connections: (service) => openConnectionCounts(counts, 0).total(service),
    adopt(next) {
      policy = next
      tellAll({ is: 'policy', policy })
    },
    async bind(wanted) {
      bindings = wanted
      round += 1
      const mine = round
      const failures: BindFailure[] = []
      await new Promise<void>((done) => {
        rounds.set(mine, { pending: new Set(threads.map(({ worker }) => worker)), failures, done })
        tellAll({ is: 'bind', round: mine, bindings: wanted })
      })
      rounds.delete(mine)
      if (failures.length === 0) return
      const says = [...new Set(failures.map(({ binding, error }) => cannotListen(binding, error)))]
      throw new Fault(says.join('; '), { temporary: true })
    },
    async stop() {
      stopping = true
      const ended = threads.map(({ worker }) => new Promise<void>((resolve) => worker.once('exit', () => resolve())))
      tellAll({ is: 'stop' })
      await Promise.race([
        Promise.all(ended),
        new Promise<void>((resolve) => {
          clock.after(STOP_WITHIN_MS, resolve)
        }),
      ])
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}
