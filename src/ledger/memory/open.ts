import type { Ledger, LedgerState, Question } from '../contract.ts'
import { COUNTS, FORGOTTEN, HEADER, MARK, NUMBERS, type SharedLedger, SLOTS, Table, tagOf } from './cell-table.ts'
import type { Journal } from './journal.ts'
import { type Hash, KeyedHash } from './keyed-hash.ts'
import { ledgerClock } from './ledger-time.ts'
import { countCells } from './tally-cells.ts'
import { blockOf, endOfBlock, slotAt, type Window, windowOf } from './window.ts'

export interface LedgerOptions {
  /** Of this thread, unlike that of any other that runs: 0, 1, … */
  readonly threadIndex: number
  /** Where what lasts is written down; without it a restart forgets all. */
  readonly journal?: Journal
  /** The time, for tests; by itself it runs with the system's monotonic clock. */
  readonly nowMs?: () => number
}

/** A ledger that answers at once. */
export interface MemoryLedger extends Ledger {
  ask(questions: readonly Question[]): readonly number[]
  forget(of: readonly string[], by: string, withinMs: readonly number[]): void
}

/** Open the shared ledger in one thread; a question that is none (a span of 0, half an event) throws a RangeError. */
export function openLedger(shared: SharedLedger, options: LedgerOptions): MemoryLedger {
  return new SharedMemoryLedger(shared, options)
}

/** A question made ready before the lock is taken, so that nothing is hashed or allocated under it. */
interface Ready {
  window: Window
  tag: number
  check: number
  markTag: number
  markCheck: number
  add: number
  most: number
  isDistinct: boolean
}

class SharedMemoryLedger implements MemoryLedger {
  readonly #table: Table
  readonly #hash: KeyedHash
  readonly #nowMs: () => number
  readonly #journal: Journal | undefined
  readonly #ready: Ready[] = []
  readonly #into: Hash = { high: 0, low: 0 }

  constructor(shared: SharedLedger, { threadIndex, journal, nowMs = ledgerClock(shared) }: LedgerOptions) {
    this.#table = new Table(shared, threadIndex)
    const { words } = this.#table
    this.#hash = new KeyedHash(words[HEADER.key0] as number, words[HEADER.key1] as number)
    this.#nowMs = nowMs
    this.#journal = journal
  }

  ask(questions: readonly Question[]): readonly number[] {
    for (let index = 0; index < questions.length; index += 1) this.#prepare(index, questions[index] as Question)
    const answers = new Array<number>(questions.length).fill(0)
    this.#journal?.reserve(questions.length)
    const { lock } = this.#table
    lock.acquire()
    try {
      const nowMs = this.#time()
      for (let index = 0; index < questions.length; index += 1)
        answers[index] = this.#answer(this.#ready[index] as Ready, nowMs)
    } finally {
      lock.release()
    }
    this.#journal?.write()
    return answers
  }

  forget(of: readonly string[], by: string, withinMs: readonly number[]): void {
    const keys = of.flatMap((each) => withinMs.map((span) => ({ of: each, by, withinMs: span })))
    for (const [index, question] of keys.entries()) this.#prepare(index, question)
    this.#journal?.reserve(keys.length)
    const { lock, numbers } = this.#table
    lock.acquire()
    try {
      const nowMs = this.#time()
      for (let index = 0; index < keys.length; index += 1) this.#forget(this.#ready[index] as Ready, nowMs)
      // What is counted next is later than this moment, so that the journal can tell it from what was forgotten.
      numbers[NUMBERS.latestMs] = nowMs + 0.001
    } finally {
      lock.release()
    }
    this.#journal?.write()
  }

  state(): LedgerState {
    const { lock, numbers } = this.#table
    lock.acquire()
    const nowMs = this.#time()
    const letGo = numbers[NUMBERS.letGo] as number
    lock.release()
    return { ...countCells(this.#table, Math.floor(nowMs / 1000)), letGo }
  }

  /** Give the time, which never goes back; for who holds the lock. */
  #time(): number {
    const { numbers } = this.#table
    const nowMs = Math.max(this.#nowMs() + (numbers[NUMBERS.aheadMs] as number), numbers[NUMBERS.latestMs] as number)
    numbers[NUMBERS.latestMs] = nowMs
    return nowMs
  }

  #prepare(index: number, { of, by, withinMs, add = 0, distinct, most }: Question): void {
    if (!Number.isSafeInteger(add) || add < 0)
      throw new RangeError(`Cannot count ${add} of ${of}: expected a whole number above 0`)
    const window = windowOf(withinMs)
    let ready = this.#ready[index]
    if (ready === undefined) {
      ready = { window, tag: 0, check: 0, markTag: 0, markCheck: 0, add: 0, most: 0, isDistinct: false }
      this.#ready[index] = ready
    }
    ready.window = window
    ready.add = add
    ready.most = most ?? Number.POSITIVE_INFINITY
    ready.isDistinct = distinct !== undefined && add > 0
    this.#hashKey(of, by, withinMs)
    this.#hash.end(this.#into)
    ready.tag = tagOf(this.#into.high)
    ready.check = this.#into.low
    if (distinct === undefined || add === 0) return
    this.#hashKey(of, by, withinMs)
    this.#hash.text(distinct)
    this.#hash.end(this.#into)
    ready.markTag = tagOf(this.#into.high) | MARK
    ready.markCheck = this.#into.low
  }

  #hashKey(of: string, by: string, withinMs: number): void {
    this.#hash.begin()
    this.#hash.word(withinMs | 0)
    this.#hash.word((withinMs / 2 ** 32) | 0)
    this.#hash.text(of)
    this.#hash.text(by)
  }

  #answer(ready: Ready, nowMs: number): number {
    const { add, most } = ready
    const count = this.#look(ready, nowMs)
    if (add === 0 || (ready.isDistinct && this.#isMarked(ready, nowMs))) return count
    if (count + add > most) return count + add
    this.#count(ready, nowMs)
    if (ready.isDistinct) this.#mark(ready, nowMs)
    return count + add
  }

  #look({ window, tag, check }: Ready, nowMs: number): number {
    const firstSlot = slotAt(window, nowMs - window.withinMs)
    const lastBlock = blockOf(slotAt(window, nowMs))
    let block = blockOf(firstSlot)
    let sum = this.#table.sumBlock(tag, (check + block) | 0, firstSlot - block * SLOTS)
    for (block += 1; block <= lastBlock; block += 1) sum += this.#table.sumBlock(tag, (check + block) | 0, 0)
    return sum
  }

  /** Tell whether a text was counted within the window, to the moment: it must not be missing from the window that begins then. */
  #isMarked({ window, tag, check, markTag, markCheck }: Ready, nowMs: number): boolean {
    const { times } = this.#table
    const mark = this.#table.find(markTag, markCheck)
    if (mark === -1) return false
    const markedMs = times[mark * 3] as number
    if (markedMs <= nowMs - window.withinMs) return false
    const forgotten = this.#table.find(tag | FORGOTTEN, check)
    return forgotten === -1 || markedMs > (times[forgotten * 3] as number)
  }

  #count({ window, tag, check, add }: Ready, nowMs: number): void {
    const slot = slotAt(window, nowMs)
    const block = blockOf(slot)
    const nowSeconds = Math.floor(nowMs / 1000)
    const cell = this.#table.place(tag | COUNTS, (check + block) | 0, endOfBlock(window, block), nowSeconds)
    const rest = this.#table.add(cell, slot - block * SLOTS, add, nowSeconds)
    if (!window.lasts) return
    this.#journal?.note(this.#table, cell, nowMs)
    if (rest !== -1) this.#journal?.note(this.#table, rest, nowMs)
  }

  #mark({ window, markTag, markCheck }: Ready, nowMs: number): void {
    const end = Math.ceil((nowMs + window.withinMs) / 1000)
    const cell = this.#table.place(markTag, markCheck, end, Math.floor(nowMs / 1000))
    this.#table.ends[cell] = end
    this.#table.times[cell * 3] = nowMs
    if (window.lasts) this.#journal?.note(this.#table, cell, nowMs)
  }

  #forget({ window, tag, check }: Ready, nowMs: number): void {
    const table = this.#table
    const firstBlock = blockOf(slotAt(window, nowMs - window.withinMs))
    const lastBlock = blockOf(slotAt(window, nowMs))
    for (let block = firstBlock; block <= lastBlock; block += 1) table.emptyBlock(tag, (check + block) | 0)
    const end = Math.ceil((nowMs + window.withinMs) / 1000)
    const cell = table.place(tag | FORGOTTEN, check, end, Math.floor(nowMs / 1000))
    table.ends[cell] = end
    table.times[cell * 3] = nowMs
    table.times[cell * 3 + 1] = firstBlock
    table.times[cell * 3 + 2] = lastBlock
    if (window.lasts) this.#journal?.note(table, cell, nowMs)
  }
}
