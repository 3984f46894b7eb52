import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Operation, Operations } from './operations.ts'
import { type Answer, type Batch, CALL_WIDTH, type Failure, failureOf } from './wire.ts'

/**
 * Commits whatever waits in one transaction. When a call or the commit fails, everything is rolled back and done again with
 * a transaction for each call, so that one failure is nobody else's: failures are rare, and savepoints would cost every call.
 */
export class GroupCommit {
  readonly #db: DatabaseSync
  readonly #operations: Operations
  readonly #begin: StatementSync
  readonly #commit: StatementSync

  constructor(db: DatabaseSync, operations: Operations) {
    this.#db = db
    this.#operations = operations
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#commit = db.prepare('COMMIT')
  }

  /** Do all calls of all batches; gives an answer for each batch, when all that succeeded is on disk. */
  run(batches: readonly Batch[]): readonly Answer[] {
    try {
      this.#begin.run()
      const answers = batches.map((batch) => ({ results: this.#all(batch) }))
      this.#operations.finish()
      this.#commit.run()
      return answers
    } catch {
      this.#rollBack()
      return batches.map((batch) => this.#oneByOne(batch))
    }
  }

  /** Do one piece of the writer's own work in a transaction of its own. */
  alone<T>(work: () => T): T {
    try {
      this.#begin.run()
      const result = work()
      this.#operations.finish()
      this.#commit.run()
      return result
    } catch (error) {
      this.#rollBack()
      throw error
    }
  }

  #all({ calls, bytes }: Batch): readonly unknown[] {
    const results: unknown[] = []
    for (let at = 0; at < calls.length; at += CALL_WIDTH) results.push(this.#call(calls, at, bytes))
    return results
  }

  #oneByOne({ calls, bytes }: Batch): Answer {
    const results: unknown[] = []
    const failures = new Map<number, Failure>()
    for (let at = 0; at < calls.length; at += CALL_WIDTH) {
      try {
        results.push(this.alone(() => this.#call(calls, at, bytes)))
      } catch (error) {
        results.push(undefined)
        failures.set(at / CALL_WIDTH, failureOf(error))
      }
    }
    return { results, failures }
  }

  #call(calls: readonly unknown[], at: number, bytes: Uint8Array): unknown {
    const name = calls[at] as string
    const operation: Operation | undefined = this.#operations.byName.get(name)
    if (operation === undefined) throw new Error(`The store has no write called ${JSON.stringify(name)}`)
    const args = calls[at + 1] as readonly unknown[]
    const offset = calls[at + 2] as number
    const length = calls[at + 3] as number
    return length < 0 ? operation(...args) : operation(...args, bytes.subarray(offset, offset + length))
  }

  /** A failed statement may have rolled back already (sqlite.org/lang_transaction.html). */
  #rollBack(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    } finally {
      this.#operations.rolledBack()
    }
  }
}
