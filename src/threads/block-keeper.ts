import type { BlockKeeper } from '#admin/parts.ts'
import type { Block, Suspension } from '#base/block.ts'
import type { Clock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import { normalizeIp, parseRange } from '#base/network-set.ts'
import type { Events } from '#events/contract.ts'
import type { Sentence } from '#gate/record.ts'
import type { Settings } from '#settings/schema.ts'
import type { BlockStore } from '#store/contract.ts'
import type { StandingBlocks } from './standing-blocks.ts'

/** A change of what stands, for every session thread. */
export type Standing =
  | { readonly is: 'blocked'; readonly block: Block }
  | { readonly is: 'lifted'; readonly id: number }
  | { readonly is: 'suspended'; readonly suspension: Suspension }
  | { readonly is: 'restored'; readonly ip: string }

export interface BlockKeeperParts {
  readonly store: BlockStore
  readonly clock: Clock
  readonly settings: () => Settings
  /** This thread's own view of what stands; every other is told through `spread`. */
  readonly standing: StandingBlocks
  readonly suspensions: Map<string, Suspension>
  readonly neverBlocked: (ip: string) => boolean
  /** Tell every thread; resolves when all have taken it up. */
  readonly spread: (change: Standing) => Promise<void>
  /** Forget what was counted against a network for this reason, so that lifting its block is a new start. */
  readonly forgive: (reason: string, network: string) => void
  /** Keep a record of a block that a person made; gives its reference, which its clients are told. */
  readonly record: (block: { readonly network: string; readonly why: string; readonly author: string }) => string
  readonly events: Pick<Events, 'blocked' | 'blockLifted' | 'trustSuspended' | 'trustRestored' | 'faulted'>
  /** Blocks that may stand at once; absent: MOST_BLOCKS. */
  readonly most?: number
  /** Called with each suspension that is new. */
  readonly alarmed: (suspension: Suspension) => void
}

/** Keeps the blocks and the suspensions: on disk first, then in every thread. */
export interface KeptBlocks extends BlockKeeper {
  /** Carry out what a session's judgement asks for; never rejects. */
  carryOut(sentence: Exclude<Sentence, { is: 'freeze' }>, ref: string | undefined): Promise<void>
  /** Lift what stands against those who are never blocked: the list, or the administrator's address, has changed. */
  liftSpared(): Promise<void>
  /** Forget blocks that ended so long ago that they make no repeat longer; gives how many, for the housekeeping. */
  forgetOld(): Promise<number>
}

/** A block within this time after another of the same network is a repeat, and twice as long. */
const REPEAT_WITHIN_MS = 7 * 24 * 3_600_000
/** Blocks that stand at once: memory and disk are bounded, and the counts still hold a client whose block is let go. */
const MOST_BLOCKS = 100_000
/** The reason of a block that a person made: it goes by itself only at its end. */
const BY_HAND = 'by-hand'
const FORGET_AT_ONCE = 500

/** Create the keeper of blocks and suspensions on the main thread. */
export function createBlockKeeper(parts: BlockKeeperParts): KeptBlocks {
  const { store, clock, settings, standing, suspensions, events, most = MOST_BLOCKS } = parts
  /** Networks and addresses whose sentence is being carried out: the sessions of one flood all bring the same. */
  const underWay = new Set<string>()

  function untilOf(sentence: Extract<Sentence, { is: 'block' }>, repeats: number): number {
    const longest = Math.max(settings().limits.longestBlock, sentence.forMs)
    return clock.nowMs() + Math.min(sentence.forMs * 2 ** Math.min(repeats, 30), longest)
  }

  async function keep(block: Omit<Block, 'id'>): Promise<Block> {
    const kept = await store.add(block)
    standing.add(kept)
    const { network, reason, evidence, untilMs, ref, author } = kept
    const until = untilMs === undefined ? 'until it is lifted' : new Date(untilMs).toISOString()
    events.blocked({
      network,
      reason,
      evidence,
      until,
      ...(ref === undefined ? {} : { ref }),
      ...(author === undefined ? {} : { author }),
    })
    await parts.spread({ is: 'blocked', block: kept })
    return kept
  }

  async function carryOutBlock(sentence: Extract<Sentence, { is: 'block' }>, ref: string | undefined): Promise<void> {
    const { network, reason, evidence } = sentence
    const [address = ''] = network.split('/')
    if (parts.neverBlocked(address) || standing.holds(network)) return
    if (standing.count() >= most) await makeRoom()
    const nowMs = clock.nowMs()
    const repeats = await store.countSince(network, nowMs - REPEAT_WITHIN_MS)
    const block = { network, reason, evidence, sinceMs: nowMs, untilMs: untilOf(sentence, repeats), repeats }
    await keep({ ...block, ...(ref === undefined ? {} : { ref }) })
  }

  /** Let the block go that ends soonest: who floods with blocked networks must not keep the next guesser from being blocked. */
  async function makeRoom(): Promise<void> {
    let soonest: (Block & { readonly untilMs: number }) | undefined
    const blocks = standing.list()
    if (blocks.length < most) return
    for (const block of blocks) {
      const { untilMs, reason } = block
      if (untilMs === undefined || reason === BY_HAND) continue
      if (soonest === undefined || untilMs < soonest.untilMs) soonest = { ...block, untilMs }
    }
    if (soonest === undefined) throw new Fault(`Cannot block more: ${most} blocks by hand stand`, { temporary: true })
    await store.lift(soonest.id)
    standing.remove(soonest.id)
    await parts.spread({ is: 'lifted', id: soonest.id })
  }

  async function suspend(ip: string, evidence: string, ref: string | undefined): Promise<void> {
    if (suspensions.has(ip)) return
    const suspension = { ip, evidence, sinceMs: clock.nowMs(), ...(ref === undefined ? {} : { ref }) }
    try {
      await store.suspend(suspension)
    } catch (error) {
      // It holds all the same, until a restart: the thread that saw the signs holds it already, and an administrator must be able to
      // see it and to end it.
      events.faulted({ what: `keeping the suspended trust of ${ip}`, error })
    }
    suspensions.set(ip, suspension)
    const todo = `If its clients are known to you, give it back with: postern trust restore ${ip}`
    events.trustSuspended({ ip, evidence, todo, ...(ref === undefined ? {} : { ref }) })
    await parts.spread({ is: 'suspended', suspension })
    parts.alarmed(suspension)
  }

  async function liftOne(block: Block, author: string): Promise<void> {
    await store.lift(block.id)
    standing.remove(block.id)
    parts.forgive(block.reason, block.network)
    events.blockLifted({ network: block.network, reason: block.reason, author })
    await parts.spread({ is: 'lifted', id: block.id })
  }

  return {
    blocks: () => standing.list(),
    suspensions: () => [...suspensions.values()],

    async carryOut(sentence, ref) {
      const key = sentence.is === 'block' ? `block ${sentence.network}` : `trust ${sentence.ip}`
      if (underWay.has(key)) return
      underWay.add(key)
      try {
        if (sentence.is === 'block') await carryOutBlock(sentence, ref)
        else await suspend(sentence.ip, sentence.evidence, ref)
      } catch (error) {
        // One name for all: the log is guarded by it, and a flood has a new network each time.
        events.faulted({ what: 'carrying out a block or a suspension', error })
      } finally {
        underWay.delete(key)
      }
    },

    async block({ network: wanted, forMs, why, author }) {
      const network = readNetwork(wanted)
      const [address = ''] = network.split('/')
      if (parts.neverBlocked(address)) {
        throw new Fault(
          `Cannot block ${network}: it is never blocked, being on the list limits.neverBlock or the administrator's own address`,
          { temporary: false },
        )
      }
      for (const old of standing.list()) if (old.network === network) await liftOne(old, author)
      const nowMs = clock.nowMs()
      return keep({
        network,
        reason: BY_HAND,
        evidence: why,
        sinceMs: nowMs,
        repeats: 0,
        author,
        ref: parts.record({ network, why, author }),
        ...(forMs === undefined ? {} : { untilMs: nowMs + forMs }),
      })
    },

    async lift(which, author) {
      const found = standing
        .list()
        .filter((block) => ('id' in which ? block.id === which.id : meets(block, which.network)))
      for (const block of found) await liftOne(block, author)
      return found
    },

    async restoreTrust(text, author) {
      const ip = normalizeIp(text) ?? text
      if (!suspensions.has(ip)) return false
      await store.restoreTrust(ip)
      suspensions.delete(ip)
      parts.forgive('broken-trust', ip)
      events.trustRestored({ ip, author })
      await parts.spread({ is: 'restored', ip })
      return true
    },

    async liftSpared() {
      for (const block of standing.list()) {
        if (parts.neverBlocked(block.network.split('/')[0] as string)) await liftOne(block, 'limits.neverBlock')
      }
    },

    forgetOld: () => store.forgetBefore(clock.nowMs() - REPEAT_WITHIN_MS, FORGET_AT_ONCE),
  }
}

/** Read a network in its one form; throws a Fault for what is none, or is the whole Internet. */
function readNetwork(text: string): string {
  const [address = '', prefix] = text.trim().split('/')
  const ip = normalizeIp(address)
  const parsed = parseRange(text.trim())
  if (ip === undefined || 'problem' in parsed || (prefix !== undefined && !/^\d+$/.test(prefix))) {
    throw new Fault(`Cannot block "${text}": expected an address or a network A/PREFIX such as 203.0.113.0/24`, {
      temporary: false,
    })
  }
  const whole = ip.includes(':') ? 128 : 32
  if (prefix !== undefined && Number(prefix) < (whole === 32 ? 8 : 16)) {
    throw new Fault(`Cannot block "${text}": it is too wide; the widest are an IPv4 /8 and an IPv6 /16`, {
      temporary: false,
    })
  }
  return prefix === undefined || Number(prefix) === whole ? ip : `${ip}/${prefix}`
}

/** Tell whether a block holds against an address or network that was named: it is that network, lies in it, or takes it in. */
function meets(block: Block, named: string): boolean {
  const [one, other] = [parseRange(block.network), parseRange(named)]
  if ('problem' in one || 'problem' in other) return false
  const [a, b] = [one.range, other.range]
  return a.family === b.family && a.first <= b.last && b.first <= a.last
}
