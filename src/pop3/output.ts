import type { Duplex } from 'node:stream'

/** From here on no further reply is begun until the client has taken what there is. */
const FULL_BYTES = 64 * 1024

/** Gathers replies, so that those of pipelined commands leave in one write. */
export class Output {
  readonly #socket: Duplex
  #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  get full(): boolean {
    return this.#bytes >= FULL_BYTES
  }

  /** Add text to what is to be sent. */
  text(text: string): void {
    this.bytes(Buffer.from(text))
  }

  /** Add bytes; they may not change any more. */
  bytes(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
  }

  /** Send what there is; false when the socket holds so much unsent that it wants to drain first. */
  flush(): boolean {
    if (this.#bytes === 0) return !this.#socket.writableNeedDrain
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks, this.#bytes)
    this.#chunks = []
    this.#bytes = 0
    if (!this.#socket.writable) return true
    return this.#socket.write(bytes)
  }
}
