import type { Alarm, Clock } from '#base/clock.ts'
import { matchesPattern } from '#base/pattern.ts'
import { printable } from '#base/printable.ts'
import type { Settings } from '#settings/schema.ts'
import type { PausedDomain, QueueEntry, QueueStore } from '#store/contract.ts'
import { Backlog } from './backlog.ts'
import type { Bottleneck } from './bottleneck.ts'
import type { Carrier, Outcome, Plan, Trouble, WriteReport } from './contract.ts'
import { Delivery, type Running } from './delivery.ts'
import type { QueueEvents } from './events.ts'
import { Feeder } from './feeder.ts'
import type { Flow, Waiting } from './flow.ts'
import type { Shaped } from './pace.ts'
import { type Ended, Settling } from './settling.ts'
import { shapeOf } from './shaping.ts'
import { SHAPING_RULES } from './shaping-rules.ts'
import { isServerTrouble } from './windows.ts'

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

/** What is known of a domain that not everything is plain with. */
export interface DomainState {
  readonly domain: string
  /** The site that its mail went to last. */
  readonly site?: string
  /** Deliveries at once that it, and its site, bear at this moment. */
  readonly window: number
  readonly underWay: number
  /** Entries in memory. */
  readonly waiting: number
  readonly paused?: PausedDomain
  /** It, or its site, cannot be spoken to. */
  readonly down?: { readonly forMs: number; readonly because: string }
  readonly shaped?: Shaped
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

/** Slow deliveries make room for others, until there are so many times the setting under way. */
const SLOW_FACTOR = 10
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
  readonly #deliveries = new Set<Delivery>()
  /** Deliveries that are at work, not waiting for a slow server. */
  #working = 0
  #paused: readonly PausedDomain[] = []
  #isStarted = false
  #isPumping = false
  #slowAlarm: Alarm | undefined
  #stopped: (() => void) | undefined

  constructor(ports: SchedulerPorts) {
    this.#ports = ports
    const { queue, clock, events } = ports
    this.#settling = new Settling({ ...ports, settled: (ended) => this.#settled(ended) })
    this.#feeder = new Feeder({
      queue,
      backlog: this.#backlog,
      clock,
      events,
      isOpen: (domain) => this.#isOpen(domain),
      isFull: () => this.#settling.isFull,
      admit: (entry) => this.#admit(entry),
      prepare: async () => {
        this.#paused = await queue.paused()
      },
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
    return [...this.#deliveries].map((delivery) => delivery.show())
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
    const most = this.#perDomain
    for (const domain of this.#backlog.domains) {
      if (states.length >= limit) break
      const { site, bottleneck, name, count } = domain
      const both = site === undefined ? [bottleneck] : [bottleneck, site]
      const paused = this.#pauseOf(name)
      if (count === 0 && paused === undefined && both.every((one) => one.isPlain(nowMs))) continue
      const down = both.find(({ window }) => window.downBecause(nowMs) !== undefined)
      const shaped = bottleneck.pace.shaped(nowMs) ?? site?.pace.shaped(nowMs)
      const because = down?.window.downBecause(nowMs)?.because
      states.push({
        domain: name,
        ...(site && { site: site.name }),
        window: Math.min(...both.map((one) => one.limit(most, nowMs))),
        underWay: Math.max(...both.map(({ window }) => window.underWay)),
        waiting: count,
        ...(paused && { paused }),
        ...(down && because !== undefined && { down: { forMs: down.window.downUntilMs - nowMs, because } }),
        ...(shaped && { shaped }),
      })
    }
    return states
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStarted = false
    this.#feeder.stop()
    this.#slowAlarm?.cancel()
    this.#backlog.clear()
    for (const one of this.#backlog.bottlenecks()) one.close()
    const ended = this.#deliveries.size === 0 ? undefined : new Promise<void>((resolve) => (this.#stopped = resolve))
    let alarm: Alarm | undefined
    const patience = new Promise<void>((resolve) => {
      alarm = this.#ports.clock.after(graceMs, resolve)
    })
    await Promise.race([patience, Promise.resolve(ended).then(() => this.#settling.whenIdle())])
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
      if (down === undefined && plan.is === 'deferred' && plan.scope === 'domain')
        this.#troubled(domain.bottleneck, plan)
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
      if (flow === undefined) return
      this.#serveFlow(flow)
    }
    this.#watchSlow()
  }

  #hasSlot(): boolean {
    const { threads } = this.#ports.settings().queue
    return this.#working < threads && this.#deliveries.size < threads * SLOW_FACTOR && !this.#settling.isFull
  }

  #serveFlow(flow: Flow): void {
    const nowMs = this.#ports.clock.monotonicMs()
    const most = this.#perDomain
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
    for (const one of flow.bottlenecks) this.#passOn(one)
  }

  #begin(taken: readonly [Waiting, ...Waiting[]], bottlenecks: readonly Bottleneck[], nowMs: number): void {
    const [{ plan, entry }, ...others] = taken
    if (plan === undefined) return
    for (const { window, pace } of bottlenecks) {
      window.underWay++
      pace.take(nowMs)
    }
    const entries = [entry, ...others.map((other) => other.entry)] as const
    const { clock, carrier } = this.#ports
    const delivery = new Delivery(plan, [...entries], bottlenecks, () => clock.monotonicMs(), this.#moved)
    this.#deliveries.add(delivery)
    this.#working++
    carrier.carry(plan, delivery.consignment, delivery).then(
      (outcomes) => this.#ended(delivery, outcomes),
      (error: unknown) => {
        this.#ports.events.faulted({ what: `deliver queue entry ${entry.id}`, error })
        this.#ended(delivery, [])
      },
    )
  }

  /** One that waited for a slow server has heard from it, and counts again. */
  readonly #moved = (delivery: Delivery): void => {
    if (!this.#deliveries.has(delivery)) return
    delivery.counts = true
    this.#working++
  }

  #ended(delivery: Delivery, outcomes: readonly Outcome[]): void {
    this.#deliveries.delete(delivery)
    if (delivery.counts) this.#working--
    const { entries } = delivery.consignment
    for (const { window } of delivery.bottlenecks) window.underWay--
    this.#learn(delivery, outcomes)
    entries.forEach((entry, at) => {
      this.#settling.add(entry, outcomes[at] ?? OUR_TROUBLE)
    })
    for (const one of delivery.bottlenecks) this.#freed(one)
    this.#pump()
    if (this.#deliveries.size === 0) this.#stopped?.()
  }

  /** Take from what the server answered what it means for what else waits for it. */
  #learn({ bottlenecks, consignment }: Delivery, outcomes: readonly Outcome[]): void {
    const [site, ownDomain] = bottlenecks
    if (site === undefined) return
    const { clock, settings } = this.#ports
    const nowMs = clock.monotonicMs()
    const troubles = outcomes.filter((outcome): outcome is Trouble => outcome.is === 'deferred')
    const ofServer = troubles.find(isServerTrouble)
    const ofDomain = troubles.find(({ scope }) => scope === 'domain')
    if (ofServer !== undefined) this.#troubled(site, ofServer)
    else if (ofDomain !== undefined) this.#troubled(ownDomain ?? this.#domainOf(consignment.entries[0]), ofDomain)
    else if (outcomes.some(isAnswer)) for (const one of bottlenecks) this.#succeeded(one)

    for (const outcome of outcomes) {
      if (!('reply' in outcome) || outcome.reply === undefined || outcome.reply.code < 400) continue
      const { reply, hop } = outcome
      const rule = shapeOf(reply, hop?.host, settings().delivery.shaping) ?? shapeOf(reply, hop?.host, SHAPING_RULES)
      if (rule === undefined || !(rule.wait ?? rule.connections ?? rule.perMinute)) continue
      for (const one of bottlenecks) {
        one.pace.shape(rule, nowMs)
        one.waitForPace(clock, () => this.#freed(one))
        const shaped = one.pace.shaped(nowMs)
        const answer = printable(`${reply.code} ${reply.text}`, 200)
        if (shaped !== undefined) this.#ports.events.destinationShaped({ name: one.name, shaped, answer })
      }
      break
    }
  }

  #domainOf(entry: QueueEntry): Bottleneck {
    return this.#backlog.domain(entry.domain).bottleneck
  }

  #succeeded(one: Bottleneck): void {
    if (one.window.succeeded(this.#perDomain)) this.#ports.events.destinationUp({ name: one.name })
  }

  #troubled(one: Bottleneck, trouble: Trouble): void {
    const nowMs = this.#ports.clock.monotonicMs()
    if (!one.window.troubled(trouble, nowMs)) return
    this.#ports.events.destinationDown({ name: one.name, trouble, forMs: one.window.downUntilMs - nowMs })
    // What waits for it is put off without being tried.
    while (this.#backlog.unblock(one));
    this.#pump()
  }

  /** A bottleneck has room, or may have. */
  #freed(one: Bottleneck): void {
    const left = one.takeLeft()
    for (const domain of left.domains) this.#feeder.read(domain)
    if (left.andMore) this.#feeder.readAll()
    const domain = this.#backlog.known(one.name)
    if (domain?.bottleneck === one && domain.hasMore && domain.count === 0) this.#feeder.read(one.name)
    this.#passOn(one)
  }

  #passOn(one: Bottleneck): void {
    if (one.blocked.size === 0) return
    const { clock } = this.#ports
    if (one.hasRoom(this.#perDomain, clock.monotonicMs())) {
      if (this.#backlog.unblock(one)) this.#pump()
    } else {
      one.waitForPace(clock, () => this.#freed(one))
    }
  }

  get #perDomain(): number {
    const { perDomain } = this.#ports.settings().delivery
    return perDomain === 'unlimited' ? Number.MAX_SAFE_INTEGER : perDomain
  }

  /** While all are at work and others wait: see which of them only wait for a slow server. */
  #watchSlow(): void {
    if (this.#slowAlarm !== undefined || !this.#backlog.hasTurn || !this.#isStarted) return
    let slowAtMs = Number.POSITIVE_INFINITY
    for (const delivery of this.#deliveries) if (delivery.counts) slowAtMs = Math.min(slowAtMs, delivery.slowAtMs)
    if (slowAtMs === Number.POSITIVE_INFINITY) return
    const { clock } = this.#ports
    this.#slowAlarm = clock.after(Math.max(0, slowAtMs - clock.monotonicMs()), () => {
      this.#slowAlarm = undefined
      const nowMs = clock.monotonicMs()
      for (const delivery of this.#deliveries) {
        if (!delivery.counts || delivery.slowAtMs > nowMs) continue
        delivery.counts = false
        this.#working--
      }
      this.#serve()
    })
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
    this.#backlog.prune(this.#ports.clock.monotonicMs())
    this.#feeder.look()
    this.#pump()
  }

  // ---- what is closed -----------------------------------------------------------------------------------------------------

  #isOpen(name: string): boolean {
    if (this.#pauseOf(name) !== undefined) return false
    const domain = this.#backlog.known(name)
    if (domain === undefined) return true
    const nowMs = this.#ports.clock.monotonicMs()
    const waits = domain.bottleneck.pace.shaped(nowMs)?.waitsMs !== undefined
    if (waits) {
      domain.hasMore = true
      domain.bottleneck.waitForPace(this.#ports.clock, () => this.#freed(domain.bottleneck))
    }
    return !waits
  }

  #pauseOf(name: string): PausedDomain | undefined {
    return this.#paused.find(({ domain }) => matchesPattern(domain, name))
  }
}

/** Put off, untried, for what was the trouble with those that were tried. */
function deferral(trouble: Trouble): Trouble {
  return { ...trouble, is: 'deferred', because: `not tried again yet: ${trouble.because}` }
}

/** Tell whether the server answered as servers do, for or against a recipient. */
function isAnswer(outcome: Outcome): boolean {
  return (
    outcome.is === 'delivered' || (outcome.is !== 'placed' && outcome.reply !== undefined && outcome.scope !== 'server')
  )
}

const OUR_TROUBLE: Trouble = {
  is: 'deferred',
  // RFC 3463 §3.4: other or undefined mail system status.
  status: '4.3.0',
  because: 'something failed here; the error log has more',
  stage: 'route',
  scope: 'message',
}
