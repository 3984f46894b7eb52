import type { Placement } from '#store/contract.ts'

/** One message of an open maildrop. */
export interface MaildropMessage {
  /** From 1, as the client says it. */
  readonly number: number
  readonly uid: number
  readonly sizeBytes: number
}

/**
 * A mailbox as it stood at the login (RFC 1939 §4): numbers, sizes and what is marked for deletion. Mail that comes later is not
 * in it, and nothing here changes the store. Two numbers and at most one byte a message: open maildrops can be large and many.
 */
export class Maildrop {
  readonly mailboxId: number
  readonly #uids: Float64Array
  readonly #sizes: Float64Array
  #deleted: Uint8Array | undefined
  #messages: number
  #bytes: number

  constructor(mailboxId: number, placements: readonly Placement[]) {
    this.mailboxId = mailboxId
    this.#uids = new Float64Array(placements.length)
    this.#sizes = new Float64Array(placements.length)
    this.#messages = placements.length
    this.#bytes = 0
    for (let index = 0; index < placements.length; index += 1) {
      const { uid, sizeBytes } = placements[index] as Placement
      this.#uids[index] = uid
      this.#sizes[index] = sizeBytes
      this.#bytes += sizeBytes
    }
  }

  /** Messages not marked for deletion, and their size together. */
  get usage(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#messages, bytes: this.#bytes }
  }

  /** The highest message number, deleted ones included. */
  get last(): number {
    return this.#uids.length
  }

  /** Give a message by its number; undefined when there is none or it is marked for deletion. */
  message(number: number): MaildropMessage | undefined {
    const index = number - 1
    const uid = this.#uids[index]
    if (uid === undefined || this.#deleted?.[index] === 1) return undefined
    return { number, uid, sizeBytes: this.#sizes[index] as number }
  }

  /** Mark a message for deletion. */
  markDeleted({ number, sizeBytes }: MaildropMessage): void {
    this.#deleted ??= new Uint8Array(this.#uids.length)
    this.#deleted[number - 1] = 1
    this.#messages -= 1
    this.#bytes -= sizeBytes
  }

  /** Take every mark away (RSET). */
  unmarkAll(): void {
    const deleted = this.#deleted
    if (deleted === undefined) return
    for (let index = 0; index < deleted.length; index += 1) {
      if (deleted[index] !== 1) continue
      this.#messages += 1
      this.#bytes += this.#sizes[index] as number
    }
    this.#deleted = undefined
  }

  /** Give the uids of all messages marked for deletion. */
  deletedUids(): number[] {
    const uids: number[] = []
    this.#deleted?.forEach((mark, index) => {
      if (mark === 1) uids.push(this.#uids[index] as number)
    })
    return uids
  }
}
