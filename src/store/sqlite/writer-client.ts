import { randomInt } from 'node:crypto'
import type { MessagePort } from 'node:worker_threads'
import { Fault } from '#base/fault.ts'
import { type Answer, type Batch, errorOf } from './wire.ts'

/** Batches under way at once. Two keep the writer busy; while both are, further calls gather into a bigger third. */
const BATCHES_UNDER_WAY = 2

/** Bytes after which a batch is closed and the next begun. */
const BATCH_BYTES = 4 * 1024 * 1024

/** Calls that may wait; beyond them new ones are refused for now, so that a stalled disk does not become a full memory. */
const CALLS_WAITING = 20_000

interface Call {
  readonly operation: string
  readonly args: readonly unknown[]
  readonly parts: readonly Uint8Array[] | undefined
  readonly bytes: number
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** Told from the length of bytes that are empty. */
const NO_BYTES = -1

/**
 * One thread's line to the writer's thread. Calls made in one turn of the event loop go over together, their bytes packed into
 * one buffer that is handed over and not copied, and their answers come back together once they are on disk.
 */
export class WriterClient {
  /** What the writer knows this line by, so that it can clear up what a lost one leaves. */
  readonly line = randomInt(2 ** 47)
  readonly #port: MessagePort
  #waiting: Call[] = []
  readonly #underWay: (readonly Call[])[] = []
  #scheduled = false
  #closed = false
  #drained: (() => void) | undefined

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', (answer: Answer) => this.#answered(answer))
    port.on('close', () => this.#lost())
    port.unref()
  }

  /** Send one write; resolves with its result once that is on disk. `parts`, joined, are its last argument. */
  send(operation: string, args: readonly unknown[], parts?: readonly Uint8Array[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new Fault('Cannot write to the store: it is closed', { temporary: true }))
        return
      }
      if (this.#waiting.length >= CALLS_WAITING) {
        reject(new Fault(`Cannot write to the store: ${CALLS_WAITING} writes wait already`, { temporary: true }))
        return
      }
      let bytes = 0
      for (const part of parts ?? []) bytes += part.length
      this.#waiting.push({ operation, args, parts, bytes, resolve, reject })
      if (this.#scheduled || this.#underWay.length >= BATCHES_UNDER_WAY) return
      this.#scheduled = true
      setImmediate(() => {
        this.#scheduled = false
        this.#post()
      })
    })
  }

  /** Close the line; calls that wait are answered first. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#waiting.length > 0 || this.#underWay.length > 0) {
      await new Promise<void>((drained) => {
        this.#drained = drained
      })
    }
    this.#port.close()
  }

  #post(): void {
    while (this.#waiting.length > 0 && this.#underWay.length < BATCHES_UNDER_WAY) {
      const calls = this.#take()
      let total = 0
      for (const call of calls) total += call.bytes
      // Not from Buffer's pool: the memory is handed over.
      const bytes = Buffer.allocUnsafeSlow(total)
      const flat: unknown[] = []
      let at = 0
      for (const call of calls) {
        flat.push(call.operation, call.args, at, call.parts === undefined ? NO_BYTES : call.bytes)
        for (const part of call.parts ?? []) {
          bytes.set(part, at)
          at += part.length
        }
      }
      this.#underWay.push(calls)
      this.#port.ref()
      const batch: Batch = { line: this.line, calls: flat, bytes }
      this.#port.postMessage(batch, [bytes.buffer])
    }
  }

  /** Take the calls of the next batch off the line. */
  #take(): readonly Call[] {
    let bytes = 0
    let count = 0
    for (const call of this.#waiting) {
      if (bytes >= BATCH_BYTES) break
      bytes += call.bytes
      count += 1
    }
    const calls = count === this.#waiting.length ? this.#waiting : this.#waiting.slice(0, count)
    this.#waiting = count === this.#waiting.length ? [] : this.#waiting.slice(count)
    return calls
  }

  #answered({ results, failures }: Answer): void {
    const calls = this.#underWay.shift() ?? []
    for (let at = 0; at < calls.length; at += 1) {
      const call = calls[at] as Call
      const failure = failures?.get(at)
      if (failure === undefined) call.resolve(results[at])
      else call.reject(errorOf(failure))
    }
    this.#post()
    if (this.#underWay.length === 0) {
      this.#port.unref()
      this.#drained?.()
    }
  }

  /** The writer's thread is gone: nobody knows whether what was under way is on disk. */
  #lost(): void {
    this.#closed = true
    const lost = [...this.#underWay.flat(), ...this.#waiting]
    this.#underWay.length = 0
    this.#waiting = []
    for (const call of lost) {
      call.reject(new Fault('Cannot write to the store: its writer has stopped', { temporary: true }))
    }
    this.#drained?.()
  }
}
