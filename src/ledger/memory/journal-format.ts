/**
 * A journal file: a head and then records of one size, each a cell as it stood after a change. To read is to merge them all, in any
 * order and any number of times, by the greater of each value (`cell-table.ts`): a snapshot is such a file too.
 *
 * A record (48 bytes, little-endian): tag i32, check i32, end u32, sum i32, moment f64, the cell's payload 24 bytes. The head has
 * the same size: a name of 16 bytes, then 8 that say by which key the tags and checks were made.
 */
import { createHmac } from 'node:crypto'
import { PAYLOAD_BYTES } from './cell-table.ts'

export const RECORD_BYTES = 24 + PAYLOAD_BYTES
export const RECORD_WORDS = RECORD_BYTES / 4
export const RECORD_NUMBERS = RECORD_BYTES / 8

/** Where in a record's words (i32) and numbers (f64) something is. */
export const WORD = { tag: 0, check: 1, end: 2, sum: 3, payload: 6 } as const
export const NUMBER = { moment: 2, payload: 3 } as const

const NAME = 'postern-ledger-1'

/** Give the head of a file that is written with this key. */
export function headOf(key0: number, key1: number): Uint8Array {
  const key = Buffer.alloc(8)
  key.writeInt32LE(key0, 0)
  key.writeInt32LE(key1, 4)
  const head = Buffer.alloc(RECORD_BYTES)
  head.write(NAME, 'latin1')
  // A hash of the key and not the key: a journal must not help to aim at the table.
  createHmac('sha256', key).update(NAME).digest().copy(head, NAME.length, 0, 8)
  return head
}

/** Sum a record, so that one written half is seen; `words` begins anywhere, `first` is the record's first word. */
export function sumOf(words: Int32Array, first: number): number {
  // Not 0 for a record of zeros, which is what a file's end may be after a power cut.
  let sum = 0x2545f491
  for (let at = first; at < first + RECORD_WORDS; at += 1) {
    if (at - first === WORD.sum) continue
    sum = Math.imul(sum ^ (words[at] as number), 0x9e3779b1)
    sum ^= sum >>> 15
  }
  return sum
}

/** The files of a ledger's folder, by their names. */
export type JournalFile =
  | { readonly is: 'segment'; readonly generation: number; readonly name: string }
  | { readonly is: 'snapshot'; readonly generation: number; readonly name: string }

/** Name the file that a thread writes in this generation. */
export function segmentName(generation: number, threadIndex: number): string {
  return `counts-${generation}-${threadIndex}.journal`
}

/** Name the snapshot that holds all that came before this generation. */
export function snapshotName(generation: number): string {
  return `counts-${generation}.snapshot`
}

/** Read a file's name; undefined where it is none of ours. */
export function parseName(name: string): JournalFile | undefined {
  const [, generation, thread, kind] = /^counts-(\d{1,9})(-\d{1,4})?\.(journal|snapshot)$/.exec(name) ?? []
  if (generation === undefined || (thread === undefined) !== (kind === 'snapshot')) return undefined
  return { is: kind === 'snapshot' ? 'snapshot' : 'segment', generation: Number(generation), name }
}
