import type { Clock } from '#base/clock.ts'
import { isTemporary } from '#base/fault.ts'
import type { Settings } from '#settings/schema.ts'
import type { QueueEntry, QueueStore, SettlementReport } from '#store/contract.ts'
import type { Outcome, Report, WriteReport } from './contract.ts'
import { type Decision, decideNext } from './decide-next.ts'
import type { QueueEvents } from './events.ts'

/** What became of entries is put down so many at once at most, and with so many reports, which hold messages in memory. */
const BATCH = 500
const REPORTS = 20
/** With more waiting to be put down, no delivery begins. */
const MOST_UNSETTLED = 1000
const LONGEST_PAUSE_MS = 60_000
/** When an entry is tried again whose failure could not be told. */
const UNTOLD_MS = 3_600_000

/** An entry, what its try came to, and what follows. */
export interface Ended {
  readonly entry: QueueEntry
  readonly outcome: Outcome
  readonly decision: Decision
}

export interface SettlingPorts {
  readonly queue: Pick<QueueStore, 'settle'>
  readonly writeReport: WriteReport
  readonly settings: () => Settings
  readonly clock: Clock
  readonly random: () => number
  readonly events: Pick<QueueEvents, 'faulted'>
  /** It is on disk. */
  readonly settled: (ended: Ended) => void
  /** There was nothing to put it down on: the entry was removed while it was tried, or the mailboxes that it was for. */
  readonly passedOver: (entry: QueueEntry) => void
}

interface Settled {
  readonly done: readonly Ended[]
  readonly passedOver: ReadonlySet<number>
}

/**
 * Puts down what became of entries. All that ends in one turn of the event loop, or while the store is busy, goes in one
 * transaction. When the store fails, it is tried again, for as long as it takes: what was delivered is never sent again because the
 * disk was full.
 */
export class Settling {
  readonly #ports: SettlingPorts
  #pending: Ended[] = []
  #most = BATCH
  #pauseMs = 0
  #isRunning = false
  #givenUp = false
  #idle: (() => void)[] = []

  constructor(ports: SettlingPorts) {
    this.#ports = ports
  }

  get size(): number {
    return this.#pending.length
  }

  get isFull(): boolean {
    return this.#pending.length >= MOST_UNSETTLED
  }

  /** Put down what a try came to, soon. */
  add(entry: QueueEntry, outcome: Outcome): void {
    const { settings, clock, random } = this.#ports
    this.#pending.push({
      entry,
      outcome,
      decision: decideNext(entry, outcome, clock.nowMs(), settings().queue, random),
    })
    if (this.#isRunning || this.#givenUp) return
    this.#isRunning = true
    setImmediate(() => void this.#run())
  }

  /** Resolve when nothing is left to be put down. */
  whenIdle(): Promise<void> {
    if (!this.#isRunning) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Put nothing down any more: what is left will be tried again after the next start. */
  giveUp(): void {
    this.#givenUp = true
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0 && !this.#givenUp) {
      const batch = this.#nextBatch()
      try {
        const { done, passedOver } = await this.#settle(batch)
        this.#pending = this.#pending.slice(batch.length)
        this.#most = Math.min(BATCH, this.#most * 2)
        this.#pauseMs = 0
        for (const ended of done) {
          if (passedOver.has(ended.entry.id)) this.#ports.passedOver(ended.entry)
          else this.#ports.settled(ended)
        }
      } catch (error) {
        this.#ports.events.faulted({ what: `put down what became of ${batch.length} queue entries`, error })
        // If one of them is at fault, the others shall not wait for it: by themselves, and the failed one last.
        this.#most = 1
        if (!isTemporary(error)) this.#pending = [...this.#pending.slice(batch.length), ...batch]
        this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(1000, this.#pauseMs * 2))
        await new Promise<void>((resolve) => this.#ports.clock.after(this.#pauseMs, resolve))
      }
    }
    this.#isRunning = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #nextBatch(): readonly Ended[] {
    let reports = 0
    let count = 0
    for (const { decision } of this.#pending) {
      if (count >= this.#most || (decision.report !== undefined && ++reports > REPORTS)) break
      count++
    }
    return this.#pending.slice(0, count)
  }

  async #settle(batch: readonly Ended[]): Promise<Settled> {
    const reports: SettlementReport[] = []
    const untold = new Set<number>()
    for (const report of reportsOf(batch)) {
      const ids = report.entries.map(({ entry }) => entry.id)
      try {
        // Written anew with each attempt: the store owns what it was handed.
        const message = await this.#ports.writeReport(report)
        if (message !== undefined) reports.push({ message, about: ids })
      } catch (error) {
        this.#ports.events.faulted({
          what: `write the report "${report.kind}" of queue entry ${ids.join(', ')}`,
          error,
        })
        // That mail was delivered stands, told or not. That it was not must be told: those are tried again.
        if (report.kind === 'failed') for (const id of ids) untold.add(id)
      }
    }
    const done =
      untold.size === 0 ? batch : batch.map((ended) => (untold.has(ended.entry.id) ? this.#later(ended) : ended))
    const passedOver = await this.#ports.queue.settle(
      done.map(({ decision }) => decision.settlement),
      reports,
    )
    return { done, passedOver: new Set(passedOver) }
  }

  #later({ entry, outcome }: Ended): Ended {
    const { id, attempts, warned = false, answers = '[]' } = entry
    const dueAtMs = this.#ports.clock.nowMs() + UNTOLD_MS
    const next = { is: 'waiting', dueAtMs, attempts: attempts + 1, warned, answers } as const
    return { entry, outcome, decision: { settlement: { id, next } } }
  }
}

/** Gather what the senders are told: of one message, in one report of a kind. */
function reportsOf(batch: readonly Ended[]): Iterable<Report> {
  const reports = new Map<string, { readonly kind: Report['kind']; readonly entries: Report['entries'][number][] }>()
  for (const { entry, decision } of batch) {
    if (decision.report === undefined) continue
    const { kind, outcome, untilMs } = decision.report
    const key = `${entry.messageId} ${kind} ${entry.returnPath ?? ''}`
    const report = reports.get(key) ?? { kind, entries: [] }
    reports.set(key, report)
    report.entries.push({ entry, outcome, ...(untilMs !== undefined && { untilMs }) })
  }
  return reports.values()
}
