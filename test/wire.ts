/** The client's side of a text protocol, for tests: writes bytes, waits for answers, and comes from wherever the test wants. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** The connection ended, or never came to be: what a client sees when the server is killed. */
export class Gone extends Error {
  constructor(why: string) {
    super(`the connection is gone: ${why}`)
    this.name = 'Gone'
  }
}

export interface Origin {
  /** Where the server listens, 127.0.0.1 when absent. */
  readonly host?: string
  /** The machine's own address to come from, such as 127.0.0.9. */
  readonly localAddress?: string
  /** The address that the PROXY protocol names, in the form it is to be written; the server must expect a proxy (`proxyFrom`). */
  readonly proxied?: string
  /** TLS from the first byte (after the PROXY header). */
  readonly tls?: boolean
}

/** Longer than any answer takes; a server that says nothing for so long has hung. */
const SILENT_MS = 20_000

/** Every wait ends when the connection does. */
export class Wire {
  #socket: Socket
  #pieces: Buffer[] = []
  #gone: string | undefined
  #wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#listen()
  }

  #listen(): void {
    const socket = this.#socket
    socket.on('data', (chunk: Buffer) => {
      this.#pieces.push(chunk)
      this.#wake()
    })
    const end = (why: string) => {
      this.#gone ??= why
      this.#wake()
    }
    socket.on('error', (error) => end(error.message)).on('close', () => end('closed'))
    socket.setTimeout(SILENT_MS, () => socket.destroy(new Error(`nothing came for ${SILENT_MS} ms`)))
  }

  static async open(port: number, origin: Origin = {}): Promise<Wire> {
    const { host = '127.0.0.1', localAddress, proxied, tls = false } = origin
    const plain = connect({ port, host, ...(localAddress === undefined ? {} : { localAddress }) }).setNoDelay(true)
    if (proxied !== undefined) plain.write(proxyHeader(proxied))
    const socket = tls ? connectTls({ socket: plain, rejectUnauthorized: false }) : plain
    const wire = new Wire(socket)
    await Promise.race([once(socket, tls ? 'secureConnect' : 'connect'), once(socket, 'close')]).catch(() => undefined)
    if (wire.#gone !== undefined) throw new Gone(wire.#gone)
    return wire
  }

  /** Go on under TLS. Nothing may be under way. */
  async startTls(): Promise<void> {
    const plain = this.#socket.removeAllListeners('data')
    this.#socket = connectTls({ socket: plain, rejectUnauthorized: false })
    this.#listen()
    await Promise.race([once(this.#socket, 'secureConnect'), once(plain, 'close')]).catch(() => undefined)
    if (this.#gone !== undefined) throw new Gone(this.#gone)
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

  /** Read an SMTP reply of any number of lines; gives its last. */
  async reply(): Promise<string> {
    for (;;) {
      const line = await this.line()
      if (!/^\d{3}(?:[ -]|$)/.test(line)) throw new Error(`Not a reply: ${JSON.stringify(line.slice(0, 200))}`)
      if (line[3] !== '-') return line
    }
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
      await this.#more()
    }
  }

  /** Wait until the other side has closed; fails when it says something more. */
  async closed(): Promise<void> {
    for (;;) {
      const said = Buffer.concat(this.#pieces).toString('latin1')
      if (said !== '') throw new Error(`Expected the connection to close, got ${JSON.stringify(said.slice(0, 200))}`)
      if (this.#gone !== undefined) return
      await this.#more().catch(() => undefined)
    }
  }

  close(): void {
    this.#socket.destroy()
  }

  async #more(): Promise<void> {
    if (this.#gone !== undefined) throw new Gone(this.#gone)
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }
}

/** Write the header of the PROXY protocol, version 1, that a proxy on this machine would send for this client. */
function proxyHeader(ip: string): string {
  return ip.includes(':') ? `PROXY TCP6 ${ip} ::1 40000 25\r\n` : `PROXY TCP4 ${ip} 127.0.0.1 40000 25\r\n`
}
