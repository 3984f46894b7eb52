/** A strict SMTP client for tests: one command, one reply. */
import { type Origin, Wire } from './wire.ts'

export interface Envelope {
  readonly from: string
  readonly to: string | readonly string[]
  /** The message, CRLF; a small one when absent. */
  readonly message?: string
}

export class SmtpClient {
  readonly #wire: Wire

  private constructor(wire: Wire) {
    this.#wire = wire
  }

  /** Connect, and wait for nothing: the greeting is the first `reply`. */
  static async connect(port: number, origin: Origin = {}): Promise<SmtpClient> {
    return new SmtpClient(await Wire.open(port, origin))
  }

  /** Connect and say EHLO; throws when the server does not greet. */
  static async greeted(port: number, origin: Origin = {}, name = 'client.far.example'): Promise<SmtpClient> {
    const client = await SmtpClient.connect(port, origin)
    await client.expect('220')
    await client.ask(`EHLO ${name}`, '250')
    return client
  }

  reply(): Promise<string> {
    return this.#wire.reply()
  }

  async expect(code: string): Promise<string> {
    const reply = await this.reply()
    if (!reply.startsWith(code)) throw new Error(`Expected ${code}, got ${reply}`)
    return reply
  }

  /** Send a command and give the last line of its reply, which must begin with the code where one is given. */
  async ask(command: string, code?: string): Promise<string> {
    await this.#wire.write(`${command}\r\n`)
    return code === undefined ? this.reply() : this.expect(code)
  }

  /** Go on under TLS, and say EHLO again (RFC 3207 §4.2). */
  async startTls(name = 'client.far.example'): Promise<void> {
    await this.ask('STARTTLS', '220')
    await this.#wire.startTls()
    await this.ask(`EHLO ${name}`, '250')
  }

  /** Log in (AUTH PLAIN); gives the reply. */
  login(user: string, password: string): Promise<string> {
    return this.ask(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`)
  }

  /** Try to send a message; gives the first reply that is a refusal, or the last one of all. */
  async send({ from, to, message = 'Subject: a test\r\n\r\nHello.\r\n' }: Envelope): Promise<string> {
    const sender = await this.ask(`MAIL FROM:<${from}>`)
    if (!sender.startsWith('250')) return sender
    for (const recipient of typeof to === 'string' ? [to] : to) {
      const reply = await this.ask(`RCPT TO:<${recipient}>`)
      if (!reply.startsWith('250')) return reply
    }
    const ready = await this.ask('DATA')
    if (!ready.startsWith('354')) return ready
    // RFC 5321 §4.5.2
    return this.ask(`${message.replaceAll(/^\./gm, '..')}.`)
  }

  /** Wait until the server has closed; fails when it says something more. */
  closed(): Promise<void> {
    return this.#wire.closed()
  }

  async quit(): Promise<void> {
    await this.ask('QUIT', '221')
    this.end()
  }

  end(): void {
    this.#wire.close()
  }

  [Symbol.dispose](): void {
    this.end()
  }
}
