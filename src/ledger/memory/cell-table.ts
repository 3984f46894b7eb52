/**
 * The table of counts in shared memory. It is made of sets of 32 cells; a key's cells lie in one set after the other, block by
 * block, so that a busy key fills none. No other thread touches the table while one holds its lock. Nothing is ever reset or
 * moved: a cell is over when its time is.
 *
 * | kind | one cell holds | payload |
 * | --- | --- | --- |
 * | counts | what one key had in each slot of one block of time | 12 x u16, each at most 65,535 |
 * | rest of slots 0-5, of 6-11 | what is above 65,535 in them: each limit may be 10,000,000 | 6 x u32 |
 * | mark | when one text was last counted for one key (`distinct`) | f64 |
 * | forgotten | when one key was forgotten: marks before it are void | f64, first block, last block |
 *
 * No value ever falls while its cell lives, so that two copies of a cell are merged by the greater of each.
 */
import { SharedLock } from './shared-lock.ts'

/** What threads share; plain data, so that it crosses as `workerData`. */
export interface SharedLedger {
  /** Locks, keys and times: see `HEADER`. */
  readonly header: SharedArrayBuffer
  readonly tags: SharedArrayBuffer
  readonly checks: SharedArrayBuffer
  readonly ends: SharedArrayBuffer
  readonly payloads: SharedArrayBuffer
  /** Connections open at once: see `open-connections.ts`. */
  readonly connections: SharedArrayBuffer
}

/** Words of the header. */
export const HEADER = { lock: 0, connectionsLock: 1, key0: 2, key1: 3, generation: 4 } as const
/** Numbers (f64) of the header. */
export const NUMBERS = { originMs: 4, aheadMs: 5, latestMs: 6, letGo: 7, journalBytes: 8 } as const
export const HEADER_BYTES = 128

export const WAYS = 32
export const SLOTS = 12
export const PAYLOAD_BYTES = 24
export const CELL_BYTES = 4 + 4 + 4 + PAYLOAD_BYTES

/** The lowest bits of a tag say what the cell is; a tag of 0 is an empty cell. */
const KIND_BITS = 3
const KIND = (1 << KIND_BITS) - 1
export const COUNTS = 0
export const REST = 1
export const MARK = 3
export const FORGOTTEN = 4

/** A count's ceiling in a slot, the rest going into a cell of its own; and that cell's. */
const MOST_IN_SLOT = 0xffff
const MOST_IN_REST = 0xffff_ffff

/** Views of one thread on the table, and its cells. Every method but the constructor is for who holds `lock`. */
export class Table {
  readonly words: Int32Array
  readonly numbers: Float64Array
  readonly lock: SharedLock
  readonly tags: Int32Array
  readonly checks: Int32Array
  /** The second (Unix time, u32) in which a cell is over. */
  readonly ends: Uint32Array
  readonly slots: Uint16Array
  readonly rests: Uint32Array
  readonly times: Float64Array
  readonly sets: number

  constructor(shared: SharedLedger, threadIndex: number) {
    this.words = new Int32Array(shared.header)
    this.numbers = new Float64Array(shared.header)
    this.lock = new SharedLock(this.words, HEADER.lock, threadIndex)
    this.tags = new Int32Array(shared.tags)
    this.checks = new Int32Array(shared.checks)
    this.ends = new Uint32Array(shared.ends)
    this.slots = new Uint16Array(shared.payloads)
    this.rests = new Uint32Array(shared.payloads)
    this.times = new Float64Array(shared.payloads)
    this.sets = this.tags.length / WAYS
  }

  /** Give the first cell of the set where a check's cells are. */
  firstOf(check: number): number {
    // The remainder, by a division: `%` is slow for numbers above 31 bits. The last step makes it an integer for the compiler,
    // which else counts on in floating point wherever this is used.
    const number = check >>> 0
    return ((number - Math.floor(number / this.sets) * this.sets) * WAYS) | 0
  }

  /** Give the cell of this tag and check, or -1. */
  find(tag: number, check: number): number {
    const { checks, tags } = this
    const first = this.firstOf(check)
    const last = first + WAYS
    for (let cell = first; cell < last; cell += 1) {
      if (checks[cell] === check && tags[cell] === tag) return cell
    }
    return -1
  }

  /** Give the cell of this tag and check, made anew where there is none: then the one that is over soonest goes. */
  place(tag: number, check: number, end: number, nowSeconds: number, keep = -1): number {
    const found = this.find(tag, check)
    if (found !== -1) return found
    const cell = this.#room(this.firstOf(check), nowSeconds, keep)
    this.tags[cell] = 0
    for (let number = cell * 3; number < cell * 3 + 3; number += 1) this.times[number] = 0
    this.checks[cell] = check
    this.ends[cell] = end
    // The tag comes last: a cell that a dying thread left half made is an empty one.
    this.tags[cell] = tag
    return cell
  }

  #room(first: number, nowSeconds: number, keep: number): number {
    let soonest = -1
    let soonestEnd = Number.POSITIVE_INFINITY
    for (let cell = first; cell < first + WAYS; cell += 1) {
      const end = this.ends[cell] as number
      if (this.tags[cell] === 0 || end < nowSeconds) return cell
      if (end < soonestEnd && cell !== keep) {
        soonest = cell
        soonestEnd = end
      }
    }
    this.numbers[NUMBERS.letGo] = (this.numbers[NUMBERS.letGo] as number) + 1
    return soonest
  }

  /** Sum what a key has in one block, from this slot of it on; the block's number is in the check. */
  sumBlock(tag: number, check: number, fromSlot: number): number {
    const { checks, tags } = this
    const first = this.firstOf(check)
    const last = first + WAYS
    let sum = 0
    for (let cell = first; cell < last; cell += 1) {
      if (checks[cell] === check && sameKey(tags[cell] as number, tag)) sum += this.#sum(cell, fromSlot)
    }
    return sum
  }

  /** Empty the cells of counts that a key has in one block. */
  emptyBlock(tag: number, check: number): void {
    const first = this.firstOf(check)
    for (let cell = first; cell < first + WAYS; cell += 1) {
      const other = this.tags[cell] as number
      if (this.checks[cell] === check && sameKey(other, tag) && kindOf(other) < MARK) this.tags[cell] = 0
    }
  }

  /** Count so many in a slot of a cell of counts; gives the cell that holds the rest, or -1 where there is none. */
  add(cell: number, slot: number, amount: number, nowSeconds: number): number {
    const at = cell * SLOTS + slot
    const before = this.slots[at] as number
    const here = Math.min(amount, MOST_IN_SLOT - before)
    this.slots[at] = before + here
    if (here === amount) return -1
    const tag = this.tags[cell] as number
    const kind = REST + (slot < SLOTS / 2 ? 0 : 1)
    const rest = this.place(tag | kind, this.checks[cell] as number, this.ends[cell] as number, nowSeconds, cell)
    const restAt = rest * 6 + (slot % 6)
    this.rests[restAt] = Math.min(MOST_IN_REST, (this.rests[restAt] as number) + amount - here)
    return rest
  }

  /** Sum a cell from this slot on; one of another kind has no counts. */
  #sum(cell: number, fromSlot: number): number {
    let sum = 0
    switch (kindOf(this.tags[cell] as number)) {
      case COUNTS:
        for (let slot = fromSlot; slot < SLOTS; slot += 1) sum += this.slots[cell * SLOTS + slot] as number
        break
      case REST:
        for (let slot = fromSlot; slot < SLOTS / 2; slot += 1) sum += this.rests[cell * 6 + slot] as number
        break
      case REST + 1:
        for (let slot = Math.max(6, fromSlot); slot < SLOTS; slot += 1) sum += this.rests[cell * 6 + slot - 6] as number
        break
    }
    return sum
  }
}

/** Tell what a cell with this tag is. */
export function kindOf(tag: number): number {
  return tag & KIND
}

/** Make the tag of a key's counts out of one word of its hash. */
export function tagOf(hash: number): number {
  const tag = hash & ~KIND
  return tag === 0 ? 1 << KIND_BITS : tag
}

/** Tell whether two tags belong to one key. */
export function sameKey(tag: number, other: number): boolean {
  return (tag ^ other) >>> KIND_BITS === 0
}
