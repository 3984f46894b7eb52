import { MessageWriter, TopCutter } from './message-writer.ts'
import type { Output } from './output.ts'
import { formatOk, type Reply } from './replies.ts'

type Lines = Extract<Reply, { is: 'lines' }>
type Message = Extract<Reply, { is: 'message' }>

/** Waits until the client has taken what is in the output; false when it has gone. */
export type Drained = () => Promise<boolean>

/** Up to this size a message is gathered and sent in one piece, together with the replies around it. */
const SMALL_BYTES = 64 * 1024

/** Send the lines of a multi-line reply; a promise when the client has to take some of them first. */
export function sendBlocks({ text, blocks }: Lines, output: Output, drained: Drained): Promise<void> | undefined {
  output.text(formatOk(text))
  const iterator = blocks[Symbol.iterator]()
  function go(): Promise<void> | undefined {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      output.text(next.value)
      if (output.full) return drained().then((there) => (there ? go() : undefined))
    }
    output.text('.\r\n')
    return undefined
  }
  return go()
}

/**
 * Send a message as a multi-line reply. A small one is put into the output at once; a large one goes piece by piece, the next
 * not read before the client has taken the last. `onUnreadable` is told when it cannot be read, and whether its reply had begun.
 */
export function sendMessage(
  message: Message,
  output: Output,
  drained: Drained,
  onUnreadable: (error: unknown, begun: boolean) => void,
): Promise<void> | undefined {
  const { pieces, sizeBytes } = message
  if (sizeBytes > SMALL_BYTES || !(Symbol.iterator in pieces)) return stream(message, output, drained, onUnreadable)
  const body = bodyOf(message)
  const chunks: Buffer[] = []
  try {
    for (const piece of pieces) {
      chunks.push(body.write(piece))
      if (body.done) break
    }
  } catch (error) {
    onUnreadable(error, false)
    return undefined
  }
  output.text(formatOk(message.text))
  for (const chunk of chunks) output.bytes(chunk)
  output.bytes(body.end())
  return undefined
}

async function stream(
  message: Message,
  output: Output,
  drained: Drained,
  onUnreadable: (error: unknown, begun: boolean) => void,
): Promise<void> {
  const body = bodyOf(message)
  let begun = false
  try {
    for await (const piece of message.pieces) {
      if (!begun) output.text(formatOk(message.text))
      begun = true
      output.bytes(body.write(piece))
      if (body.done) break
      if (output.full && !(await drained())) return
    }
  } catch (error) {
    onUnreadable(error, begun)
    return
  }
  if (!begun) output.text(formatOk(message.text))
  output.bytes(body.end())
}

/** What turns the pieces of a message into the bytes that are sent. */
interface Body {
  /** Enough has been given (TOP). */
  readonly done: boolean
  write(piece: Uint8Array): Buffer
  end(): Buffer
}

function bodyOf({ bodyLines }: Message): Body {
  const writer = new MessageWriter()
  const cutter = bodyLines === undefined ? undefined : new TopCutter(bodyLines)
  return {
    get done() {
      return cutter?.done === true
    },
    write(piece) {
      const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
      return writer.stuff(cutter === undefined ? bytes : cutter.cut(bytes))
    },
    end: () => writer.end(),
  }
}
