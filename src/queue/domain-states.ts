import type { PausedDomain } from '#store/contract.ts'
import type { Domain } from './flow.ts'
import type { Shaped } from './pace.ts'

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

/**
 * Give the state of a domain; undefined when there is nothing to tell of it. `most` is the setting's bound on deliveries at once,
 * `nowMs` monotonic.
 */
export function stateOf(
  { name, site, bottleneck, count }: Domain,
  paused: PausedDomain | undefined,
  most: number,
  nowMs: number,
): DomainState | undefined {
  const both = site === undefined ? [bottleneck] : [bottleneck, site]
  if (count === 0 && paused === undefined && both.every((one) => one.isPlain(nowMs))) return undefined
  const down = both.find(({ window }) => window.downBecause(nowMs) !== undefined)
  const because = down?.window.downBecause(nowMs)?.because
  const shaped = bottleneck.pace.shaped(nowMs) ?? site?.pace.shaped(nowMs)
  return {
    domain: name,
    ...(site && { site: site.name }),
    window: Math.min(...both.map((one) => one.limit(most, nowMs))),
    underWay: Math.max(...both.map(({ window }) => window.underWay)),
    waiting: count,
    ...(paused && { paused }),
    ...(down && because !== undefined && { down: { forMs: down.window.downUntilMs - nowMs, because } }),
    ...(shaped && { shaped }),
  }
}
