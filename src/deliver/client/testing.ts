import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { ManualClock } from '#base/clock.ts'
import { makeSelfSigned } from '#base/self-signed-certificate.ts'
import type { ConversationOptions, Envelope } from '../contract.ts'

/**
 * One step of a server that keeps to a script: `S: line` says it, `S| octets` says them as they are (`\r`, `\n`, `\0` are written so),
 * `C: line` wants it, `TLS` goes over to TLS, `RAW octets` says them below it, `FIN` closes, `RST` breaks off, `WAIT ms` lets time pass, `READ n` reads that many octets,
 * `FLOOD text` says it again and again until nobody listens, `DEAF` stops reading, `GONE` waits for the client to close.
 */
export type Script = readonly string[]

export interface ScriptedServer {
  readonly port: number
  readonly clock: ManualClock
  /** What the clients did otherwise than the script says; empty when they kept to it. */
  readonly wrong: string[]
  /** Resolves when a script has come to its end. */
  readonly played: Promise<void>
  /** The most octets that a flood got rid of. */
  flooded: number
  close(): Promise<void>
}

let pem: Promise<string> | undefined

/** Give the key and the certificate of the scripted servers, for `mx.far.example`. */
export function testCertificate(): Promise<string> {
  pem ??= makeSelfSigned('mx.far.example', Date.now())
  return pem
}

/** Serve scripts on a port of the system's choice: the first connection is played the first, and so on. */
export async function serveScripts(...scripts: readonly Script[]): Promise<ScriptedServer> {
  const clock = new ManualClock()
  const wrong: string[] = []
  const sockets = new Set<Socket>()
  const certificate = await testCertificate()
  const played = Promise.withResolvers<void>()
  let left = scripts.length
  let taken = 0
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const script = scripts[taken++]
    if (script === undefined) {
      wrong.push('a connection too many')
      socket.destroy()
      return
    }
    const player = new Player(socket, certificate, clock, (octets) => {
      result.flooded = Math.max(result.flooded, octets)
    })
    void player
      .play(script)
      .catch((error: Error) => {
        wrong.push(error.message)
        socket.destroy()
      })
      .then(() => {
        left -= 1
        if (left === 0) played.resolve()
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const result: ScriptedServer = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    clock,
    wrong,
    played: played.promise,
    flooded: 0,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return result
}

class Player {
  #socket: Socket
  /** What is below TLS. */
  readonly #plain: Socket
  #heard = Buffer.alloc(0)
  #ended = false
  #wake: (() => void) | undefined
  readonly #pem: string
  readonly #clock: ManualClock
  readonly #tell: (octets: number) => void

  constructor(socket: Socket, pem: string, clock: ManualClock, tell: (octets: number) => void) {
    this.#socket = socket
    this.#plain = socket
    this.#pem = pem
    this.#clock = clock
    this.#tell = tell
    this.#listen()
  }

  async play(script: Script): Promise<void> {
    for (const step of script) await this.#step(step)
  }

  async #step(step: string): Promise<void> {
    const rest = step.slice(3)
    if (step.startsWith('S: ')) this.#socket.write(`${rest}\r\n`)
    else if (step.startsWith('S| '))
      this.#socket.write(JSON.parse(`"${rest.replaceAll('"', '\\"').replaceAll('\\0', '\\u0000')}"`))
    else if (step.startsWith('RAW ')) this.#plain.write(step.slice(4))
    else if (step.startsWith('C: ') || step === 'C:') await this.#want(rest)
    else if (step === 'FIN') this.#socket.end()
    else if (step === 'RST') this.#socket.resetAndDestroy()
    else if (step === 'DEAF') this.#socket.pause()
    else if (step === 'TLS') await this.#startTls()
    else if (step === 'GONE') while (!this.#ended) await this.#more()
    else if (step.startsWith('WAIT ')) {
      await new Promise((resolve) => setImmediate(resolve))
      this.#clock.advance(Number(step.slice(5)))
    } else if (step.startsWith('READ ')) await this.#read(Number(step.slice(5)))
    else if (step.startsWith('FLOOD ')) await this.#flood(Buffer.from(JSON.parse(`"${step.slice(6)}"`)))
    else throw new Error(`no step of a script: ${step}`)
  }

  async #want(line: string): Promise<void> {
    for (;;) {
      const end = this.#heard.indexOf('\r\n')
      if (end !== -1) {
        const said = this.#heard.subarray(0, end).toString()
        this.#heard = this.#heard.subarray(end + 2)
        if (said !== line) throw new Error(`wanted ${JSON.stringify(line)}, heard ${JSON.stringify(said)}`)
        return
      }
      if (this.#ended) throw new Error(`wanted ${JSON.stringify(line)}, heard the end`)
      await this.#more()
    }
  }

  async #read(octets: number): Promise<void> {
    while (this.#heard.length < octets && !this.#ended) await this.#more()
    this.#heard = this.#heard.subarray(octets)
  }

  async #flood(octets: Buffer): Promise<void> {
    const many = Buffer.concat(new Array(Math.ceil(4096 / octets.length)).fill(octets))
    for (let sent = 0; !this.#ended && sent < 64 * 1024 * 1024; sent += many.length) {
      this.#tell(sent)
      if (!this.#socket.write(many)) await this.#more()
    }
  }

  #startTls(): Promise<void> {
    const plain = this.#socket
    for (const event of ['data', 'end', 'close', 'drain']) plain.removeAllListeners(event)
    const secured = new TLSSocket(plain, {
      isServer: true,
      secureContext: createSecureContext({ key: this.#pem, cert: this.#pem }),
    })
    secured.on('error', () => {})
    this.#socket = secured
    this.#listen()
    return new Promise((resolve) => {
      secured.on('secure', resolve)
      secured.on('close', () => resolve())
    })
  }

  #listen(): void {
    const end = () => {
      this.#ended = true
      this.#wake?.()
    }
    this.#socket.on('data', (chunk: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, chunk])
      this.#wake?.()
    })
    this.#socket.on('drain', () => this.#wake?.())
    this.#socket.on('end', end)
    this.#socket.on('close', end)
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

/** Make options for a conversation with a scripted server, in the clear where nothing else is asked for. */
export function optionsFor(server: ScriptedServer, more: Partial<ConversationOptions> = {}): ConversationOptions {
  return {
    server: { host: 'mx.far.example', ip: '127.0.0.1', port: server.port },
    protocol: 'smtp',
    hello: 'out.example',
    connectTimeoutMs: 5_000,
    tls: { mode: 'opportunistic', by: 'settings', names: [] },
    implicitTls: false,
    checkCertificate: () => undefined,
    clock: server.clock,
    at: () => {},
    ...more,
  }
}

/** Make an envelope with the content given, from `a@near.example` to `x@far.example`. */
export function envelopeOf(content = 'Subject: hi\r\n\r\nhi\r\n', more: Partial<Envelope> = {}): Envelope {
  const octets = Buffer.from(content)
  return {
    returnPath: 'a@near.example',
    recipients: [{ recipient: 'x@far.example' }],
    sizeBytes: octets.length,
    content: () => [octets],
    sent: () => {},
    ...more,
  }
}
