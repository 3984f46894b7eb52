import { HOUR_MS } from '../contract.ts'
import { SLOTS } from './cell-table.ts'

/**
 * A window as slots of a hundredth of it, and these as blocks of 12, of which each is one cell. What falls into a slot is counted
 * until the whole slot is out of the window: never too short, and at most one slot too long. (Below 100 ms a slot is 1 ms.)
 */
export interface Window {
  readonly withinMs: number
  readonly slotMs: number
  /** Counts of an hour and longer go into the journal. */
  readonly lasts: boolean
}

/** The windows of limits are few; whoever asks for more pays for the making. */
const MOST_KEPT = 100
const kept = new Map<number, Window>()

/** Give the window of so many milliseconds; throws a RangeError for what is no span. */
export function windowOf(withinMs: number): Window {
  const found = kept.get(withinMs)
  if (found !== undefined) return found
  if (!Number.isSafeInteger(withinMs) || withinMs <= 0)
    throw new RangeError(`Cannot count within ${withinMs} ms: expected a whole number above 0`)
  const window = { withinMs, slotMs: Math.max(1, Math.floor(withinMs / 100)), lasts: withinMs >= HOUR_MS }
  if (kept.size < MOST_KEPT) kept.set(withinMs, window)
  return window
}

/** Give the slot that a moment falls into. */
export function slotAt({ slotMs }: Window, ms: number): number {
  return Math.floor(ms / slotMs)
}

/** Give the block that a slot is in. */
export function blockOf(slot: number): number {
  return Math.floor(slot / SLOTS)
}

/** Give the second in which the last slot of a block leaves the window. */
export function endOfBlock({ withinMs, slotMs }: Window, block: number): number {
  return Math.ceil(((block + 1) * SLOTS * slotMs + withinMs) / 1000)
}
