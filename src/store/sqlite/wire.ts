/** What crosses between a thread's connection and the writer's thread: calls in batches, and one answer for each batch. */
import { Fault, messageOf } from '#base/fault.ts'
import { StoreFull } from '../contract.ts'

/**
 * Calls that were posted together, each as four values in `calls`: operation, arguments, and offset and length of its bytes in
 * `bytes`; the length is negative when it has none.
 */
export interface Batch {
  /** The line they came by. */
  readonly line: number
  readonly calls: readonly unknown[]
  readonly bytes: Uint8Array
}

/** Values of one call in `Batch.calls`. */
export const CALL_WIDTH = 4

/** The results of a batch's calls, in their order, and what became of those that failed. */
export interface Answer {
  readonly results: readonly unknown[]
  readonly failures?: ReadonlyMap<number, Failure>
}

/** A thrown value in a form that survives the crossing. */
export interface Failure {
  readonly is: 'full' | 'fault' | 'bug'
  readonly message: string
  readonly temporary: boolean
  readonly cause: string | undefined
}

/** SQLite's result codes that are trouble of the machine and may pass (sqlite.org/rescode.html). */
const PASSING = new Set([
  5, // BUSY
  6, // LOCKED
  7, // NOMEM
  8, // READONLY
  10, // IOERR
  14, // CANTOPEN
])
const SQLITE_FULL = 13
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** Tell what a value thrown by a write means to its caller. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Fault) {
    const cause = error.cause === undefined ? undefined : messageOf(error.cause)
    return {
      is: error instanceof StoreFull ? 'full' : 'fault',
      message: error.message,
      temporary: error.temporary,
      cause,
    }
  }
  const code = sqliteCode(error)
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
  if (code === SQLITE_FULL) {
    return {
      is: 'full',
      message: 'Cannot write to the store: the disk is full',
      temporary: true,
      cause: messageOf(error),
    }
  }
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) {
    const message = 'Cannot write to the store: its file is damaged; restore a backup'
    return { is: 'fault', message, temporary: true, cause: messageOf(error) }
  }
  if (code !== undefined && PASSING.has(code)) {
    return { is: 'fault', message: `Cannot write to the store: ${messageOf(error)}`, temporary: true, cause }
  }
  return { is: 'bug', message: `A write to the store failed: ${messageOf(error)}`, temporary: true, cause }
}

/** Give what the caller of a failed write is to catch: a Fault, or for a bug of ours an Error that keeps the writer's stack. */
export function errorOf(failure: Failure): Error {
  const options = failure.cause === undefined ? {} : { cause: new Error(failure.cause) }
  if (failure.is === 'full') return new StoreFull(failure.message, options)
  if (failure.is === 'fault') return new Fault(failure.message, { temporary: failure.temporary, ...options })
  return new Error(failure.message, options)
}

/** Give the primary result code of an error of SQLite's; undefined for any other. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}
