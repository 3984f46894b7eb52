/** What the tests of real clients share: a message that is hard to carry, and plain ways in and out to compare with. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type Ports, type Provision, type RunningPostern, startPostern } from '../server.ts'

export const USER = 'user1@example.test'
export const PASSWORD = 'a secret, with a "quote" and €'
/** For programs whose configuration knows no quoting, or no letters beyond ASCII. */
export const PLAIN_USER = 'user2@example.test'
export const PLAIN_PASSWORD = 'plain-secret-2'

export const PROVISION: Provision = {
  settings: { server: { hostname: 'mail.example.test' } },
  domains: ['example.test'],
  users: [
    { address: USER, password: PASSWORD },
    { address: PLAIN_USER, password: PLAIN_PASSWORD },
  ],
}

/** Start a server with the two users above; `await using` ends it. */
export async function startForClients(): Promise<RunningPostern & AsyncDisposable> {
  const server = await startPostern({ provision: PROVISION })
  return { ...server, [Symbol.asyncDispose]: () => server.stop() }
}

/** Give a message (CRLF) with what carriers like to change: dots, From lines, spaces at the end, 8 bits, long lines. */
export function sampleMessage(subject: string, to = USER): Buffer {
  return Buffer.from(
    [
      'From: Alice Example <alice@far.example>',
      `To: <${to}>`,
      `Subject: ${subject}`,
      'Date: Tue, 01 Jul 2025 12:00:00 +0000',
      `Message-ID: <${subject.replaceAll(/\W+/g, '-')}@far.example>`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      'X-Folded: one',
      '\ttwo',
      '',
      'Grüße aus München, здравствуйте, 你好',
      '.',
      '..',
      '.a dot at the start',
      'From here on it is no envelope',
      '',
      'spaces at the end   ',
      '\ta tab at the start',
      'x'.repeat(990),
      '-- ',
      'end',
      '',
    ].join('\r\n'),
  )
}

/** Fail unless what came out is what went in, below the lines that this server writes on top. */
export function assertCarried(received: Buffer | undefined, sent: Buffer): void {
  assert.ok(received !== undefined, 'no such message has arrived')
  assert.equal(belowTrace(received).toString('latin1'), sent.toString('latin1'))
}

/** Take off Return-Path and Received, which final delivery puts on top (RFC 5321 §4.4). */
export function belowTrace(received: Buffer): Buffer {
  const trace = /^Return-Path: <[^>\r\n]*>\r\nReceived: [^\r\n]+\r\n(?:[ \t][^\r\n]+\r\n)*/.exec(
    received.toString('latin1'),
  )
  assert.ok(
    trace !== null,
    `expected Return-Path and Received on top of:\n${received.subarray(0, 400).toString('latin1')}`,
  )
  return received.subarray(trace[0].length)
}

/** Read all messages of a mailbox over POP3 under TLS, in order, and delete them. */
export async function takeMail(ports: Ports, user = USER, password = PASSWORD): Promise<Buffer[]> {
  const socket = connectTls({ host: '127.0.0.1', port: ports.pop3s, rejectUnauthorized: false })
  const lines = new Dialogue(socket)
  try {
    await lines.expect('+OK')
    await lines.ask(`USER ${user}`, '+OK')
    await lines.ask(`PASS ${password}`, '+OK')
    const count = Number((await lines.ask('STAT', '+OK')).split(' ')[1])
    const messages: Buffer[] = []
    for (let number = 1; number <= count; number += 1) {
      await lines.ask(`RETR ${number}`, '+OK')
      messages.push(await lines.untilDot())
      await lines.ask(`DELE ${number}`, '+OK')
    }
    await lines.ask('QUIT', '+OK')
    return messages
  } finally {
    socket.destroy()
  }
}

/** Put a message in over plain SMTP on port 25's service. */
export async function putMail(ports: Ports, message: Buffer, to = USER, from = 'alice@far.example'): Promise<void> {
  const socket = connect(ports.smtp, '127.0.0.1')
  const lines = new Dialogue(socket)
  try {
    await lines.expect('220')
    await lines.ask('EHLO client.example', '250')
    await lines.ask(`MAIL FROM:<${from}> BODY=8BITMIME`, '250')
    await lines.ask(`RCPT TO:<${to}>`, '250')
    await lines.ask('DATA', '354')
    // Latin-1 keeps each byte as one character.
    socket.write(message.toString('latin1').replaceAll(/^\./gm, '..'), 'latin1')
    await lines.ask('.', '250')
    await lines.ask('QUIT', '221')
  } finally {
    socket.destroy()
  }
}

/** Send a message as the user above, who logs in, over implicit TLS; parameters of MAIL and RCPT as they are given. */
export async function submitMail(
  ports: Ports,
  message: Buffer,
  to: readonly string[],
  parameters: {
    readonly mail?: string
    readonly rcpt?: string
    readonly user?: string
    readonly password?: string
  } = {},
): Promise<void> {
  const { mail = 'BODY=8BITMIME', rcpt = '', user = USER, password = PASSWORD } = parameters
  const socket = connectTls({ host: '127.0.0.1', port: ports.submissions, rejectUnauthorized: false })
  const lines = new Dialogue(socket)
  try {
    await lines.expect('220')
    await lines.ask('EHLO client.example', '250')
    await lines.ask(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`, '235')
    await lines.ask(`MAIL FROM:<${user}> ${mail}`.trimEnd(), '250')
    for (const recipient of to) await lines.ask(`RCPT TO:<${recipient}> ${rcpt}`.trimEnd(), '250')
    await lines.ask('DATA', '354')
    socket.write(message.toString('latin1').replaceAll(/^\./gm, '..'), 'latin1')
    await lines.ask('.', '250')
    await lines.ask('QUIT', '221')
  } finally {
    socket.destroy()
  }
}

/** Wait until mail has come (a queue somewhere needs its time), and take it. */
export async function awaitMail(ports: Ports, withinMs: number, user = USER, password = PASSWORD): Promise<Buffer[]> {
  const until = Date.now() + withinMs
  for (;;) {
    const messages = await takeMail(ports, user, password)
    if (messages.length > 0 || Date.now() > until) return messages
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** Turn CRLF into LF, as programs do that store mail in files. */
export function withLf(message: Buffer): string {
  return message.toString('latin1').replaceAll('\r\n', '\n')
}

/** One line asked, one answer awaited; answers of several lines end with the one whose code a space follows. */
class Dialogue {
  readonly #socket: Socket
  #buffered = Buffer.alloc(0)
  #ended: Error | undefined
  #wake: (() => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#buffered = Buffer.concat([this.#buffered, chunk])
      this.#wake?.()
    })
    const end = (error?: Error) => {
      this.#ended ??= error ?? new Error('the server closed the connection')
      this.#wake?.()
    }
    socket.on('error', end)
    socket.on('close', () => end())
    socket.setTimeout(30_000, () => socket.destroy(new Error('the server is silent')))
  }

  async ask(line: string, wanted: string): Promise<string> {
    this.#socket.write(`${line}\r\n`)
    return this.expect(wanted)
  }

  async expect(wanted: string): Promise<string> {
    for (;;) {
      const line = (await this.#until('\r\n')).toString('latin1')
      if (/^\d{3}-/.test(line)) continue
      if (!line.startsWith(wanted)) throw new Error(`expected ${wanted}, got "${line}"`)
      return line
    }
  }

  async untilDot(): Promise<Buffer> {
    const body = await this.#until('\r\n.\r\n')
    return Buffer.from(`${body.toString('latin1').replaceAll(/^\.\./gm, '.')}\r\n`, 'latin1')
  }

  async #until(mark: string): Promise<Buffer> {
    for (;;) {
      const at = this.#buffered.indexOf(mark)
      if (at >= 0) {
        const found = this.#buffered.subarray(0, at)
        this.#buffered = this.#buffered.subarray(at + mark.length)
        return found
      }
      if (this.#ended !== undefined) throw this.#ended
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
