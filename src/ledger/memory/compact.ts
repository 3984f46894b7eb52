import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '#base/clock.ts'
import { HEADER, NUMBERS, type SharedLedger, Table, WAYS } from './cell-table.ts'
import { copyCell } from './journal.ts'
import { headOf, parseName, RECORD_BYTES, RECORD_WORDS, snapshotName, sumOf, WORD } from './journal-format.ts'

export interface CompactionOptions {
  readonly dir: string
  readonly clock: Pick<Clock, 'after'>
  /** Of the main thread, unlike that of any session thread. */
  readonly threadIndex: number
  readonly failed: (error: unknown) => void
}

const LOOK_EVERY_MS = 10_000
/** Journals of less than this are not worth a snapshot. */
const LEAST_BYTES = 16 * 1024 ** 2
/** Sets copied under one lock: about the time of a few questions. */
const SETS_AT_ONCE = 16
/** Sets written in one piece, after which the thread's other work has its turn. */
const SETS_A_PIECE = 512

/** Keep the journals short while the server runs: the first time at once, for those of the last start. Gives what ends it. */
export function keepCompact(shared: SharedLedger, options: CompactionOptions): () => Promise<void> {
  const { clock, failed } = options
  const numbers = new Float64Array(shared.header)
  const most = Math.max(LEAST_BYTES, shared.payloads.byteLength / 2)
  let ended = false
  let running = run()
  let alarm = clock.after(LOOK_EVERY_MS, look)

  function run(): Promise<void> {
    return compact(shared, options).catch(failed)
  }

  function look(): void {
    if ((numbers[NUMBERS.journalBytes] as number) >= most) running = running.then(() => (ended ? undefined : run()))
    alarm = clock.after(LOOK_EVERY_MS, look)
  }

  return async () => {
    ended = true
    alarm.cancel()
    await running
  }
}

/**
 * Write all that stands into one snapshot, and remove what it makes needless. The threads begin new files first, so that the
 * snapshot has all that the old ones hold; the last of the old ones stay until the next time, for a thread that is just writing.
 */
export async function compact(
  shared: SharedLedger,
  { dir, threadIndex }: Pick<CompactionOptions, 'dir' | 'threadIndex'>,
): Promise<void> {
  const table = new Table(shared, threadIndex)
  const generation = Atomics.add(table.words, HEADER.generation, 1) + 1
  table.numbers[NUMBERS.journalBytes] = 0
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const path = join(dir, snapshotName(generation))
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(headOf(table.words[HEADER.key0] as number, table.words[HEADER.key1] as number))
    for (let set = 0; set < table.sets; set += SETS_A_PIECE) await writeSets(table, set, file)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  await removeOld(dir, generation)
}

async function writeSets(table: Table, firstSet: number, file: FileHandle): Promise<void> {
  const lastSet = Math.min(table.sets, firstSet + SETS_A_PIECE)
  const buffer = new ArrayBuffer((lastSet - firstSet) * WAYS * RECORD_BYTES)
  const words = new Int32Array(buffer)
  const doubles = new Float64Array(buffer)
  let records = 0
  for (let set = firstSet; set < lastSet; set += SETS_AT_ONCE) {
    table.lock.acquire()
    try {
      const nowMs = table.numbers[NUMBERS.latestMs] as number
      const end = Math.min(lastSet, set + SETS_AT_ONCE) * WAYS
      for (let cell = set * WAYS; cell < end; cell += 1) {
        if (table.tags[cell] === 0 || (table.ends[cell] as number) < nowMs / 1000) continue
        copyCell(table, cell, nowMs, words, records * RECORD_WORDS, doubles)
        records += 1
      }
    } finally {
      table.lock.release()
    }
  }
  for (let word = 0; word < records * RECORD_WORDS; word += RECORD_WORDS) words[word + WORD.sum] = sumOf(words, word)
  if (records > 0) await file.writeFile(new Uint8Array(buffer, 0, records * RECORD_BYTES))
}

async function removeOld(dir: string, generation: number): Promise<void> {
  for (const name of await readdir(dir)) {
    const file = parseName(name)
    const isOld =
      file === undefined
        ? name.endsWith('.snapshot.new')
        : file.is === 'snapshot'
          ? file.generation < generation
          : file.generation < generation - 1
    if (isOld) await rm(join(dir, name), { force: true })
  }
}
