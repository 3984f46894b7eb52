import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** The connection ended, or never came to be: what a client sees when the server is killed. */
export class Gone extends Error {
  constructor(why: string) {
    super(`the connection is gone: ${why}`)
    this.name = 'Gone'
  }
}

/** A text protocol's client side: writes bytes, waits for answers. Every wait ends when the connection does. */
export class Wire {
  readonly #socket: Socket
  #pieces: Buffer[] = []
  #gone: string | undefined
  #wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#pieces.push(chunk)
      this.#wake()
    })
    const end = (why: string) => {
      this.#gone ??= why
      this.#wake()
    }
    socket.on('error', (error) => end(error.message)).on('close', () => end('closed'))
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect(port, '127.0.0.1').setNoDelay(true)
    const wire = new Wire(socket)
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined)
    if (wire.#gone !== undefined) throw new Gone(wire.#gone)
    return wire
  }

  /** Write, and wait while the other side takes no more. */
  async write(bytes: Uint8Array | string): Promise<void> {
    if (this.#gone !== undefined) throw new Gone(this.#gone)
    if (this.#socket.write(bytes)) return
    await Promise.race([once(this.#socket, 'drain'), once(this.#socket, 'close')]).catch(() => undefined)
    if (this.#gone !== undefined) throw new Gone(this.#gone)
  }

  /** Read one line, without its CRLF. */
  async line(): Promise<string> {
    return (await this.until('\r\n')).toString('latin1')
  }

  /** Read up to a mark, and past it; gives what stood before it. */
  async until(mark: string): Promise<Buffer> {
    let searched = 0
    for (;;) {
      if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)]
      const held = this.#pieces[0] ?? Buffer.alloc(0)
      const at = held.indexOf(mark, Math.max(0, searched - mark.length))
      if (at !== -1) {
        this.#pieces = [held.subarray(at + mark.length)]
        return held.subarray(0, at)
      }
      searched = held.length
      if (this.#gone !== undefined) throw new Gone(this.#gone)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  close(): void {
    this.#socket.destroy()
  }
}
