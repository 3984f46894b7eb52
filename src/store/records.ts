import { clientNetwork } from '#base/client-networks.ts'
import type { Clock } from '#base/clock.ts'
import type { DecisionRecord, DecisionStore } from './contract.ts'

/** How long a record may wait for others, so that a flood of refusals is a few writes. */
const GATHER_MS = 10
const MOST_AT_ONCE = 256
/** Characters of records not yet on disk. Beyond it new ones are counted together: a flood must not become memory. */
const MOST_UNSAVED = 4_000_000
/** Records of one client, rule and outcome that are kept one by one in an hour; after them the last one stands for all. */
const KEPT_ONE_BY_ONE = 20
/** The same of sessions in which nothing happened: programs that look for mail, or whether we live, do so day and night. */
const KEPT_OF_ENDED = 5
const HOUR_MS = 3_600_000
/** How often the count of a record that stands for others is written. */
const COUNT_EVERY_MS = 60_000
/** Kinds told apart, and characters of the records that stand for others; the kind that was silent longest goes first. */
const MOST_KINDS = 20_000
const MOST_HELD = 16_000_000
/** Counts that find no room on their way to the disk try again after this. */
const TRY_AGAIN_MS = 1000
/** New records in a second from all clients together; beyond it one record of each rule stands for what more there is. */
const MOST_A_SECOND = 200

/** What the record of many clients has in the place of an address: more came in a second than can be kept. */
export const MANY_CLIENTS = 'many clients'

/** What makes two decisions the same thing done again. */
export interface Occasion {
  readonly ip: string
  readonly rule: string
  readonly outcome: DecisionRecord['outcome']
  /** The user that had logged in: those of one office share its address, and not their records. */
  readonly user?: string
  /** Something else refers to this very record (a block does), by this number of its own: it is kept whatever comes. */
  readonly under?: Reference | undefined
}

/** The number of a record, and the reference that stands for it in replies. */
export interface Reference {
  readonly id: number
  readonly ref: string
}

/** Write a record under this number; called only when it is kept. */
export type WriteRecord = (id: number, ref: string, atMs: number) => DecisionRecord

interface Kind {
  /** Start of the hour in which it is counted. */
  sinceMs: number
  kept: number
  /** The record that stands for those not kept, and its reference. */
  last: { readonly record: DecisionRecord; readonly ref: string } | undefined
  repeats: number
  lastAtMs: number
}

export interface RecordsParts {
  readonly decisions: Pick<DecisionStore, 'add'>
  readonly clock: Clock
  /** Told when records could not be kept. */
  readonly faulted: (fault: { readonly what: string; readonly error: unknown }) => void
  readonly nextReference: () => Reference
}

/**
 * Keeps the records of refusals, and of sessions without a message, without making anybody wait for the disk. What one client does
 * over and over is counted with the last record of it and not stored again and again, so a flood leaves a handful of rows.
 */
export class Records {
  readonly #parts: RecordsParts
  readonly #kinds = new Map<string, Kind>()
  /** Those with repeats that the disk does not know of. */
  readonly #stale = new Set<Kind>()
  readonly #saving = new Set<Promise<void>>()
  #gathered: DecisionRecord[] = []
  #unsaved = 0
  #held = 0
  #second = 0
  #inSecond = 0
  #isCounting = false

  constructor(parts: RecordsParts) {
    this.#parts = parts
  }

  /** Keep a record, or count it with the one before; gives the reference that `postern explain` finds it by. */
  keep({ ip, rule, outcome, user = '', under }: Occasion, write: WriteRecord): string {
    const nowMs = this.#parts.clock.nowMs()
    if (under !== undefined) return this.#keepNew(write, nowMs, under).ref
    const what = `${rule} ${outcome}`
    const key = `${clientNetwork(ip)} ${what} ${user}`
    const known = this.#find(key, nowMs)
    if (known?.last !== undefined) return this.#repeat(known, known.last.ref, nowMs)
    if (this.#isFlooded(nowMs)) return this.#countTogether(what, write, nowMs)
    const kind = known ?? this.#begin(key, nowMs)
    kind.kept += 1
    const kept = this.#keepNew(write, nowMs)
    if (kind.kept === (outcome === 'ended' ? KEPT_OF_ENDED : KEPT_ONE_BY_ONE)) this.#hold(kind, kept)
    return kept.ref
  }

  /** Count a record of a client that nothing more can be kept of now, with those of all the others. */
  #countTogether(what: string, write: WriteRecord, nowMs: number): string {
    const key = `* ${what}`
    const shared = this.#find(key, nowMs) ?? this.#begin(key, nowMs)
    if (shared.last !== undefined) return this.#repeat(shared, shared.last.ref, nowMs)
    const kept = this.#keepNew((...given) => ofMany(write(...given)), nowMs)
    this.#hold(shared, kept)
    return kept.ref
  }

  /** Give the number of a record that is kept later, `under` it. */
  reserve(): Reference {
    return this.#parts.nextReference()
  }

  /** Hand all that is gathered and counted to the store; resolves when it is kept or given up. */
  async flush(): Promise<void> {
    do {
      this.#writeCounts()
      this.#save()
      await Promise.all(this.#saving)
    } while (this.#stale.size > 0)
  }

  #keepNew(
    write: WriteRecord,
    nowMs: number,
    { id, ref } = this.#parts.nextReference(),
  ): { readonly record: DecisionRecord; readonly ref: string } {
    const record = write(id, ref, nowMs)
    this.#inSecond += 1
    this.#gather(record)
    return { record, ref }
  }

  #repeat(kind: Kind, ref: string, nowMs: number): string {
    kind.repeats += 1
    kind.lastAtMs = nowMs
    this.#stale.add(kind)
    this.#countAfter(COUNT_EVERY_MS)
    return ref
  }

  #isFlooded(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#inSecond = 0
    }
    return this.#inSecond >= MOST_A_SECOND || this.#unsaved > MOST_UNSAVED
  }

  #find(key: string, nowMs: number): Kind | undefined {
    const known = this.#kinds.get(key)
    if (known === undefined) return undefined
    this.#kinds.delete(key)
    if (Math.abs(nowMs - known.sinceMs) >= HOUR_MS) {
      this.#letGo(known)
      return undefined
    }
    this.#kinds.set(key, known)
    return known
  }

  #begin(key: string, nowMs: number): Kind {
    const kind: Kind = { sinceMs: nowMs, kept: 0, last: undefined, repeats: 0, lastAtMs: nowMs }
    this.#kinds.set(key, kind)
    if (this.#kinds.size > MOST_KINDS) this.#letOldestGo()
    return kind
  }

  #hold(kind: Kind, kept: { readonly record: DecisionRecord; readonly ref: string }): void {
    kind.last = kept
    this.#held += sizeOf(kept.record)
    while (this.#held > MOST_HELD && this.#kinds.size > 1) this.#letOldestGo()
  }

  #letOldestGo(): void {
    const [oldest] = this.#kinds
    if (oldest === undefined) return
    this.#kinds.delete(oldest[0])
    this.#letGo(oldest[1])
  }

  #letGo(kind: Kind): void {
    if (kind.last !== undefined) this.#held -= sizeOf(kind.last.record)
    // Where the disk is too slow for it, the count goes with it: memory comes first.
    if (this.#stale.delete(kind) && this.#unsaved <= MOST_UNSAVED) this.#writeCount(kind)
  }

  #countAfter(spanMs: number): void {
    if (this.#isCounting) return
    this.#isCounting = true
    this.#parts.clock.after(spanMs, () => {
      this.#isCounting = false
      this.#writeCounts()
      if (this.#stale.size > 0) this.#countAfter(TRY_AGAIN_MS)
    })
  }

  /** Write the counts of repeats that the disk does not know of, as many as there is room for. */
  #writeCounts(): void {
    for (const kind of this.#stale) {
      if (this.#unsaved > MOST_UNSAVED / 2) return
      this.#stale.delete(kind)
      this.#writeCount(kind)
    }
  }

  #writeCount({ last, repeats, lastAtMs }: Kind): void {
    if (last !== undefined) this.#gather({ ...last.record, repeats: { count: repeats, lastAtMs } })
  }

  #gather(record: DecisionRecord): void {
    this.#unsaved += sizeOf(record)
    if (this.#gathered.push(record) === 1) this.#parts.clock.after(GATHER_MS, () => this.#save())
    else if (this.#gathered.length >= MOST_AT_ONCE) this.#save()
  }

  #save(): void {
    const records = this.#gathered
    if (records.length === 0) return
    this.#gathered = []
    const saving = this.#add(records).finally(() => this.#saving.delete(saving))
    this.#saving.add(saving)
  }

  async #add(records: readonly DecisionRecord[]): Promise<void> {
    try {
      await this.#parts.decisions.add(records)
    } catch (error) {
      this.#parts.faulted({ what: `keeping ${records.length} records of decisions`, error })
    }
    for (const record of records) this.#unsaved -= sizeOf(record)
  }
}

/** Make a record stand for clients of whom nothing is kept but their number: what it says of one is no evidence against him. */
function ofMany({ sender: _, ...record }: DecisionRecord): DecisionRecord {
  return { ...record, ip: MANY_CLIENTS, recipients: [] }
}

/** Give about how many characters a record takes. */
function sizeOf({ story, reply, recipients }: DecisionRecord): number {
  return story.length + reply.length + 60 * recipients.length + 300
}
