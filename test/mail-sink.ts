/** A mail server of the test's own that keeps every byte it is sent, and answers as the test wants. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'

export interface SunkMessage {
  /** The reverse path with its parameters, as MAIL gave them. */
  readonly mail: string
  /** The recipients with their parameters, as RCPT gave them. */
  readonly recipients: readonly string[]
  /** The content without its dot-stuffing (RFC 5321 §4.5.2), up to and with the last line end. */
  readonly content: Buffer
  readonly tls: boolean
  /** Number of the connection that it came over. */
  readonly connection: number
}

/** What to answer in place of the usual; `silence` never answers, `close` closes the connection. */
export type SinkAnswer = string | 'silence' | 'close' | undefined

export interface SinkOptions {
  readonly ip?: string
  readonly port?: number
  /** Offer STARTTLS with this certificate and key (PEM). */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer }
  /** Keywords of EHLO. */
  readonly keywords?: readonly string[]
  /** Asked at the greeting, at each command, and at the end of each message (`stage` is its verb, `CONNECT`, or `.`). */
  readonly answer?: (stage: string, argument: string, connection: SinkConnection) => SinkAnswer | Promise<SinkAnswer>
  /** Told of each message that was answered with 250, before the answer goes out. */
  readonly taken?: (message: SunkMessage) => void
}

export interface SinkConnection {
  readonly number: number
  readonly ip: string
  readonly tls: boolean
}

export interface MailSink extends AsyncDisposable {
  readonly port: number
  /** The messages taken, in their order; empty where `taken` is given. */
  readonly messages: readonly SunkMessage[]
  /** Connections so far, and those open now. */
  readonly connections: { readonly made: number; readonly open: number; readonly most: number }
  /** Close every connection that is open. */
  hangUp(): void
  stop(): Promise<void>
}

const KEYWORDS = ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'DSN', 'SIZE 100000000']

/** Start the sink. */
export async function startMailSink(options: SinkOptions = {}): Promise<MailSink> {
  const messages: SunkMessage[] = []
  const connections = { made: 0, open: 0, most: 0 }
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    connections.made += 1
    connections.open += 1
    connections.most = Math.max(connections.most, connections.open)
    open.add(socket)
    socket.once('close', () => {
      connections.open -= 1
      open.delete(socket)
    })
    new SinkSession(socket, connections.made, options, options.taken ?? ((message) => messages.push(message))).start()
  })
  server.listen(options.port ?? 0, options.ip ?? '127.0.0.1')
  await once(server, 'listening')
  const hangUp = () => {
    for (const socket of open) socket.destroy()
  }
  const stop = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    hangUp()
    await closed
  }
  return {
    port: (server.address() as { port: number }).port,
    messages,
    connections,
    hangUp,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

class SinkSession {
  #socket: Socket | TLSSocket
  readonly #number: number
  readonly #options: SinkOptions
  readonly #taken: (message: SunkMessage) => void
  #buffered: Buffer = Buffer.alloc(0)
  /** Up to here there is no end of a message in the buffer. */
  #searched = 0
  #isData = false
  #isBusy = false
  #isTls = false
  #mail: string | undefined
  #recipients: string[] = []

  constructor(socket: Socket, number: number, options: SinkOptions, taken: (message: SunkMessage) => void) {
    this.#socket = socket
    this.#number = number
    this.#options = options
    this.#taken = taken
  }

  start(): void {
    this.#listen()
    this.#isBusy = true
    void this.#reply('CONNECT', '', '220 sink.test ESMTP').then(() => this.#next())
  }

  #listen(): void {
    this.#socket.on('error', () => {})
    this.#socket.on('data', (chunk: Buffer) => {
      this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk])
      if (!this.#isBusy) void this.#next()
    })
  }

  async #next(): Promise<void> {
    this.#isBusy = true
    while (this.#isData ? await this.#message() : await this.#command()) {}
    this.#isBusy = false
  }

  async #command(): Promise<boolean> {
    const end = this.#buffered.indexOf('\r\n')
    if (end < 0) return false
    const line = this.#buffered.toString('utf8', 0, end)
    this.#buffered = this.#buffered.subarray(end + 2)
    const [, verb = '', argument = ''] = /^(\w*) ?(.*)$/.exec(line) ?? []
    switch (verb.toUpperCase()) {
      case 'EHLO':
        await this.#reply('EHLO', argument, this.#greeting())
        break
      case 'MAIL':
        this.#forget()
        if (await this.#reply('MAIL', argument, '250 2.1.0 Ok')) this.#mail = argument.replace(/^FROM:/i, '')
        break
      case 'RCPT':
        if (this.#mail === undefined) await this.#reply('RCPT', argument, '503 5.5.1 MAIL first')
        else if (await this.#reply('RCPT', argument, '250 2.1.5 Ok'))
          this.#recipients.push(argument.replace(/^TO:/i, ''))
        break
      case 'DATA':
        // With every recipient refused there is nothing to send (RFC 5321 §3.3).
        this.#isData = await this.#reply(
          'DATA',
          '',
          this.#recipients.length > 0 ? '354 Go on' : '554 5.5.1 No recipients',
        )
        break
      case 'RSET':
        this.#forget()
        await this.#reply('RSET', '', '250 2.0.0 Ok')
        break
      case 'STARTTLS':
        if (await this.#reply('STARTTLS', '', '220 2.0.0 Go on')) this.#startTls()
        return false
      case 'QUIT':
        await this.#reply('QUIT', '', '221 2.0.0 Bye')
        this.#socket.end()
        return false
      default:
        await this.#reply(verb.toUpperCase(), argument, '250 2.0.0 Ok')
    }
    return !this.#socket.destroyed
  }

  async #message(): Promise<boolean> {
    const end = this.#endOfMessage()
    if (end === undefined) return false
    const stuffed = this.#buffered.subarray(0, end)
    this.#buffered = this.#buffered.subarray(end + 3)
    this.#searched = 0
    this.#isData = false
    const content = stuffed.includes('.') ? unstuff(stuffed) : Buffer.from(stuffed)
    const message: SunkMessage = {
      mail: this.#mail ?? '',
      recipients: this.#recipients,
      content,
      tls: this.#isTls,
      connection: this.#number,
    }
    this.#forget()
    await this.#reply('.', '', '250 2.0.0 Taken', () => this.#taken(message))
    return !this.#socket.destroyed
  }

  #forget(): void {
    this.#mail = undefined
    this.#recipients = []
  }

  /** Where the line with the lone dot begins. */
  #endOfMessage(): number | undefined {
    if (this.#buffered.subarray(0, 3).equals(LONE_DOT)) return 0
    const at = this.#buffered.indexOf('\r\n.\r\n', this.#searched)
    if (at >= 0) return at + 2
    this.#searched = Math.max(0, this.#buffered.length - 4)
    return undefined
  }

  /** Give the usual answer, or what the test wants; true when it was the usual or another good one. */
  async #reply(stage: string, argument: string, usual: string, beforeGood?: () => void): Promise<boolean> {
    const state = { number: this.#number, ip: this.#socket.remoteAddress ?? '', tls: this.#isTls }
    // What is awaited is only what has to be: a message costs no more turns than its bytes.
    const asked = this.#options.answer?.(stage, argument, state)
    const answer = asked instanceof Promise ? await asked : asked
    if (answer === 'close') this.#socket.destroy()
    if (answer === 'silence') await new Promise(() => {})
    if (answer === 'close') return false
    const text = answer ?? usual
    const isGood = text.startsWith('2') || text.startsWith('3')
    if (isGood) beforeGood?.()
    this.#socket.write(`${text}\r\n`)
    return isGood
  }

  #greeting(): string {
    const keywords = [...(this.#options.keywords ?? KEYWORDS)]
    if (this.#options.tls !== undefined && !this.#isTls) keywords.push('STARTTLS')
    const lines = ['sink.test', ...keywords]
    return lines.map((line, index) => `250${index === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n')
  }

  #startTls(): void {
    const { tls } = this.#options
    if (tls === undefined) return
    const plain = this.#socket
    plain.removeAllListeners('data')
    // Whatever was sent in the clear behind the command is not taken for what TLS protects (RFC 3207 §4.2).
    this.#buffered = Buffer.alloc(0)
    this.#isTls = true
    this.#socket = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext(tls) })
    this.#listen()
  }
}

const LONE_DOT = Buffer.from('.\r\n')

function unstuff(stuffed: Buffer): Buffer {
  return Buffer.from(stuffed.toString('latin1').replaceAll(/(^|\r\n)\./g, '$1'), 'latin1')
}
