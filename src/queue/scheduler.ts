import type { Alarm, Clock } from '#base/clock.ts'
import { matchesPattern } from '#base/pattern.ts'
import type { Settings } from '#settings/schema.ts'
import type { PausedDomain, QueueEntry, QueueStore } from '#store/contract.ts'
import { Backlog } from './backlog.ts'
import type { Bottleneck } from './bottleneck.ts'
import type { Carrier, Outcome, Plan, Trouble, WriteReport } from './contract.ts'
import { Deliveries } from './deliveries.ts'
import type { Delivery, Running } from './delivery.ts'
import { Destinations } from './destinations.ts'
import { type DomainState, stateOf } from './domain-states.ts'
import type { QueueEvents } from './events.ts'
import { Feeder } from './feeder.ts'
import type { Flow, Waiting } from './flow.ts'
import { type Ended, Settling } from './settling.ts'

export type { DomainState }

export interface SchedulerPorts {
  readonly queue: Pick<
    QueueStore,
    'find' | 'arrivals' | 'readyDomains' | 'ready' | 'nextDueMs' | 'wake' | 'settle' | 'paused'
  >
  readonly carrier: Carrier
  readonly writeReport: WriteReport
  readonly settings: () => Settings
  readonly clock: Clock
  /** Gives numbers of [0, 1). */
  readonly random: () => number
  readonly events: QueueEvents
  /** An entry of a user has failed for good, and that is on disk. */
  readonly bounced: (entry: QueueEntry) => void
}

export interface Scheduler {
  start(): void
  /** New mail was committed. */
  poke(): void
  /** Settings, pauses, holds changed, entries were released or are to be retried: drop what is in memory, read anew. */
  lookAgain(): void
  /** Try domains again that are down or made to wait; all of them without a name. */
  tryNow(domain?: string): void
  running(): readonly Running[]
  /** Deliveries under way, and domains that cannot be spoken to. */
  counts(): { readonly underWay: number; readonly domainsDown: number }
  /** The state of each domain that is under way or not plain, at most `limit`. */
  domains(limit: number): readonly DomainState[]
  /** Begin no more; resolves when what is under way has ended and is on disk, or `graceMs` have passed. */
  stop(graceMs: number): Promise<void>
}

/** Turns served in one go, before others on this thread have theirs. */
const TURNS = 256

/** Make the scheduler of the queue: it decides what is tried when. Nothing happens before `start`. */
export function createScheduler(ports: SchedulerPorts): Scheduler {
  return new QueueScheduler(ports)
}

class QueueScheduler implements Scheduler {
  readonly #ports: SchedulerPorts
  readonly #backlog = new Backlog()
  readonly #feeder: Feeder
  readonly #settling: Settling
  readonly #deliveries: Deliveries
  readonly #destinations: Destinations
  #paused: readonly PausedDomain[] = []
  #isStarted = false
  #isPumping = false

  constructor(ports: SchedulerPorts) {
    this.#ports = ports
    const { queue, clock, events, settings } = ports
    const backlog = this.#backlog
    this.#deliveries = new Deliveries(clock)
    this.#settling = new Settling({
      ...ports,
      settled: (ended) => this.#settled(ended),
      passedOver: ({ id }) => {
        this.#backlog.release(id)
        this.#goOn()
      },
    })
    this.#feeder = new Feeder({
      queue,
      backlog,
      clock,
      events,
      isOpen: (domain) => this.#pauseOf(domain) === undefined && !this.#destinations.waits(domain),
      isFull: () => this.#settling.isFull,
      admit: (entry) => this.#admit(entry),
      prepare: async () => {
        this.#paused = await queue.paused()
      },
    })
    this.#destinations = new Destinations({
      backlog,
      settings,
      clock,
      events,
      unblocked: () => this.#pump(),
      read: (domain) => this.#feeder.read(domain),
      readAll: () => this.#feeder.readAll(),
    })
  }

  start(): void {
    this.#isStarted = true
    this.#feeder.startOver()
  }

  poke(): void {
    if (this.#isStarted) this.#feeder.poke()
  }

  lookAgain(): void {
    if (!this.#isStarted) return
    this.#backlog.clear()
    this.#feeder.startOver()
  }

  tryNow(name?: string): void {
    const known = name === undefined ? undefined : this.#backlog.known(name)
    for (const one of name === undefined ? this.#backlog.bottlenecks() : [known?.bottleneck, known?.site]) {
      one?.window.tryNow()
      one?.pace.clear()
      one?.close()
    }
    this.lookAgain()
  }

  running(): readonly Running[] {
    return this.#deliveries.show()
  }

  counts(): { readonly underWay: number; readonly domainsDown: number } {
    const nowMs = this.#ports.clock.monotonicMs()
    let domainsDown = 0
    for (const { bottleneck, site } of this.#backlog.domains) {
      if ((bottleneck.window.downBecause(nowMs) ?? site?.window.downBecause(nowMs)) !== undefined) domainsDown++
    }
    return { underWay: this.#deliveries.size, domainsDown }
  }

  domains(limit: number): readonly DomainState[] {
    const states: DomainState[] = []
    const nowMs = this.#ports.clock.monotonicMs()
    for (const domain of this.#backlog.domains) {
      if (states.length >= limit) break
      const state = stateOf(domain, this.#pauseOf(domain.name), this.#destinations.most, nowMs)
      if (state !== undefined) states.push(state)
    }
    return states
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStarted = false
    this.#feeder.stop()
    this.#backlog.clear()
    for (const one of this.#backlog.bottlenecks()) one.close()
    let alarm: Alarm | undefined
    const patience = new Promise<void>((resolve) => {
      alarm = this.#ports.clock.after(graceMs, resolve)
    })
    await Promise.race([patience, this.#deliveries.whenEnded().then(() => this.#settling.whenIdle())])
    alarm?.cancel()
    this.#settling.giveUp()
  }

  // ---- in ---------------------------------------------------------------------------------------------------------------

  #admit(entry: QueueEntry): 'admitted' | 'taken' | 'full' {
    const waiting = this.#backlog.admit(entry)
    if (typeof waiting === 'string') return waiting
    waiting.domain.unplanned.push(waiting)
    if (!waiting.domain.isPlanning) void this.#plan(waiting.domain)
    return 'admitted'
  }

  /** Find the way of a domain's entries, one after the other, so that slow DNS holds up nobody else. */
  async #plan(domain: Waiting['domain']): Promise<void> {
    domain.isPlanning = true
    for (let waiting = domain.unplanned.shift(); waiting !== undefined; waiting = domain.unplanned.shift()) {
      if (waiting.isGone) continue
      const down = domain.bottleneck.window.downBecause(this.#ports.clock.monotonicMs())
      const plan = down === undefined ? await this.#wayOf(waiting.entry) : deferral(down)
      if (waiting.isGone) continue
      if (plan.is === 'plan') {
        this.#backlog.place(waiting, plan)
        this.#pump()
        continue
      }
      this.#backlog.drop(waiting)
      // Which server it would have been is not known: it is trouble of the domain.
      const isOfDomain = plan.is === 'deferred' && (plan.scope === 'domain' || plan.scope === 'server')
      if (down === undefined && isOfDomain) this.#destinations.troubled(domain.bottleneck, plan)
      this.#settling.add(waiting.entry, plan)
      this.#feeder.took()
    }
    domain.isPlanning = false
  }

  async #wayOf(entry: QueueEntry): Promise<Plan | Trouble> {
    try {
      return await this.#ports.carrier.plan(entry)
    } catch (error) {
      this.#ports.events.faulted({ what: `find the way of queue entry ${entry.id}`, error })
      return OUR_TROUBLE
    }
  }

  // ---- in turn ------------------------------------------------------------------------------------------------------------

  /** Serve whose turn it is, soon: all that comes in one turn of the event loop is looked at together. */
  #pump(): void {
    if (this.#isPumping || !this.#isStarted) return
    this.#isPumping = true
    setImmediate(() => {
      this.#isPumping = false
      this.#serve()
    })
  }

  #serve(): void {
    for (let turns = 0; this.#isStarted && this.#hasSlot(); turns++) {
      if (turns >= TURNS) {
        this.#pump()
        return
      }
      const flow = this.#backlog.next()
      if (flow === undefined) break
      this.#serveFlow(flow)
    }
    if (!this.#isStarted) return
    if (this.#backlog.hasTurn) this.#deliveries.watchSlow(() => this.#serve())
    // What is blocked now leaves room for what is not.
    this.#feeder.look()
  }

  #hasSlot(): boolean {
    return this.#deliveries.hasRoom(this.#ports.settings().queue.threads) && !this.#settling.isFull
  }

  #serveFlow(flow: Flow): void {
    const nowMs = this.#ports.clock.monotonicMs()
    const { most } = this.#destinations
    const down = flow.bottlenecks
      .map(({ window }) => window.downBecause(nowMs))
      .find((trouble) => trouble !== undefined)
    const isEmpty = flow.peek() === undefined
    const full = down === undefined && !isEmpty ? flow.bottlenecks.find((one) => !one.hasRoom(most, nowMs)) : undefined
    if (full === undefined) {
      const taken = this.#backlog.take(flow)
      if (taken !== undefined) {
        if (down !== undefined) for (const { entry } of taken) this.#settling.add(entry, deferral(down))
        else this.#begin(taken, flow.bottlenecks, nowMs)
        this.#feeder.took()
      }
      this.#backlog.again(flow)
    } else {
      this.#backlog.block(flow, full)
    }
    // Room that this flow has not used is the next one's.
    for (const one of flow.bottlenecks) this.#destinations.passOn(one)
  }

  #begin(taken: readonly [Waiting, ...Waiting[]], bottlenecks: readonly Bottleneck[], nowMs: number): void {
    const [{ plan, entry }, ...others] = taken
    if (plan === undefined) return
    for (const { window, pace } of bottlenecks) {
      window.underWay++
      pace.take(nowMs)
    }
    const entries = [entry, ...others.map((other) => other.entry)] as const
    const consignment = { messageId: entry.messageId, entries }
    const delivery = this.#deliveries.begin({ plan, consignment, bottlenecks })
    this.#ports.carrier.carry(plan, consignment, delivery).then(
      (outcomes) => this.#ended(delivery, outcomes),
      (error: unknown) => {
        this.#ports.events.faulted({ what: `deliver queue entry ${entry.id}`, error })
        this.#ended(delivery, [])
      },
    )
  }

  #ended(delivery: Delivery, outcomes: readonly Outcome[]): void {
    const { bottlenecks, consignment } = delivery
    for (const { window } of bottlenecks) window.underWay--
    this.#destinations.learn(bottlenecks, consignment.entries, outcomes)
    consignment.entries.forEach((entry, at) => {
      this.#settling.add(entry, outcomes[at] ?? OUR_TROUBLE)
    })
    for (const one of bottlenecks) this.#destinations.freed(one)
    this.#deliveries.end(delivery)
    this.#pump()
  }

  // ---- out ----------------------------------------------------------------------------------------------------------------

  #settled({ entry, outcome, decision }: Ended): void {
    this.#backlog.release(entry.id)
    const { next, delivery } = decision.settlement
    const became =
      next.is === 'waiting' ? 'deferred' : next.is === 'placed' ? 'placed' : (delivery?.outcome ?? 'failed')
    if (next.is === 'waiting') this.#feeder.due(next.dueAtMs)
    if (became !== 'removed') {
      const dueAtMs = next.is === 'waiting' ? next.dueAtMs : undefined
      this.#ports.events.deliveryEnded({ entry, outcome, became, ...(dueAtMs !== undefined && { dueAtMs }) })
    }
    if (became === 'failed' && entry.user !== undefined) this.#ports.bounced(entry)
    this.#goOn()
  }

  /** An entry is no longer under way, which makes room. */
  #goOn(): void {
    this.#backlog.prune(this.#ports.clock.monotonicMs())
    this.#feeder.look()
    this.#pump()
  }

  #pauseOf(name: string): PausedDomain | undefined {
    return this.#paused.find(({ domain }) => matchesPattern(domain, name))
  }
}

/** Put off, untried, for what was the trouble with those that were tried. */
function deferral(trouble: Trouble): Trouble {
  return { ...trouble, is: 'deferred', because: `not tried again yet: ${trouble.because}` }
}

const OUR_TROUBLE: Trouble = {
  is: 'deferred',
  // RFC 3463 §3.4: other or undefined mail system status.
  status: '4.3.0',
  because: 'something failed here; the error log has more',
  stage: 'route',
  scope: 'message',
}
