import { fstatSync, write, writeSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'

/** Text that waits for a slow disk or a stalled reader of the console: past this (UTF-16 units) lines are dropped and counted. */
const MAX_WAITING = 8 * 1024 * 1024
const RETRY_MS = 200

/**
 * Writes text to an open file descriptor in order, one write at a time, never on the calling thread. A write that fails (the
 * disk is full, the pipe's reader is away) is tried again; memory stays bounded and what does not fit is counted.
 */
export class LineWriter {
  readonly #fd: number
  readonly #clock: Clock
  readonly #waiters: (() => void)[] = []
  #waiting = ''
  #underWay: Buffer | undefined
  #broken = false
  #dropped = 0
  /** What the file holds when all that was given is written: bytes found at the start, UTF-16 units added since. */
  sizeBytes: number

  constructor(fd: number, clock: Clock) {
    this.#fd = fd
    this.#clock = clock
    const stat = fstatSync(fd)
    this.sizeBytes = stat.isFile() ? stat.size : 0
  }

  /** Add whole lines; gives false when they were dropped. */
  add(lines: string): boolean {
    if (this.#broken || this.#waiting.length + lines.length > MAX_WAITING) {
      this.#dropped += countLines(lines)
      return false
    }
    this.#waiting += lines
    this.sizeBytes += lines.length
    if (this.#underWay === undefined) this.#next()
    return true
  }

  /** Give the number of lines dropped since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped
    this.#dropped = 0
    return dropped
  }

  /** Take no more: the descriptor is about to be closed, and its number may soon mean another file. */
  end(): void {
    this.#broken = true
  }

  get idle(): boolean {
    return this.#underWay === undefined
  }

  /** Resolve when all that was added so far is written. */
  async drained(): Promise<void> {
    if (this.#underWay !== undefined) await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  /** Write what waits at once, on this thread: for a process that is about to die. What cannot be written is lost. */
  drainSync(): void {
    try {
      if (this.#waiting !== '') writeSync(this.#fd, this.#waiting)
    } catch {
      // There is nowhere left to say so.
    }
    this.#waiting = ''
  }

  #next(): void {
    if (this.#waiting === '') {
      for (const resolve of this.#waiters.splice(0)) resolve()
      return
    }
    this.#underWay = Buffer.from(this.#waiting)
    this.#waiting = ''
    this.#write()
  }

  #write(): void {
    const piece = this.#underWay as Buffer
    write(this.#fd, piece, (error, written) => {
      if (error !== null) {
        if (error.code === 'EPIPE' || error.code === 'EBADF') this.#giveUp(piece)
        else this.#clock.after(RETRY_MS, () => this.#write())
        return
      }
      if (written < piece.length) {
        this.#underWay = piece.subarray(written)
        this.#write()
        return
      }
      this.#underWay = undefined
      this.#next()
    })
  }

  /** Nobody will ever read this again. */
  #giveUp(piece: Buffer): void {
    this.#broken = true
    this.#dropped += countLines(piece.toString()) + countLines(this.#waiting)
    this.#waiting = ''
    this.#underWay = undefined
    this.#next()
  }
}

function countLines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
