import { closeSync, openSync, readdirSync, readSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '#base/fault.ts'
import { COUNTS, FORGOTTEN, HEADER, kindOf, MARK, NUMBERS, type SharedLedger, Table } from './cell-table.ts'
import { headOf, NUMBER, parseName, RECORD_BYTES, RECORD_NUMBERS, RECORD_WORDS, sumOf, WORD } from './journal-format.ts'
import { ledgerClock } from './ledger-time.ts'

export interface RecoverOptions {
  readonly dir: string
  /** The time, for tests. */
  readonly nowMs?: () => number
}

export interface Recovered {
  /** Cells that stand again. */
  readonly cells: number
  /** What an administrator should know, a sentence each: a file was damaged and is set aside. */
  readonly notices: readonly string[]
}

const DAMAGED = '.damaged'
const RECORDS_AT_ONCE = 8192

/** When a key was forgotten: its cells from before are not to come back. */
interface Forgotten {
  readonly check: number
  readonly firstBlock: number
  readonly lastBlock: number
  readonly atMs: number
}

/**
 * Fill an empty ledger from the journals in a folder, before any thread counts in it, and let its time go on from theirs. Never
 * throws for what is in the folder: the counts are a memory, and a server with none starts too.
 */
export function recoverLedger(shared: SharedLedger, { dir, nowMs = ledgerClock(shared) }: RecoverOptions): Recovered {
  const table = new Table(shared, 0)
  const head = headOf(table.words[HEADER.key0] as number, table.words[HEADER.key1] as number)
  const notices: string[] = []
  const setAside = new Map<string, string>()
  const files = listFiles(dir, notices)
  const forgotten = new Map<number, Forgotten[]>()
  let latestMs = 0

  for (const { name } of files) {
    const why = readRecords(join(dir, name), head, (words, doubles, record) => {
      const number = record * RECORD_NUMBERS
      latestMs = Math.max(latestMs, doubles[number + NUMBER.moment] as number)
      const tag = words[record * RECORD_WORDS + WORD.tag] as number
      if (kindOf(tag) !== FORGOTTEN) return
      const known = forgotten.get(tag & ~FORGOTTEN) ?? []
      forgotten.set(tag & ~FORGOTTEN, known)
      known.push({
        // Not the moment of the record, which is later where it is a snapshot's.
        atMs: doubles[number + NUMBER.payload] as number,
        check: words[record * RECORD_WORDS + WORD.check] as number,
        firstBlock: doubles[number + NUMBER.payload + 1] as number,
        lastBlock: doubles[number + NUMBER.payload + 2] as number,
      })
    })
    if (why !== undefined) setAside.set(name, why)
  }

  table.numbers[NUMBERS.aheadMs] = Math.max(0, latestMs - nowMs())
  table.numbers[NUMBERS.latestMs] = latestMs
  const nowSeconds = Math.floor(Math.max(latestMs, nowMs()) / 1000)
  for (const { name } of files) {
    readRecords(join(dir, name), head, (words, doubles, record) => {
      const first = record * RECORD_WORDS
      if ((words[first + WORD.end] as number) >>> 0 < nowSeconds) return
      if (isForgotten(forgotten, words, first, doubles[record * RECORD_NUMBERS + NUMBER.moment] as number)) return
      merge(table, words, doubles, record, nowSeconds)
    })
  }
  // What the journals hold and the memory has no room for (it was made smaller) was not let go since the start.
  table.numbers[NUMBERS.letGo] = 0
  table.words[HEADER.generation] = 1 + Math.max(0, ...files.map(({ generation }) => generation))
  keepAside(dir, setAside, notices)
  return { cells: table.tags.reduce((sum, tag) => sum + (tag === 0 ? 0 : 1), 0), notices }
}

function listFiles(dir: string, notices: string[]): readonly { readonly name: string; readonly generation: number }[] {
  try {
    return readdirSync(dir).flatMap((name) => parseName(name) ?? [])
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isMissing) notices.push(`Cannot read the counts in ${dir}: ${messageOf(error)}. They begin at nothing`)
    return []
  }
}

/** Give each whole record of a file to `take`; gives what is wrong with the file, a half-written end apart. */
function readRecords(
  path: string,
  head: Uint8Array,
  take: (words: Int32Array, doubles: Float64Array, record: number) => void,
): string | undefined {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    return messageOf(error)
  }
  try {
    const buffer = new ArrayBuffer(RECORDS_AT_ONCE * RECORD_BYTES)
    const bytes = new Uint8Array(buffer)
    const words = new Int32Array(buffer)
    const doubles = new Float64Array(buffer)
    const headSize = readSync(fd, bytes, 0, RECORD_BYTES, 0)
    // A file whose head was not written yet holds nothing.
    if (headSize < RECORD_BYTES) return undefined
    if (Buffer.compare(bytes.subarray(0, RECORD_BYTES), head) !== 0)
      return 'it was written by another version, or with the key of another store'
    let position = RECORD_BYTES
    let bad = 0
    let badBeforeGood = 0
    for (;;) {
      const size = readSync(fd, bytes, 0, bytes.length, position)
      const records = Math.floor(size / RECORD_BYTES)
      if (records === 0) break
      for (let record = 0; record < records; record += 1) {
        if (sumOf(words, record * RECORD_WORDS) !== words[record * RECORD_WORDS + WORD.sum]) {
          bad += 1
          continue
        }
        badBeforeGood = bad
        take(words, doubles, record)
      }
      position += records * RECORD_BYTES
    }
    if (badBeforeGood === 0) return undefined
    return `${badBeforeGood} of its ${position / RECORD_BYTES - 1} records are damaged; the others were read`
  } catch (error) {
    return messageOf(error)
  } finally {
    closeSync(fd)
  }
}

function isForgotten(
  forgotten: ReadonlyMap<number, readonly Forgotten[]>,
  words: Int32Array,
  first: number,
  atMs: number,
): boolean {
  const tag = words[first + WORD.tag] as number
  const kind = kindOf(tag)
  // A mark is judged by the moment it bears, when it is looked at.
  if (kind === MARK || kind === FORGOTTEN) return false
  const check = words[first + WORD.check] as number
  return (forgotten.get(tag & ~kind) ?? []).some(
    (each) => atMs <= each.atMs && (check - each.check - each.firstBlock) >>> 0 <= each.lastBlock - each.firstBlock,
  )
}

/** Merge a record into its cell, by the greater of each value. */
function merge(table: Table, words: Int32Array, doubles: Float64Array, record: number, nowSeconds: number): void {
  const first = record * RECORD_WORDS
  const tag = words[first + WORD.tag] as number
  const end = (words[first + WORD.end] as number) >>> 0
  const cell = table.place(tag, words[first + WORD.check] as number, end, nowSeconds)
  table.ends[cell] = Math.max(end, table.ends[cell] as number)
  const kind = kindOf(tag)
  if (kind === MARK || kind === FORGOTTEN) {
    const payload = record * RECORD_NUMBERS + NUMBER.payload
    if ((doubles[payload] as number) <= (table.times[cell * 3] as number)) return
    for (let at = 0; at < 3; at += 1) table.times[cell * 3 + at] = doubles[payload + at] as number
    return
  }
  for (let at = 0; at < 6; at += 1) {
    const word = (words[first + WORD.payload + at] as number) >>> 0
    const mine = table.rests[cell * 6 + at] as number
    table.rests[cell * 6 + at] = kind === COUNTS ? greaterHalves(word, mine) : Math.max(word, mine)
  }
}

/** Two counts of 16 bits in a word: the greater of each. */
function greaterHalves(word: number, other: number): number {
  const high = Math.max(word >>> 16, other >>> 16)
  const low = Math.max(word & 0xffff, other & 0xffff)
  return ((high << 16) | low) >>> 0
}

/** Put damaged files out of the way, for who wants to look; those of an earlier start go. */
function keepAside(dir: string, setAside: ReadonlyMap<string, string>, notices: string[]): void {
  if (setAside.size === 0) return
  for (const name of readdirSync(dir).filter((each) => each.endsWith(DAMAGED))) rmSync(join(dir, name), { force: true })
  for (const [name, why] of setAside) {
    const path = join(dir, name)
    try {
      renameSync(path, `${path}${DAMAGED}`)
      notices.push(
        `Cannot use ${path} as it is: ${why}. It is kept as ${name}${DAMAGED}; counts may begin at less than was seen`,
      )
    } catch (error) {
      notices.push(`Cannot use ${path}: ${why}; nor set it aside: ${messageOf(error)}`)
    }
  }
}
