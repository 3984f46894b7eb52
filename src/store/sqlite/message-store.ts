import type { DatabaseSync } from 'node:sqlite'
import { Fault } from '#base/fault.ts'
import type { BodyDraft, MessageStore } from '../contract.ts'
import { PIECE_BYTES } from './bodies.ts'
import { decisionRow } from './decision-rows.ts'
import { type MessageRow, readMessages } from './messages.ts'
import type { WriterClient } from './writer-client.ts'

/** Body numbers that a thread holds for its next drafts. */
const BODIES_RESERVED = 64

/** Pieces of one draft that may be on their way to disk; a session holds these and the one it gathers. */
const PIECES_UNDER_WAY = 2

/** Hand messages to the writer's thread, and read those that wait. */
export function openMessageStore(db: DatabaseSync, writer: WriterClient): MessageStore {
  const nextBody = bodyNumbers(writer)
  return {
    ...readMessages(db),
    draft: () => new Draft(writer, nextBody),
    async accept({ sender, receivedAtMs, trace, body, mailboxIds, queue, record, contacts }) {
      const draft = body instanceof Draft ? body : undefined
      const named = draft === undefined ? undefined : await draft.finish()
      const row: MessageRow = [
        sender,
        receivedAtMs,
        draft?.sizeBytes ?? 0,
        named,
        mailboxIds,
        queue,
        decisionRow(record),
        contacts,
      ]
      const content = draft === undefined ? [trace, body as Uint8Array] : [trace]
      const messageId = (await writer.send('messages.accept', [row], content)) as number
      return { messageId }
    },
  }
}

/** Give the function that hands out numbers for bodies, fetching a run at a time. */
function bodyNumbers(writer: WriterClient): () => Promise<number> {
  let next = 0
  let end = 0
  let fetching: Promise<void> | undefined
  return async () => {
    while (next >= end) {
      fetching ??= writer
        .send('messages.reserveBodies', [BODIES_RESERVED])
        .then((first) => {
          next = first as number
          end = next + BODIES_RESERVED
        })
        .finally(() => {
          fetching = undefined
        })
      await fetching
    }
    next += 1
    return next - 1
  }
}

/** A body on its way to disk, gathered into pieces of one size. */
class Draft implements BodyDraft {
  sizeBytes = 0
  readonly #writer: WriterClient
  readonly #nextBody: () => Promise<number>
  #body: number | undefined
  #piece: Buffer | undefined
  #filled = 0
  #places = 0
  readonly #underWay: Promise<unknown>[] = []
  #state: 'open' | 'finished' | 'abandoned' = 'open'

  constructor(writer: WriterClient, nextBody: () => Promise<number>) {
    this.#writer = writer
    this.#nextBody = nextBody
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#state !== 'open') throw new Fault('Cannot write to the draft: it is closed', { temporary: true })
      this.#piece ??= Buffer.allocUnsafeSlow(PIECE_BYTES)
      const part = bytes.subarray(at, at + PIECE_BYTES - this.#filled)
      this.#piece.set(part, this.#filled)
      this.#filled += part.length
      this.sizeBytes += part.length
      at += part.length
      if (this.#filled === PIECE_BYTES) await this.#flush()
    }
  }

  /** Wait until every piece is on disk; gives the number that `accept` names the body by. */
  async finish(): Promise<number> {
    if (this.#state !== 'open') throw new Fault('Cannot keep the message: its draft is closed', { temporary: true })
    if (this.#filled > 0 || this.#places === 0) await this.#flush()
    await Promise.all(this.#underWay)
    this.#state = 'finished'
    return this.#body as number
  }

  abandon(): void {
    if (this.#state !== 'open') return
    this.#state = 'abandoned'
    this.#piece = undefined
    if (this.#body === undefined) return
    // The writer also gives the space of every draft back at its next start, so a failure here is only later.
    this.#writer.send('messages.abandon', [this.#body]).catch(() => undefined)
  }

  /** Send the gathered piece; resolves when another may be gathered. */
  async #flush(): Promise<void> {
    const piece = this.#piece?.subarray(0, this.#filled) ?? new Uint8Array(0)
    this.#piece = undefined
    this.#filled = 0
    this.#body ??= await this.#nextBody()
    const sent = this.#writer.send('messages.addPiece', [this.#writer.line, this.#body, this.#places], [piece])
    this.#places += 1
    // A failure is met where the piece is awaited: by a later write, or by finish.
    sent.catch(() => undefined)
    this.#underWay.push(sent)
    if (this.#underWay.length >= PIECES_UNDER_WAY) await this.#underWay.shift()
  }
}
