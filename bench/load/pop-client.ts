import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const LF = 10
const DOT = 46
const LONE_DOT_BYTES = 3

/** A POP3 client that does as little as can be done with what it reads: the time measured is the server's. */
export class PopClient {
  readonly #socket: Socket
  #wake: () => void = () => {}
  #failed: Error | undefined
  #lines = 0
  /** Multi-line answers that have ended. */
  #ends = 0
  #bytes = 0
  /** Bytes of the line that has not ended yet. */
  #lineBytes = 0
  #dotFirst = false
  #last: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk)
      this.#wake()
    })
    const fail = (error?: Error) => {
      this.#failed = error ?? new Error('the server closed the connection')
      this.#wake()
    }
    socket.on('error', fail).on('close', () => fail())
  }

  /** Connect and read the greeting. */
  static async connect(port: number): Promise<PopClient> {
    const socket = connect(port, '127.0.0.1')
    const client = new PopClient(socket)
    await once(socket, 'connect')
    await client.#until(() => client.#lines >= 1)
    return client
  }

  async login(user: string, password: string): Promise<void> {
    await this.#ask(`USER ${user}`)
    await this.#ask(`PASS ${password}`)
  }

  async stat(): Promise<{ readonly messages: number; readonly bytes: number }> {
    const [, messages, bytes] = (await this.#ask('STAT')).split(' ')
    return { messages: Number(messages), bytes: Number(bytes) }
  }

  /** LIST all; gives the number of lines in the answer. */
  async list(): Promise<number> {
    const before = this.#lines
    await this.#fetch(['LIST'])
    return this.#lines - before - 2
  }

  /** RETR messages 1 to `count`, with `ahead` commands under way at once; gives the bytes read. */
  async retrieveAll(count: number, ahead: number): Promise<number> {
    const before = this.#bytes
    let number = 1
    while (number <= count) {
      const batch: string[] = []
      while (batch.length < ahead && number <= count) batch.push(`RETR ${number++}`)
      await this.#fetch(batch)
    }
    return this.#bytes - before
  }

  async quit(): Promise<void> {
    await this.#ask('QUIT')
    this.#socket.destroy()
  }

  async #ask(command: string): Promise<string> {
    const goal = this.#lines + 1
    this.#socket.write(`${command}\r\n`)
    await this.#until(() => this.#lines >= goal)
    const answer = this.#last.toString('latin1').trimEnd()
    if (!answer.startsWith('+OK')) throw new Error(`${command.slice(0, 4)} was answered ${answer}`)
    return answer
  }

  async #fetch(commands: readonly string[]): Promise<void> {
    const goal = this.#ends + commands.length
    this.#socket.write(commands.map((command) => `${command}\r\n`).join(''))
    await this.#until(() => this.#ends >= goal)
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.#failed !== undefined) throw this.#failed
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Count lines, and the lone dots that end multi-line answers (RFC 1939 §3). */
  #read(chunk: Buffer): void {
    this.#bytes += chunk.length
    this.#last = chunk
    let at = 0
    while (at < chunk.length) {
      if (this.#lineBytes === 0) this.#dotFirst = chunk[at] === DOT
      const end = chunk.indexOf(LF, at)
      if (end === -1) {
        this.#lineBytes += chunk.length - at
        return
      }
      if (this.#dotFirst && this.#lineBytes + end + 1 - at === LONE_DOT_BYTES) this.#ends++
      this.#lines++
      this.#lineBytes = 0
      at = end + 1
    }
  }
}
