import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import type { Alarm, Clock } from '#base/clock.ts'
import type { QueueEntry, QueueStore } from '#store/contract.ts'
import { type Backlog, MOST_WAITING } from './backlog.ts'
import type { QueueEvents } from './events.ts'

const ARRIVALS = 500
const WAKE = 1000
const DOMAINS = 100
const OF_DOMAIN = 200
const OF_ORIGIN = 100
/** The table is read, beyond what arrives, while less than this may be served. */
const ENOUGH = MOST_WAITING * 0.4
/** Reading the table costs credit; each entry taken earns some, and time a little, so that it never goes round and round idly. */
const MOST_CREDIT = 2000
const CREDIT_TAKEN = 20
const CREDIT_SECOND = 200
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
/** A timer bears no more (2^31 ms); when it rings early, it is set anew. */
const LONGEST_ALARM_MS = 2_000_000_000
const ALARM_STEP_MS = 10

export interface FeederPorts {
  readonly queue: Pick<QueueStore, 'find' | 'arrivals' | 'readyDomains' | 'ready' | 'nextDueMs' | 'wake'>
  readonly backlog: Backlog
  readonly clock: Clock
  readonly events: Pick<QueueEvents, 'faulted'>
  /** Mail to this domain may be read now: it is not paused, and no rule makes it wait. */
  readonly isOpen: (domain: string) => boolean
  /** Nothing should be taken in for now: what ended is not put down yet. */
  readonly isFull: () => boolean
  /** It came into memory. */
  readonly admit: (entry: QueueEntry) => 'admitted' | 'taken' | 'full'
  /** Done first, and again after `startOver`: what the scheduler itself reads. */
  readonly prepare: () => Promise<void>
}

/**
 * Brings entries from the table into memory: new ones at once, others as there is room, domain by domain, and those whose wait is over
 * when they are due. One thing at a time; nothing runs while there is nothing to do.
 */
export class Feeder {
  readonly #ports: FeederPorts
  #isRunning = false
  #isAsked = false
  #isStopped = false
  #startsOver = true
  #knowsLast = false
  #lastId = 0
  #hasNew = false
  #isDue = false
  /** `pending`: not all ready domains have been looked at since entries were left out. */
  #scan: 'pending' | 'done' = 'pending'
  #after = ''
  #leftOut = false
  #hungryNext = false
  readonly #toRead = new Set<string>()
  #credit = MOST_CREDIT
  #creditAlarm: Alarm | undefined
  #dueAtMs = Number.POSITIVE_INFINITY
  #dueAlarm: Alarm | undefined
  #pauseMs = 0
  #pauseAlarm: Alarm | undefined

  constructor(ports: FeederPorts) {
    this.#ports = ports
  }

  /** New mail was committed. */
  poke(): void {
    this.#hasNew = true
    this.#wake()
  }

  /** Read everything anew: nothing that was known of the table holds. */
  startOver(): void {
    this.#startsOver = true
    this.#wake()
  }

  /** A domain has room again, and more in the table. */
  read(domain: string): void {
    this.#toRead.add(domain)
    this.#wake()
  }

  /** Look at all domains again: some were left out, and it is not known which. */
  readAll(): void {
    this.#scan = 'pending'
    this.#leftOut = true
    this.#wake()
  }

  /** Entries were taken: there is more room. */
  took(): void {
    this.#credit = Math.min(MOST_CREDIT, this.#credit + CREDIT_TAKEN)
    this.look()
  }

  /** See whether there is something to do, and room for it. */
  look(): void {
    if ((this.#hasNew && !this.#ports.isFull()) || (this.#mayRead && this.#hasToRead)) this.#wake()
  }

  /** An entry waits until then. */
  due(atMs: number): void {
    if (atMs < this.#dueAtMs) this.#setDue(atMs)
  }

  stop(): void {
    this.#isStopped = true
    for (const alarm of [this.#creditAlarm, this.#dueAlarm, this.#pauseAlarm]) alarm?.cancel()
  }

  #wake(): void {
    this.#isAsked = true
    if (this.#isRunning || this.#isStopped || this.#pauseAlarm !== undefined) return
    this.#isRunning = true
    void this.#run()
  }

  async #run(): Promise<void> {
    try {
      // Whoever asks while the last step says that there is nothing is heard all the same.
      while (this.#isAsked && !this.#isStopped) {
        this.#isAsked = false
        const step = await this.#step()
        if (step === 'nothing') continue
        this.#isAsked = true
        this.#pauseMs = 0
        if (step === 'long') await turnOfTheLoop()
      }
    } catch (error) {
      this.#ports.events.faulted({ what: 'read the queue', error })
      // What was read halfway may be lost to memory: all of it again.
      this.#startsOver = true
      this.#isRunning = false
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2))
      this.#pauseAlarm = this.#ports.clock.after(this.#pauseMs, () => {
        this.#pauseAlarm = undefined
        this.#wake()
      })
    }
    this.#isRunning = false
  }

  /** Do the next thing; `long` when it may have taken a while, and others should have their turn. */
  async #step(): Promise<'short' | 'long' | 'nothing'> {
    if (this.#startsOver) return this.#begin()
    if (this.#hasNew && !this.#ports.isFull()) return this.#readNew()
    if (this.#isDue) return this.#wakeDue()
    if (!this.#mayRead || !this.#hasToRead) return 'nothing'
    if (this.#credit <= 0) {
      this.#waitForCredit()
      return 'nothing'
    }
    for (const domain of this.#toRead) {
      this.#toRead.delete(domain)
      return this.#readDomain(domain)
    }
    // In turn, so that neither keeps the other from being read.
    this.#hungryNext = !this.#hungryNext
    const { hungry } = this.#ports.backlog
    if (hungry.size > 0 && (this.#hungryNext || this.#scan === 'done')) {
      for (const domain of hungry) {
        hungry.delete(domain)
        return this.#readDomain(domain)
      }
    }
    return this.#scan === 'pending' ? this.#readDomains() : 'nothing'
  }

  get #mayRead(): boolean {
    return this.#ports.backlog.active < ENOUGH && !this.#ports.isFull()
  }

  get #hasToRead(): boolean {
    return this.#toRead.size > 0 || this.#ports.backlog.hungry.size > 0 || this.#scan === 'pending'
  }

  async #begin(): Promise<'long'> {
    const { queue, prepare } = this.#ports
    this.#startsOver = false
    await prepare()
    if (!this.#knowsLast) {
      // What has come until now is found by its domain, in turn; only what comes later by its number.
      const [newest] = await queue.find({}, { order: 'id', descending: true, limit: 1 })
      this.#lastId = newest?.id ?? 0
      this.#knowsLast = true
    }
    this.#toRead.clear()
    this.#after = ''
    this.#scan = 'pending'
    this.#leftOut = false
    const dueAtMs = await queue.nextDueMs()
    this.#setDue(dueAtMs ?? Number.POSITIVE_INFINITY)
    return 'long'
  }

  async #readNew(): Promise<'short' | 'long'> {
    this.#hasNew = false
    const entries = await this.#ports.queue.arrivals(this.#lastId, ARRIVALS)
    if (this.#startsOver) {
      this.#hasNew = true
      return 'short'
    }
    for (const entry of entries) {
      this.#lastId = Math.max(this.#lastId, entry.id)
      if (this.#ports.isOpen(entry.domain)) this.#take(entry)
    }
    if (entries.length < ARRIVALS) return 'short'
    this.#hasNew = true
    return 'long'
  }

  async #wakeDue(): Promise<'long'> {
    const { queue, clock } = this.#ports
    this.#isDue = false
    const { domains, more } = await queue.wake(clock.nowMs(), WAKE)
    for (const domain of domains) {
      if (this.#toRead.size < WAKE) this.#toRead.add(domain)
      else this.#missed()
    }
    // A little apart, so that the store's writer serves others in between.
    if (more) this.#setDue(clock.nowMs() + ALARM_STEP_MS)
    else this.#setDue((await queue.nextDueMs()) ?? Number.POSITIVE_INFINITY)
    return 'long'
  }

  async #readDomain(name: string): Promise<'short'> {
    const { queue, backlog, isOpen } = this.#ports
    // Whoever opens it again reads it.
    if (!isOpen(name)) return 'short'
    this.#credit--
    const domain = backlog.domain(name)
    domain.hasMore = false
    const turn = { afterOrigin: domain.lastOrigin, perOrigin: OF_ORIGIN, limit: OF_DOMAIN, skip: backlog.taken }
    const entries = await queue.ready(name, turn)
    if (this.#startsOver) return 'short'
    const ofOrigin = new Map<string, number>()
    let isCut = entries.length >= OF_DOMAIN
    for (const entry of entries) {
      const count = (ofOrigin.get(entry.origin) ?? 0) + 1
      ofOrigin.set(entry.origin, count)
      if (count >= OF_ORIGIN) isCut = true
      if (this.#take(entry)) domain.lastOrigin = entry.origin
    }
    if (!isCut) return 'short'
    domain.hasMore = true
    // All of it may have gone already.
    if (domain.count === 0) this.#toRead.add(name)
    return 'short'
  }

  /** Look at some more of the domains that have mail ready. */
  async #readDomains(): Promise<'short' | 'long'> {
    const { queue, backlog, isOpen } = this.#ports
    const names = await queue.readyDomains(this.#after, DOMAINS)
    if (this.#startsOver) return 'short'
    this.#credit--
    for (const name of names) {
      this.#after = name
      const known = backlog.known(name)
      if (known !== undefined && known.count > 0) known.hasMore = true
      else if (isOpen(name)) this.#toRead.add(name)
    }
    if (names.length === DOMAINS) return 'long'
    this.#after = ''
    this.#scan = this.#leftOut ? 'pending' : 'done'
    this.#leftOut = false
    return 'long'
  }

  /** Take an entry in, or see to it that it is found later. */
  #take(entry: QueueEntry): boolean {
    const is = this.#ports.admit(entry)
    if (is !== 'full') return is === 'admitted'
    // With some of its domain in memory, the domain is read again as they go; else a look at all domains finds it.
    if ((this.#ports.backlog.known(entry.domain)?.count ?? 0) === 0) this.#missed()
    return false
  }

  #missed(): void {
    if (this.#scan === 'pending') this.#leftOut = true
    this.#scan = 'pending'
  }

  #waitForCredit(): void {
    this.#creditAlarm ??= this.#ports.clock.after(1000, () => {
      this.#creditAlarm = undefined
      this.#credit = CREDIT_SECOND
      this.#wake()
    })
  }

  #setDue(atMs: number): void {
    this.#dueAtMs = atMs
    this.#dueAlarm?.cancel()
    this.#dueAlarm = undefined
    if (atMs === Number.POSITIVE_INFINITY) return
    const { clock } = this.#ports
    const waitMs = Math.min(LONGEST_ALARM_MS, Math.max(0, atMs - clock.nowMs()))
    this.#dueAlarm = clock.after(waitMs, () => {
      this.#dueAlarm = undefined
      this.#dueAtMs = Number.POSITIVE_INFINITY
      this.#isDue = true
      this.#wake()
    })
  }
}
