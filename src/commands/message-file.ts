import { open } from 'node:fs/promises'
import { CommandError } from './command.ts'
import { reasonOf } from './files.ts'

const MOST_HEADER_BYTES = 1024 * 1024

/**
 * Read what `try` needs of a message: its header (at most 1 MiB) and its size on the wire, where every line ends in CRLF. The
 * body is passed over piece by piece.
 */
export async function readMessageFile(file: string): Promise<{ readonly header: string; readonly sizeBytes: number }> {
  try {
    await using handle = await open(file)
    let header = ''
    let headerEnded = false
    let sizeBytes = 0
    let last = 0
    for await (const piece of handle.createReadStream({ encoding: 'latin1' }) as AsyncIterable<string>) {
      for (const [index, line] of piece.split('\n').entries()) {
        if (index > 0) sizeBytes += last === 0x0d ? 1 : 2
        sizeBytes += line.length
        if (line.length > 0 || index > 0) last = line.length > 0 ? line.charCodeAt(line.length - 1) : 0
      }
      if (headerEnded) continue
      header += piece
      const end = /\r?\n\r?\n/.exec(header)
      headerEnded = end !== null || header.length > MOST_HEADER_BYTES
      if (headerEnded) header = header.slice(0, end?.index ?? MOST_HEADER_BYTES)
    }
    return { header, sizeBytes }
  } catch (error) {
    throw new CommandError(`Cannot read ${file}: ${reasonOf(error as NodeJS.ErrnoException)}`)
  }
}
