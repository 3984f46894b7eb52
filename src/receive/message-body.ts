import { type BodyDraft, INLINE_BYTES, type MessageStore } from '#store/contract.ts'

const FIRST_BLOCK_BYTES = 4096
/** A body that fits one block is handed over whole; the pieces of a draft are full blocks. */
const BLOCK_BYTES = INLINE_BYTES
/** Of a long message's beginning so much is kept. */
const HEAD_BYTES = 32 * 1024

/**
 * A message's octets on their way to the store: in memory while they are few, then in a draft, a block at a time. The octets are
 * copied, since what a socket gives may be one octet in a buffer of its own, and since the store takes the block over.
 */
export class MessageBody {
  readonly #store: Pick<MessageStore, 'draft'>
  #block: Uint8Array | undefined
  #used = 0
  #draft: BodyDraft | undefined
  /** The beginning of what has gone into a draft. */
  #head: Uint8Array | undefined

  constructor(store: Pick<MessageStore, 'draft'>) {
    this.#store = store
  }

  /** Add a piece; a promise when the store has to be waited for. */
  append(piece: Uint8Array): Promise<void> | undefined {
    const used = this.#used + piece.length
    if (used > BLOCK_BYTES) return this.#spill(piece)
    if (this.#block === undefined || used > this.#block.length) this.#grow(used)
    ;(this.#block as Uint8Array).set(piece, this.#used)
    this.#used = used
    return undefined
  }

  /** Give the whole body as the store wants it; afterwards it is the store's. */
  async finish(): Promise<Uint8Array | BodyDraft> {
    const rest = (this.#block ?? new Uint8Array(0)).subarray(0, this.#used)
    this.#block = undefined
    this.#used = 0
    if (this.#draft === undefined) return rest
    if (rest.length > 0) await this.#draft.write(rest)
    return this.#draft
  }

  /** Copy the beginning, for what is told of the message later; before it is finished. */
  head(): Uint8Array {
    return this.#head ?? (this.#block ?? new Uint8Array(0)).slice(0, Math.min(this.#used, HEAD_BYTES))
  }

  /** Give back what the store has of it. */
  abandon(): void {
    this.#block = undefined
    this.#used = 0
    this.#draft?.abandon()
    this.#draft = undefined
  }

  async #spill(piece: Uint8Array): Promise<void> {
    this.#draft ??= this.#store.draft()
    let from = 0
    while (from < piece.length) {
      if (this.#block?.length !== BLOCK_BYTES) this.#grow(BLOCK_BYTES)
      const block = this.#block as Uint8Array
      const part = piece.subarray(from, from + BLOCK_BYTES - this.#used)
      block.set(part, this.#used)
      this.#used += part.length
      from += part.length
      if (this.#used < BLOCK_BYTES) break
      this.#head ??= block.slice(0, HEAD_BYTES)
      this.#block = undefined
      this.#used = 0
      await this.#draft.write(block)
    }
  }

  #grow(needed: number): void {
    const doubled = this.#block === undefined ? FIRST_BLOCK_BYTES : this.#block.length * 2
    // Its own memory, not a part of Buffer's pool: it goes to another thread.
    const block = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, Math.max(doubled, needed)))
    if (this.#block !== undefined) block.set(this.#block.subarray(0, this.#used))
    this.#block = block
  }
}
