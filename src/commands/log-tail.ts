import { type FileHandle, open, stat } from 'node:fs/promises'

const PIECE_BYTES = 64 * 1024
/** As much of a file's end is searched for its last lines. */
const MOST_TAIL_BYTES = 8 * 1024 * 1024

/** Reads a log file's last lines, then whatever is added, also when the file is rotated meanwhile. */
export class LogTail {
  readonly #path: string
  #handle: FileHandle | undefined
  #offset = 0
  #rest = ''

  constructor(path: string) {
    this.#path = path
  }

  /** Give the last `count` whole lines; none when there is no file. */
  async last(count: number): Promise<string[]> {
    await this.close()
    this.#handle = await openIfThere(this.#path)
    if (this.#handle === undefined) return []
    const { size } = await this.#handle.stat()
    let begin = size
    let text = Buffer.alloc(0)
    while (begin > 0 && size - begin < MOST_TAIL_BYTES && countLines(text) <= count) {
      const length = Math.min(PIECE_BYTES, begin)
      begin -= length
      const piece = Buffer.alloc(length)
      await this.#handle.read(piece, 0, length, begin)
      text = Buffer.concat([piece, text])
    }
    // A line that is still being written waits for its end.
    const end = text.lastIndexOf(0x0a) + 1
    this.#offset = begin + end
    const lines = text.subarray(0, end).toString('utf8').split('\n').slice(0, -1)
    if (begin > 0) lines.shift()
    return count === 0 ? [] : lines.slice(-count)
  }

  /** Give the whole lines added since. */
  async added(): Promise<string[]> {
    const lines = await this.#read()
    if (!(await this.#rotated())) return lines
    // What came between reading and the rotation still stands in the old file.
    lines.push(...(await this.#read()))
    await this.close()
    this.#handle = await openIfThere(this.#path)
    this.#offset = 0
    this.#rest = ''
    return [...lines, ...(await this.#read())]
  }

  /** Close the file. */
  async close(): Promise<void> {
    await this.#handle?.close()
    this.#handle = undefined
  }

  async #read(): Promise<string[]> {
    const lines: string[] = []
    for (;;) {
      const piece = Buffer.alloc(PIECE_BYTES)
      const bytesRead = (await this.#handle?.read(piece, 0, PIECE_BYTES, this.#offset))?.bytesRead ?? 0
      if (bytesRead === 0) return lines
      // latin1 keeps bytes apart until a line is whole: a character may be cut by the piece's end.
      const parts = (this.#rest + piece.toString('latin1', 0, bytesRead)).split('\n')
      this.#offset += bytesRead
      this.#rest = parts.pop() ?? ''
      lines.push(...parts.map((part) => Buffer.from(part, 'latin1').toString('utf8')))
    }
  }

  /** Tell whether the file of this name is another by now, or was emptied. */
  async #rotated(): Promise<boolean> {
    const now = await stat(this.#path).catch(() => undefined)
    if (now === undefined) return false
    const held = await this.#handle?.stat()
    return held === undefined || held.ino !== now.ino || now.size < this.#offset
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function countLines(text: Buffer): number {
  let count = 0
  for (let at = text.indexOf(0x0a); at >= 0; at = text.indexOf(0x0a, at + 1)) count += 1
  return count
}
