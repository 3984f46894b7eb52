import type { QueueEntry } from '#store/contract.ts'
import { Bottleneck } from './bottleneck.ts'
import type { Plan } from './contract.ts'
import { type Domain, Flow, type Waiting } from './flow.ts'

/** Entries in memory at most, and of one domain; the rest stays in the table. */
export const MOST_WAITING = 2000
const MOST_OF_DOMAIN = 200
/** Beyond that there is room for origins and domains that have only a few: many floods together do not shut them out. */
const RESERVE = 500
const FEW = 5
/** Recipients of one transaction (RFC 5321 §4.5.3.1.8 has every server take so many). */
const MOST_RECIPIENTS = 100
const MOST_KNOWN = 10_000
/** With fewer than this in memory, a domain is read again if the table has more of it. */
const FEW_OF_DOMAIN = 20

/**
 * The part of the queue that is in memory: whose turn it is, and who waits for what. Turns go round the origins (whose mail it is),
 * within an origin round its domains; in front of a bottleneck each flow gets one consignment a turn.
 *
 * Room is shared so that nobody's flood takes what others need: a domain, and an origin, may have as much as is still free, and an
 * origin in a domain likewise. So one flood leaves half, two leave a third, and whoever comes new finds room.
 */
export class Backlog {
  /** Numbers of all that is in memory or under way: not to be read again. */
  readonly taken = new Set<number>()
  /** Domains that have more in the table than in memory, and little left here. */
  readonly hungry = new Set<string>()
  readonly #waiting = new Map<number, Waiting>()
  readonly #domains = new Map<string, Domain>()
  readonly #sites = new Map<string, Bottleneck>()
  readonly #flows = new Map<string, Flow>()
  /** By origin, the flows that may be served; both in order of turn. */
  readonly #turn = new Map<string, Set<Flow>>()
  /** Flows that wait for a bottleneck, the longest first; and how many entries they hold. */
  readonly #blocked = new Set<Flow>()
  #blockedCount = 0
  readonly #origins = new Map<string, number>()
  /** Entries by message, where one transaction may serve several domains. */
  readonly #together = new Map<number, Waiting[]>()
  #pruneAt = MOST_KNOWN

  /** Entries in memory that do not wait for a bottleneck. */
  get active(): number {
    return this.#waiting.size - this.#blockedCount
  }

  get size(): number {
    return this.#waiting.size
  }

  get domains(): Iterable<Domain> {
    return this.#domains.values()
  }

  /** Take an entry into memory, if there is room for it and it is not there already. */
  admit(entry: QueueEntry): Waiting | 'taken' | 'full' {
    if (this.taken.has(entry.id)) return 'taken'
    const known = this.#domains.get(entry.domain)
    const count = known?.count ?? 0
    const ofOrigin = known?.origins.get(entry.origin) ?? 0
    const byOrigin = this.#origins.get(entry.origin) ?? 0
    const most = count < FEW && byOrigin < FEW ? MOST_WAITING + RESERVE : MOST_WAITING
    const free = most - this.active
    const fits = count < Math.min(MOST_OF_DOMAIN, free) && ofOrigin < MOST_OF_DOMAIN - count && byOrigin < free
    if (!fits || (this.#waiting.size >= most && !this.#dropBlocked())) {
      if (known !== undefined) known.hasMore = true
      return 'full'
    }
    const domain = known ?? this.domain(entry.domain)
    const waiting: Waiting = { entry, domain, isGone: false }
    this.taken.add(entry.id)
    this.#waiting.set(entry.id, waiting)
    domain.count++
    domain.origins.set(entry.origin, ofOrigin + 1)
    this.#origins.set(entry.origin, byOrigin + 1)
    return waiting
  }

  /** Put an entry whose way is known in line. */
  place(waiting: Waiting, plan: Plan): void {
    const { entry, domain } = waiting
    waiting.plan = plan
    const key = `${plan.site}\n${domain.name}\n${entry.origin}`
    let flow = this.#flows.get(key)
    if (flow === undefined) {
      flow = new Flow(key, entry.origin, domain, this.#bottlenecks(domain, plan))
      this.#flows.set(key, flow)
    }
    flow.add(waiting)
    if (flow.place === undefined) this.#toTurn(flow)
    else if (flow.place !== 'turn') this.#blockedCount++
    if (isShared(plan)) {
      const others = this.#together.get(entry.messageId)
      if (others === undefined) this.#together.set(entry.messageId, [waiting])
      else others.push(waiting)
    }
  }

  /** The flow whose turn it is, even if others took all that it had; it is out of the turn until `again` or `block`. */
  next(): Flow | undefined {
    for (const [origin, flows] of this.#turn) {
      this.#turn.delete(origin)
      const [flow] = flows
      if (flow === undefined) continue
      flows.delete(flow)
      flow.place = undefined
      if (flows.size > 0) this.#turn.set(origin, flows)
      return flow
    }
    return undefined
  }

  get hasTurn(): boolean {
    return this.#turn.size > 0
  }

  /** Let a flow be served again, after all others; one with nothing left is forgotten. */
  again(flow: Flow): void {
    if (flow.peek() !== undefined) this.#toTurn(flow)
    else this.#flows.delete(flow.key)
  }

  /** Make a flow wait until a bottleneck has room. */
  block(flow: Flow, at: Bottleneck): void {
    flow.place = at
    at.blocked.add(flow)
    this.#blocked.add(flow)
    this.#blockedCount += flow.size
  }

  /** Let the flow that has waited longest for a bottleneck have its turn; false when none waits. */
  unblock(at: Bottleneck): boolean {
    for (const flow of at.blocked) {
      this.#leave(flow, at)
      this.again(flow)
      // Others may have taken all that it had: then the room is the next one's.
      if (flow.place === 'turn') return true
    }
    return false
  }

  /** Take what goes in the next transaction of a flow: entries of one message, by one way. */
  take(flow: Flow): readonly [Waiting, ...Waiting[]] | undefined {
    const first = flow.peek()
    if (first?.plan === undefined) return undefined
    const { plan, entry } = first
    this.drop(first)
    const taken: [Waiting, ...Waiting[]] = [first]
    const fits = (other: Waiting) =>
      !other.isGone && other.entry.messageId === entry.messageId && other.plan?.way === plan.way
    for (
      let next = flow.peek();
      next !== undefined && taken.length < MOST_RECIPIENTS && fits(next);
      next = flow.peek()
    ) {
      this.drop(next)
      taken.push(next)
    }
    for (const other of this.#together.get(entry.messageId) ?? []) {
      if (taken.length >= MOST_RECIPIENTS) break
      if (!fits(other) || other.plan?.site !== plan.site) continue
      this.drop(other)
      taken.push(other)
    }
    if (isShared(plan)) this.#tidy(entry.messageId)
    return taken
  }

  /** Take an entry out of memory; its number stays taken until `release`. */
  drop(waiting: Waiting): void {
    const { entry, domain, flow } = waiting
    waiting.isGone = true
    this.#waiting.delete(entry.id)
    domain.count--
    countDown(domain.origins, entry.origin)
    countDown(this.#origins, entry.origin)
    if (domain.hasMore && domain.count < FEW_OF_DOMAIN) this.hungry.add(domain.name)
    if (flow === undefined) return
    flow.size--
    if (flow.place instanceof Bottleneck) this.#blockedCount--
  }

  /** Give a number back: what it names has been settled, or is left to the table. */
  release(id: number): void {
    this.taken.delete(id)
  }

  /** Drop all that has not been taken; it is read from the table again. */
  clear(): void {
    for (const waiting of this.#waiting.values()) {
      waiting.isGone = true
      this.taken.delete(waiting.entry.id)
    }
    for (const flow of this.#flows.values()) flow.place = undefined
    for (const domain of this.#domains.values()) {
      domain.count = 0
      domain.origins.clear()
      domain.unplanned = []
      domain.hasMore = false
      domain.bottleneck.blocked.clear()
    }
    for (const site of this.#sites.values()) site.blocked.clear()
    const { hungry } = this
    for (const all of [this.#waiting, this.#flows, this.#turn, this.#origins, this.#together, this.#blocked, hungry])
      all.clear()
    this.#blockedCount = 0
  }

  /** The state of a domain, made where there is none yet. */
  domain(name: string): Domain {
    let domain = this.#domains.get(name)
    if (domain === undefined) {
      domain = {
        name,
        bottleneck: new Bottleneck(name),
        count: 0,
        origins: new Map(),
        lastOrigin: '',
        hasMore: false,
        unplanned: [],
        isPlanning: false,
      }
      this.#domains.set(name, domain)
    }
    return domain
  }

  /** All that bounds deliveries: the domains and the sites. */
  *bottlenecks(): Iterable<Bottleneck> {
    for (const { bottleneck } of this.#domains.values()) yield bottleneck
    yield* this.#sites.values()
  }

  /** The state of a domain, if there is one. */
  known(name: string): Domain | undefined {
    return this.#domains.get(name)
  }

  /** Forget domains and sites of which nothing is worth knowing, once there are very many. */
  prune(nowMs: number): void {
    if (this.#domains.size + this.#sites.size < this.#pruneAt) return
    const inUse = new Set<Bottleneck | Domain>()
    for (const { bottlenecks, domain } of this.#flows.values())
      for (const used of [domain, ...bottlenecks]) inUse.add(used)
    for (const [name, domain] of this.#domains) {
      const isIdle = domain.count === 0 && !domain.isPlanning && !domain.hasMore && !inUse.has(domain)
      if (isIdle && domain.bottleneck.isPlain(nowMs)) this.#domains.delete(name)
    }
    for (const [name, site] of this.#sites) if (!inUse.has(site) && site.isPlain(nowMs)) this.#sites.delete(name)
    // A domain's mail may still be under way, or many may be in trouble: each look costs no more than what came since the last.
    this.#pruneAt = this.#domains.size + this.#sites.size + MOST_KNOWN
  }

  #bottlenecks(domain: Domain, plan: Plan): readonly Bottleneck[] {
    if (plan.local) return []
    let site = this.#sites.get(plan.site)
    if (site === undefined) {
      site = new Bottleneck(plan.site)
      this.#sites.set(plan.site, site)
    }
    domain.site = site
    // A relay server or an LMTP server bears what it bears, whatever the domains.
    return isShared(plan) ? [site] : [site, domain.bottleneck]
  }

  #toTurn(flow: Flow): void {
    flow.place = 'turn'
    const flows = this.#turn.get(flow.origin)
    if (flows === undefined) this.#turn.set(flow.origin, new Set([flow]))
    else flows.add(flow)
  }

  #leave(flow: Flow, at: Bottleneck): void {
    at.blocked.delete(flow)
    this.#blocked.delete(flow)
    this.#blockedCount -= flow.size
    flow.place = undefined
  }

  /** Make room: leave to the table what has waited longest for a bottleneck. */
  #dropBlocked(): boolean {
    for (const flow of this.#blocked) {
      if (!(flow.place instanceof Bottleneck)) continue
      const at = flow.place
      const all = [...flow.all()]
      for (const waiting of all) {
        this.drop(waiting)
        this.release(waiting.entry.id)
        this.#tidy(waiting.entry.messageId)
      }
      // It is read again when the bottleneck has room.
      flow.domain.hasMore = true
      at.leave(flow.domain.name)
      this.#leave(flow, at)
      this.#flows.delete(flow.key)
      if (all.length > 0) return true
    }
    return false
  }

  #tidy(messageId: number): void {
    const left = this.#together.get(messageId)?.filter(({ isGone }) => !isGone)
    if (left !== undefined && left.length > 0) this.#together.set(messageId, left)
    else this.#together.delete(messageId)
  }
}

/** Tell whether a way serves whatever domain: by a relay server or LMTP. */
function isShared(plan: Plan): boolean {
  return !plan.local && !plan.site.startsWith('mx:')
}

function countDown(counts: Map<string, number>, key: string): void {
  const count = counts.get(key) ?? 0
  if (count > 1) counts.set(key, count - 1)
  else counts.delete(key)
}
