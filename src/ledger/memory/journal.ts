import { closeSync, constants, fstatSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { HEADER, NUMBERS, type SharedLedger, type Table } from './cell-table.ts'
import {
  headOf,
  NUMBER,
  RECORD_BYTES,
  RECORD_NUMBERS,
  RECORD_WORDS,
  segmentName,
  sumOf,
  WORD,
} from './journal-format.ts'

/** Where one thread writes down what must outlive the process. */
export interface Journal {
  /** Make room for what so many questions may change. */
  reserve(questions: number): void
  /** Remember a cell as it is now; for who holds the table's lock. */
  note(table: Table, cell: number, nowMs: number): void
  /** Write what was noted since the last time, in one piece. */
  write(): void
  close(): void
}

export interface JournalOptions {
  /** The folder, made where it is missing. */
  readonly dir: string
  readonly threadIndex: number
  /** Told once when writing begins to fail, and again after it went well in between. Counting goes on in memory. */
  readonly failed: (error: unknown) => void
}

/** One question changes at most its count, the rest of it, and its mark. */
const RECORDS_A_QUESTION = 3

/**
 * Open the journal of one thread. Each ask that counts something of an hour or longer is one write(2), done before it answers: the
 * system then has it, so no death of the process loses a count. (A power cut may lose the last seconds, which the system had not
 * brought to the disk yet. Mail is safe from that, counts need not be.)
 */
export function openJournal(shared: SharedLedger, options: JournalOptions): Journal {
  return new ThreadJournal(shared, options)
}

interface Segment {
  readonly fd: number
  readonly generation: number
  /** Of its whole records. */
  length: number
}

class ThreadJournal implements Journal {
  readonly #header: Int32Array
  readonly #numbers: Float64Array
  readonly #options: JournalOptions
  readonly #head: Uint8Array
  #bytes = new Uint8Array(0)
  #words = new Int32Array(0)
  #doubles = new Float64Array(0)
  #records = 0
  #file: Segment | undefined
  #failing = false

  constructor(shared: SharedLedger, options: JournalOptions) {
    this.#header = new Int32Array(shared.header)
    this.#numbers = new Float64Array(shared.header)
    this.#options = options
    this.#head = headOf(this.#header[HEADER.key0] as number, this.#header[HEADER.key1] as number)
    this.reserve(10)
  }

  reserve(questions: number): void {
    const bytes = questions * RECORDS_A_QUESTION * RECORD_BYTES
    if (this.#bytes.length >= bytes) return
    const buffer = new ArrayBuffer(bytes)
    this.#bytes = new Uint8Array(buffer)
    this.#words = new Int32Array(buffer)
    this.#doubles = new Float64Array(buffer)
  }

  note(table: Table, cell: number, nowMs: number): void {
    copyCell(table, cell, nowMs, this.#words, this.#records * RECORD_WORDS, this.#doubles)
    this.#records += 1
  }

  write(): void {
    if (this.#records === 0) return
    const bytes = this.#records * RECORD_BYTES
    for (let word = 0; word < this.#records * RECORD_WORDS; word += RECORD_WORDS)
      this.#words[word + WORD.sum] = sumOf(this.#words, word)
    this.#records = 0
    try {
      this.#append(bytes)
      this.#failing = false
    } catch (error) {
      if (!this.#failing) this.#options.failed(error)
      this.#failing = true
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.fd)
    this.#file = undefined
  }

  #append(bytes: number): void {
    const file = this.#current()
    try {
      const written = writeSync(file.fd, this.#bytes, 0, bytes)
      if (written !== bytes) throw new Error(`the disk took ${written} of ${bytes} bytes`)
      file.length += bytes
      // Two threads may lose each other's bytes here: it only says when to compact.
      this.#numbers[NUMBERS.journalBytes] = (this.#numbers[NUMBERS.journalBytes] as number) + bytes
    } catch (error) {
      // The next record must begin where a record begins.
      ftruncateSync(file.fd, file.length)
      throw error
    }
  }

  /** Give the file of this generation, which ends when the main thread compacts. */
  #current(): Segment {
    const generation = Atomics.load(this.#header, HEADER.generation)
    if (this.#file?.generation === generation) return this.#file
    this.close()
    const { dir, threadIndex } = this.#options
    this.#file = { generation, ...this.#open(join(dir, segmentName(generation, threadIndex))) }
    return this.#file
  }

  #open(path: string): { readonly fd: number; length: number } {
    const { O_APPEND, O_CREAT, O_WRONLY } = constants
    mkdirSync(this.#options.dir, { recursive: true, mode: 0o700 })
    const fd = openSync(path, O_APPEND | O_CREAT | O_WRONLY, 0o600)
    try {
      // A thread that died may have left the file, and half a record at its end.
      const { size } = fstatSync(fd)
      const length = size - (size % RECORD_BYTES)
      if (length !== size) ftruncateSync(fd, length)
      if (length > 0) return { fd, length }
      if (writeSync(fd, this.#head) !== RECORD_BYTES) throw new Error(`the disk did not take the head of ${path}`)
      return { fd, length: RECORD_BYTES }
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }
}

/** Put a cell into a record, all but its sum. */
export function copyCell(
  table: Table,
  cell: number,
  nowMs: number,
  words: Int32Array,
  word: number,
  doubles: Float64Array,
): void {
  words[word + WORD.tag] = table.tags[cell] as number
  words[word + WORD.check] = table.checks[cell] as number
  words[word + WORD.end] = table.ends[cell] as number
  const number = (word / RECORD_WORDS) * RECORD_NUMBERS
  doubles[number + NUMBER.moment] = nowMs
  for (let at = 0; at < 6; at += 1) words[word + WORD.payload + at] = table.rests[cell * 6 + at] as number
}
