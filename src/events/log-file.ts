import { close, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '#base/clock.ts'
import { LineWriter } from './line-writer.ts'

/** How long what waits for a file may take when the file is closed. */
const CLOSE_MS = 2000

export interface RotationLimits {
  readonly maxFileSize: number | 'unlimited'
  readonly keepFiles: number
}

/**
 * One log file that begins anew when it has grown: `mail.log` becomes `mail.log.1`, that `mail.log.2`, and what is beyond
 * `keepFiles` goes. Lines given before a rotation end up in the old file, none is lost between.
 */
export class LogFile {
  readonly #file: string
  readonly #clock: Clock
  #limits: RotationLimits
  #fd: number
  #writer: LineWriter
  /** Files that were given up and still get their last lines. */
  readonly #retiring = new Set<Promise<void>>()

  /** Open for appending; throws the file system's error. */
  constructor(file: string, limits: RotationLimits, clock: Clock) {
    this.#file = file
    this.#limits = limits
    this.#clock = clock
    this.#fd = openForAppend(file)
    this.#writer = new LineWriter(this.#fd, clock)
  }

  /** Add whole lines. Throws when a new file is due and cannot be begun; the old one then goes on. */
  add(lines: string): boolean {
    const { maxFileSize } = this.#limits
    const { sizeBytes } = this.#writer
    if (maxFileSize !== 'unlimited' && sizeBytes > 0 && sizeBytes + lines.length > maxFileSize) this.#rotate()
    return this.#writer.add(lines)
  }

  takeDropped(): number {
    return this.#writer.takeDropped()
  }

  adopt(limits: RotationLimits): void {
    this.#limits = limits
  }

  /** Go on in a file of the same name: somebody else has moved the old one away. */
  reopen(): void {
    const fd = openForAppend(this.#file)
    const retired = this.#retire().finally(() => this.#retiring.delete(retired))
    this.#retiring.add(retired)
    this.#fd = fd
    this.#writer = new LineWriter(fd, this.#clock)
  }

  /** Resolves when all lines are in their files, those of files moved away included. */
  async close(): Promise<void> {
    await Promise.all([this.#retire(), ...this.#retiring])
  }

  drainSync(): void {
    this.#writer.drainSync()
  }

  #rotate(): void {
    // Counted from the names there are, so that a rotation cut short by a crash leaves a gap and loses nothing.
    const name = `${basename(this.#file)}.`
    const numbers = readdirSync(dirname(this.#file))
      .filter((each) => each.startsWith(name) && /^[1-9]\d{0,5}$/.test(each.slice(name.length)))
      .map((each) => Number(each.slice(name.length)))
      .sort((a, b) => b - a)
    for (const number of numbers) {
      const closed = join(dirname(this.#file), name + number)
      if (number >= this.#limits.keepFiles) rmSync(closed, { force: true })
      else renameSync(closed, join(dirname(this.#file), name + (number + 1)))
    }
    renameSync(this.#file, `${this.#file}.1`)
    this.reopen()
  }

  /** Let the current descriptor go once all is written to it. */
  async #retire(): Promise<void> {
    const fd = this.#fd
    const writer = this.#writer
    writer.end()
    await Promise.race([
      writer.drained(),
      new Promise<void>((resolve) => {
        this.#clock.after(CLOSE_MS, resolve)
      }),
    ])
    // A write that hangs keeps its descriptor: the number must not pass to another file under it.
    if (writer.idle) close(fd, () => {})
  }
}

function openForAppend(file: string): number {
  // Logs name users and their correspondents: for the server's own user and group.
  return openSync(file, 'a', 0o640)
}
