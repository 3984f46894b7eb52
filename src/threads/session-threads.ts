/** The session threads as the main thread sees them: started, told, and started again when one dies. */
import { type MessagePort, Worker } from 'node:worker_threads'
import type { Clock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import type { Events } from '#events/contract.ts'
import type { Sentence } from '#gate/record.ts'
import type { SharedLedger } from '#ledger/memory/table.ts'
import type { DirectoryChangeCount } from '#store/sqlite/cached-directory.ts'
import { cannotListen } from './bindings.ts'
import { openConnectionCounts, shareConnectionCounts } from './connection-counts.ts'
import type { BindFailure } from './listeners.ts'
import type { Act, Binding, FromSessionThread, Policy, SessionThreadData, ToSessionThread } from './messages.ts'

export interface SessionThreadsOptions {
  readonly threads: number
  readonly storeFile: string
  readonly journalDir: string
  /** A fresh channel to the store's writer. */
  readonly connectStore: () => MessagePort
  readonly directoryChanges: DirectoryChangeCount
  readonly policy: Policy
  readonly referenceKey: Uint8Array
  readonly events: Pick<Events, 'faulted'>
  readonly clock: Clock
  readonly ledger: SharedLedger
  /** What stands when a thread starts: the first time, and again after its death. */
  readonly standing: () => Pick<SessionThreadData, 'blocks' | 'suspensions' | 'popLogins'>
  /** A thread has ended, however it went: what it counted as its own is to be forgotten. */
  readonly ended: (index: number) => void
  readonly sentence: (sentence: Sentence, ref: string | undefined) => void
  readonly lines: (batch: string) => void
  /** A POP3 login succeeded in one of the threads; all of them are told as well. */
  readonly popLogin: (ip: string, atMs: number, user: string) => void
}

export interface SessionThreads {
  /** Give every thread a new policy; it holds for what each thread begins from then on. */
  adopt(policy: Policy): void
  /** Listen on exactly these in every thread; rejects with a Fault that names each place that cannot be listened on. */
  bind(bindings: readonly Binding[]): Promise<void>
  /** Do something in every thread; resolves when each has done it. */
  act(act: Act): Promise<void>
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

/** Something every thread was told, while some still have to answer. */
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
  /** A thread that died answers nothing until it is started again, and then it is told how things stand. */
  const alive = new Set<Worker>()
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
      journalDir: options.journalDir,
      threads: options.threads,
      storePort,
      directoryChanges: options.directoryChanges,
      counts,
      ledger: options.ledger,
      ...options.standing(),
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
    alive.add(worker)
    worker.on('exit', () => {
      alive.delete(worker)
      openConnectionCounts(counts, index).clear()
      options.ended(index)
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
        options.popLogin(message.ip, message.atMs, message.user)
        break
      case 'bound':
        rounds.get(message.round)?.failures.push(...message.failures)
        answered(worker, message.round)
        break
      case 'acted':
        answered(worker, message.round)
        break
      case 'sentence':
        options.sentence(message.sentence, message.ref)
        break
    }
  }

  /** Take a thread's answer to one round, or to all: its death is one. */
  function answered(worker: Worker, only?: number): void {
    for (const [number, { pending, done }] of rounds) {
      if (only !== undefined && number !== only) continue
      if (pending.delete(worker) && pending.size === 0) done()
    }
  }

  /** Tell every thread something that it answers; gives the failures when all have. */
  async function tellRound(message: (round: number) => ToSessionThread): Promise<readonly BindFailure[]> {
    round += 1
    const mine = round
    const failures: BindFailure[] = []
    await new Promise<void>((done) => {
      const pending = new Set(alive)
      rounds.set(mine, { pending, failures, done })
      tellAll(message(mine))
      if (pending.size === 0) done()
    })
    rounds.delete(mine)
    return failures
  }

  for (let index = 0; index < options.threads; index += 1) threads.push(start(index))
  await Promise.all(threads.map(({ ready }) => ready))

  return {
    connections: (service) => openConnectionCounts(counts, 0).total(service),
    adopt(next) {
      policy = next
      tellAll({ is: 'policy', policy })
    },
    async act(act) {
      await tellRound((number) => ({ is: 'act', round: number, act }))
    },
    async bind(wanted) {
      bindings = wanted
      const failures = await tellRound((number) => ({ is: 'bind', round: number, bindings: wanted }))
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
