/** What the tests of the POP3 server share: a mailbox in memory, a sign-in that knows one user, and a client at the other end. */
import { createHash } from 'node:crypto'
import { type Duplex, duplexPair } from 'node:stream'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Exchange, MechanismName, SignIn, SignInResult } from '#auth/contract.ts'
import { ManualClock } from '#base/clock.ts'
import type { Events } from '#events/contract.ts'
import type { FactReaders } from '#gate/facts.ts'
import type { Sentence } from '#gate/record.ts'
import type { Subject } from '#gate/subject.ts'
import { defaults, readersOf } from '#gate/testing.ts'
import type { Settings } from '#settings/schema.ts'
import type { DecisionRecord, MailboxStore, UserRow } from '#store/contract.ts'
import { Records } from '#store/records.ts'
import { createPop3, type Pop3 } from './pop3.ts'
import type { Peer, Pop3Listener, Pop3Ports } from './ports.ts'

export const USER: UserRow = {
  id: 1,
  address: 'anna@example.test',
  name: 'Anna',
  disabled: false,
  mailboxId: 7,
  localDomainsOnly: false,
  addresses: [],
}
export const PASSWORD = 'a  secret wört'

/** A mailbox in memory. `failing` names the operations that throw; `pieceBytes` is how a message is cut when it is read. */
export class FakeMailbox implements Pick<MailboxStore, 'list' | 'read' | 'remove'> {
  readonly messages = new Map<number, Buffer>()
  readonly failing = new Set<'list' | 'read' | 'remove' | 'piece'>()
  readonly removals: number[][] = []
  pieceBytes = 256 * 1024
  asynchronous = false
  piecesRead = 0
  #nextUid = 1

  add(content: Buffer | string): number {
    const uid = this.#nextUid++
    this.messages.set(uid, Buffer.isBuffer(content) ? content : Buffer.from(content))
    return uid
  }

  list(): { uid: number; sizeBytes: number }[] {
    this.#mayFail('list')
    return [...this.messages].map(([uid, content]) => ({ uid, sizeBytes: content.length }))
  }

  read(
    _mailboxId: number,
    uid: number,
  ): Iterable<Uint8Array> | undefined | Promise<AsyncIterable<Uint8Array> | undefined> {
    this.#mayFail('read')
    const content = this.messages.get(uid)
    if (!this.asynchronous) return content && this.#pieces(content)
    return Promise.resolve(content && this.#later(content))
  }

  async remove(_mailboxId: number, uids: readonly number[]): Promise<number> {
    this.#mayFail('remove')
    this.removals.push([...uids])
    return uids.filter((uid) => this.messages.delete(uid)).length
  }

  *#pieces(content: Buffer): Generator<Uint8Array> {
    for (let at = 0; at < content.length; at += this.pieceBytes) {
      this.#mayFail('piece')
      this.piecesRead += 1
      yield new Uint8Array(content.subarray(at, at + this.pieceBytes))
    }
  }

  async *#later(content: Buffer): AsyncGenerator<Uint8Array> {
    for (const piece of this.#pieces(content)) {
      await Promise.resolve()
      yield piece
    }
  }

  #mayFail(what: 'list' | 'read' | 'remove' | 'piece'): void {
    if (this.failing.has(what)) throw new Error(`${what} fails, as the test asked`)
  }
}

/** Create a sign-in that knows anna with her password; PLAIN as it is, and SCRAM-SHA-256 as a toy that walks through the same steps. */
export function fakeSignIn(): SignIn {
  async function password(name: string, given: string): Promise<SignInResult> {
    if (name === 'overload') return { is: 'unavailable', why: 'too many hashes wait' }
    return (name === 'anna' || name === USER.address) && given === PASSWORD
      ? { is: 'user', user: USER }
      : { is: 'denied', name, why: 'wrong password' }
  }

  const plain: Exchange = {
    start: async (initial) =>
      initial === undefined ? { is: 'challenge', data: Buffer.alloc(0) } : plain.next(initial),
    next: async (response) => {
      const [, name, given, ...rest] = Buffer.from(response).toString().split('\0')
      if (name === undefined || given === undefined || rest.length > 0) {
        return { is: 'done', result: { is: 'malformed', why: 'expected two NULs' } }
      }
      return { is: 'done', result: await password(name, given) }
    },
  }

  function scram(): Exchange {
    let steps = 0
    return {
      start: async (initial) => (initial === undefined ? { is: 'challenge', data: Buffer.alloc(0) } : next()),
      next,
    }
    async function next() {
      steps += 1
      return steps === 1
        ? ({ is: 'challenge', data: Buffer.from('r=toy') } as const)
        : ({ is: 'done', result: { is: 'user', user: USER }, data: Buffer.from('v=toy') } as const)
    }
  }

  const plus: readonly MechanismName[] = ['SCRAM-SHA-256-PLUS']
  return {
    mechanisms: (bindings) => [...(bindings === undefined ? [] : plus), 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'],
    exchange: (mechanism) => (mechanism === 'PLAIN' ? plain : scram()),
    password,
  }
}

/** One event as it was told: its name and what it said. */
export interface ToldEvent {
  readonly name: string
  readonly said: Readonly<Record<string, unknown>>
}

export interface World {
  readonly clock: ManualClock
  readonly mailbox: FakeMailbox
  readonly told: ToldEvent[]
  readonly records: DecisionRecord[]
  readonly loggedIn: string[]
  readonly sentences: { readonly sentence: Sentence; readonly ref: string | undefined }[]
  readonly pop3: Pop3
  /** Connect a client. */
  connect(peer?: Partial<Peer>, listener?: Pop3Listener): Client
}

export interface WorldOptions {
  readonly settings?: Settings
  readonly facts?: Partial<FactReaders<Subject>>
  readonly certificate?: { readonly cert: string; readonly key: string }
  readonly ports?: Partial<Pop3Ports>
}

/** Build a POP3 server with nothing real around it. */
export function createWorld(options: WorldOptions = {}): World {
  const clock = new ManualClock()
  const mailbox = new FakeMailbox()
  const told: ToldEvent[] = []
  const records: DecisionRecord[] = []
  const loggedIn: string[] = []
  const sentences: World['sentences'] = []
  const settings = options.settings ?? defaults()
  const events = new Proxy({} as Events, {
    get: (_target, name) => (said: Record<string, unknown>) => told.push({ name: String(name), said }),
  })
  let context: SecureContext | undefined
  let references = 0
  const ports: Pop3Ports = {
    clock,
    settings: () => settings,
    hostname: () => 'mail.example.test',
    secureContext: () => {
      context ??= createSecureContext(options.certificate)
      return context
    },
    facts: readersOf(options.facts ?? {}),
    signIn: fakeSignIn(),
    mailboxes: mailbox,
    records: new Records({
      decisions: {
        add: async (added) => {
          records.push(...added)
        },
      },
      clock,
      faulted: (fault) => told.push({ name: 'faulted', said: fault }),
      nextReference: () => ({ id: ++references, ref: `REF${references}` }),
    }),
    sentence: (sentence, ref) => sentences.push({ sentence, ref }),
    events,
    loggedIn: (ip) => loggedIn.push(ip),
    ...options.ports,
  }
  const pop3 = createPop3(ports)
  return {
    clock,
    mailbox,
    told,
    records,
    loggedIn,
    sentences,
    pop3,
    connect(peer = {}, listener = { service: 'pop3', implicitTls: false }) {
      const [near, far] = duplexPair()
      pop3.serve(far, { ip: '127.0.0.1', port: 40_000, ...peer }, listener)
      return new Client(near, far)
    },
  }
}

/** The client's end of a connection. It notes all it gets; the server's end is there for tests that look at it. */
export class Client {
  readonly serverEnd: Duplex
  readonly #socket: Duplex
  #received = Buffer.alloc(0)
  #at = 0
  #ended = false
  #changed: (() => void) | undefined

  constructor(socket: Duplex, serverEnd: Duplex) {
    this.serverEnd = serverEnd
    this.#socket = socket
    const changed = () => this.#changed?.()
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      changed()
    })
    const onEnd = () => {
      this.#ended = true
      changed()
    }
    socket.on('end', onEnd).on('close', onEnd).on('error', onEnd)
  }

  /** What has come and was not read yet. */
  get unread(): string {
    return this.#received.toString('latin1', this.#at)
  }

  get ended(): boolean {
    return this.#ended
  }

  send(text: string | Buffer): void {
    if (this.#socket.writable) this.#socket.write(text)
  }

  /** Say one command and give the first line of the answer. */
  async say(line: string): Promise<string> {
    this.send(`${line}\r\n`)
    return this.line()
  }

  /** Wait for the next line; `''` when the connection ended before one came. */
  async line(): Promise<string> {
    for (;;) {
      const newline = this.#received.indexOf('\r\n', this.#at)
      if (newline !== -1) {
        const line = this.#received.toString('utf8', this.#at, newline)
        this.#at = newline + 2
        return line
      }
      if (this.#ended) return ''
      await this.#change()
    }
  }

  /** Wait for the rest of a multi-line reply and give it as it came, up to and without the dot line. */
  async multiline(): Promise<Buffer> {
    const start = this.#at
    for (let from = start; ; ) {
      const end = this.#received.subarray(start, start + 3).equals(Buffer.from('.\r\n'))
        ? start
        : this.#received.indexOf('\r\n.\r\n', Math.max(start, from - 4)) + 2
      if (end >= start && end !== 1) {
        this.#at = end + 3
        return this.#received.subarray(start, end)
      }
      if (this.#ended) throw new Error(`the connection ended within a multi-line reply: ${JSON.stringify(this.unread)}`)
      from = this.#received.length
      await this.#change()
    }
  }

  /** Log in as anna. */
  async logIn(): Promise<void> {
    await this.line()
    await this.say('USER anna')
    const reply = await this.say(`PASS ${PASSWORD}`)
    if (!reply.startsWith('+OK')) throw new Error(`could not log in: ${reply}`)
  }

  /** Wait until the server has ended the connection. */
  async end(): Promise<void> {
    while (!this.#ended) await this.#change()
  }

  finish(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Take the connection over, for TLS. */
  takeOver(): Duplex {
    this.#socket.removeAllListeners('data')
    return this.#socket
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve
    })
  }
}

/** Let everything that is under way come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Give a short name for bytes too long to print. */
export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16)
}
