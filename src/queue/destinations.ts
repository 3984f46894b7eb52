import type { Clock } from '#base/clock.ts'
import { printable } from '#base/printable.ts'
import type { Settings } from '#settings/schema.ts'
import type { QueueEntry } from '#store/contract.ts'
import type { Backlog } from './backlog.ts'
import type { Bottleneck } from './bottleneck.ts'
import type { Outcome, RemoteReply, Trouble } from './contract.ts'
import type { QueueEvents } from './events.ts'
import { type ShapingRule, shapeOf } from './shaping.ts'
import { SHAPING_RULES } from './shaping-rules.ts'
import { isServerTrouble } from './windows.ts'

export interface DestinationsPorts {
  readonly backlog: Backlog
  readonly settings: () => Settings
  readonly clock: Clock
  readonly events: Pick<QueueEvents, 'destinationDown' | 'destinationUp' | 'destinationShaped'>
  /** Flows have their turn again. */
  readonly unblocked: () => void
  /** A domain, or whichever it was, has room and more in the table. */
  readonly read: (domain: string) => void
  readonly readAll: () => void
}

/** What domains and sites bear: learned from what their servers answer, and handed on to those that wait for them. */
export class Destinations {
  readonly #ports: DestinationsPorts

  constructor(ports: DestinationsPorts) {
    this.#ports = ports
  }

  /** The setting's bound on deliveries at once to a domain or a site. */
  get most(): number {
    const { perDomain } = this.#ports.settings().delivery
    return perDomain === 'unlimited' ? Number.MAX_SAFE_INTEGER : perDomain
  }

  /** Take from what was answered to a delivery what it means for what else waits for its bottlenecks. */
  learn(
    bottlenecks: readonly Bottleneck[],
    [{ domain }]: readonly [QueueEntry, ...QueueEntry[]],
    outcomes: readonly Outcome[],
  ): void {
    const [site] = bottlenecks
    if (site === undefined) return
    const ownDomain = this.#ports.backlog.known(domain)?.bottleneck
    const troubles = outcomes.filter((outcome): outcome is Trouble => outcome.is === 'deferred')
    const ofServer = troubles.find(isServerTrouble)
    const ofDomain = troubles.find(({ scope }) => scope === 'domain')
    if (ofServer !== undefined) {
      this.troubled(site, ofServer)
    } else if (ofDomain !== undefined) {
      this.troubled(ownDomain ?? site, ofDomain)
    } else if (outcomes.some(isAnswer)) {
      for (const one of bottlenecks) this.#succeeded(one)
      // By a relay server the domain bounds nothing; if it had been down, it is no longer.
      if (ownDomain?.window.isPlain === false && !bottlenecks.includes(ownDomain)) this.#succeeded(ownDomain)
    }
    this.#shape(bottlenecks, outcomes)
  }

  /** Note trouble with a server or a domain. What waits for one that is down from now on is put off without being tried. */
  troubled(one: Bottleneck, trouble: Trouble): void {
    const { clock, events, backlog, unblocked } = this.#ports
    const nowMs = clock.monotonicMs()
    if (!one.window.troubled(trouble, nowMs)) return
    events.destinationDown({ name: one.name, trouble, forMs: one.window.downUntilMs - nowMs })
    while (backlog.unblock(one));
    unblocked()
  }

  /** A bottleneck has room, or may have: what gave way is read again, and the next that waits has its turn. */
  freed(one: Bottleneck): void {
    const { read, readAll, backlog } = this.#ports
    const left = one.takeLeft()
    for (const domain of left.domains) read(domain)
    if (left.andMore) readAll()
    const domain = backlog.known(one.name)
    if (domain?.bottleneck === one && domain.hasMore && domain.count === 0) read(one.name)
    this.passOn(one)
  }

  /** Let the next that waits for a bottleneck have its turn, if there is room; else when there will be. */
  passOn(one: Bottleneck): void {
    if (one.blocked.size === 0) return
    const { clock, backlog, unblocked } = this.#ports
    if (!one.hasRoom(this.most, clock.monotonicMs())) one.waitForPace(clock, () => this.freed(one))
    else if (backlog.unblock(one)) unblocked()
  }

  /** Tell whether a rule makes a domain wait; its mail is read when it does no longer. */
  waits(name: string): boolean {
    const { clock, backlog } = this.#ports
    const domain = backlog.known(name)
    if (domain?.bottleneck.pace.shaped(clock.monotonicMs())?.waitsMs === undefined) return false
    domain.hasMore = true
    domain.bottleneck.waitForPace(clock, () => this.freed(domain.bottleneck))
    return true
  }

  #succeeded(one: Bottleneck): void {
    if (one.window.succeeded(this.most)) this.#ports.events.destinationUp({ name: one.name })
  }

  /** Look for an answer that a rule speaks of; the first that bounds something is followed. */
  #shape(bottlenecks: readonly Bottleneck[], outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      if (!('reply' in outcome) || outcome.reply === undefined || outcome.reply.code < 400) continue
      const { reply, hop } = outcome
      const { shaping } = this.#ports.settings().delivery
      const rule = shapeOf(reply, hop?.host, shaping) ?? shapeOf(reply, hop?.host, SHAPING_RULES)
      if ((rule?.wait ?? rule?.connections ?? rule?.perMinute) === undefined || rule === undefined) continue
      for (const one of bottlenecks) this.#follow(one, rule, reply)
      return
    }
  }

  #follow(one: Bottleneck, rule: ShapingRule, { code, text }: RemoteReply): void {
    const { clock, events } = this.#ports
    const nowMs = clock.monotonicMs()
    const before = one.pace.shaped(nowMs)
    one.pace.shape(rule, nowMs)
    one.waitForPace(clock, () => this.freed(one))
    // All that was under way hears the same: it is told once.
    const isKnown = before?.rule === rule.name && (before.waitsMs !== undefined) === (rule.wait !== undefined)
    const shaped = one.pace.shaped(nowMs)
    if (isKnown || shaped === undefined) return
    events.destinationShaped({ name: one.name, shaped, answer: printable(`${code} ${text}`, 200) })
  }
}

/** Tell whether the server answered as servers do, for or against a recipient. */
function isAnswer(outcome: Outcome): boolean {
  if (outcome.is === 'delivered') return true
  return outcome.is !== 'placed' && outcome.reply !== undefined && outcome.scope !== 'server'
}
