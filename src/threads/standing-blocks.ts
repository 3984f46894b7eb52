import type { Block } from '#base/block.ts'
import { clientNetworks } from '#base/client-networks.ts'
import type { Clock } from '#base/clock.ts'
import { NetworkSet, parseRange } from '#base/network-set.ts'

/** The blocks that stand, as one thread knows them: asked at each connection, so the usual answer is one look into a map. */
export interface StandingBlocks {
  /** The block that stands against this client; undefined where there is none, it has ended, or the client is never blocked. */
  standing(ip: string): Block | undefined
  /** Does a block of exactly this network stand? One of a network inside or around it is another. */
  holds(network: string): boolean
  /** Is this client never blocked, whatever it does? */
  neverBlocked(ip: string): boolean
  /** Milliseconds until this block ends by itself; undefined: when it is lifted. */
  endsInMs(block: Block): number | undefined
  add(block: Block): void
  remove(id: number): void
  list(): readonly Block[]
  /** How many there are, those included that ended since anybody looked. */
  count(): number
}

interface Held {
  readonly block: Block
  /** By the clock that does not jump; a wall clock set back must not prolong a block. */
  readonly endsAtMs: number | undefined
}

/** A network that is none of those that clients count for: it was blocked by hand. */
interface Wide extends Held {
  readonly set: NetworkSet
}

/** Create the blocks of one thread. `neverBlocked` is asked only for a client that a block was found for. */
export function createStandingBlocks(
  clock: Clock,
  neverBlocked: (ip: string) => boolean,
  blocks: readonly Block[] = [],
): StandingBlocks {
  const byNetwork = new Map<string, Held>()
  const wide = new Map<number, Wide>()
  const byId = new Map<number, Held>()

  function isOver({ endsAtMs }: Held): boolean {
    return endsAtMs !== undefined && endsAtMs <= clock.monotonicMs()
  }

  function drop({ block }: Held): void {
    byId.delete(block.id)
    wide.delete(block.id)
    if (byNetwork.get(block.network)?.block.id === block.id) byNetwork.delete(block.network)
  }

  function find(ip: string): Held | undefined {
    if (byId.size === 0) return undefined
    for (const { network } of clientNetworks(ip)) {
      const held = byNetwork.get(network)
      if (held === undefined) continue
      if (!isOver(held)) return held
      drop(held)
    }
    for (const held of wide.values()) {
      if (isOver(held)) drop(held)
      else if (held.set.has(ip)) return held
    }
    return undefined
  }

  function add(block: Block): void {
    const endsAtMs =
      block.untilMs === undefined ? undefined : clock.monotonicMs() + Math.max(0, block.untilMs - clock.nowMs())
    const held = { block, endsAtMs }
    byId.set(block.id, held)
    if (isClientNetwork(block.network)) {
      byNetwork.set(block.network, held)
      return
    }
    const parsed = parseRange(block.network)
    if ('range' in parsed) wide.set(block.id, { ...held, set: new NetworkSet([parsed.range]) })
  }

  for (const block of blocks) add(block)
  return {
    neverBlocked,
    holds(network) {
      const held = byNetwork.get(network)
      return held !== undefined && !isOver(held)
    },
    standing(ip) {
      const held = find(ip)
      return held === undefined || neverBlocked(ip) ? undefined : held.block
    },
    endsInMs(block) {
      const endsAtMs = byId.get(block.id)?.endsAtMs
      return endsAtMs === undefined ? undefined : Math.max(0, endsAtMs - clock.monotonicMs())
    },
    add,
    remove(id) {
      const held = byId.get(id)
      if (held !== undefined) drop(held)
    },
    count: () => byId.size,
    list() {
      for (const held of [...byId.values()]) if (isOver(held)) drop(held)
      return [...byId.values()].map(({ block }) => block)
    },
  }
}

/** Tell whether this is a network that clients count for, as `clientNetworks` writes it. */
function isClientNetwork(network: string): boolean {
  const [address = '', prefix] = network.split('/')
  if (prefix === undefined) return !address.includes(':')
  return clientNetworks(address).some((each) => each.network === network)
}
