/** A world for the tests of the SMTP server: in-memory sockets, a small directory, a store that remembers, a clock that stands still. */

import { X509Certificate } from 'node:crypto'
import { Duplex, duplexPair } from 'node:stream'
import { createSecureContext, connect as tlsConnect } from 'node:tls'
import type { Exchange, ExchangeStep, SignIn } from '#auth/contract.ts'
import { ManualClock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import { makeSelfSigned } from '#base/self-signed-certificate.ts'
import type { Directory, Resolution } from '#directory/contract.ts'
import type { Events } from '#events/contract.ts'
import type { FactReaders } from '#gate/facts.ts'
import type { Sentence } from '#gate/record.ts'
import type { Subject } from '#gate/subject.ts'
import { defaults, readersOf } from '#gate/testing.ts'
import type { Settings } from '#settings/schema.ts'
import type { BodyDraft, DecisionRecord, DecisionStore, MessageStore, NewMessage, UserRow } from '#store/contract.ts'
import { Records } from '#store/records.ts'
import type { Listener, Peer, Ports } from './ports.ts'
import { createReceiver, type Receiver } from './receiver.ts'

export interface LoggedEvent {
  readonly name: string
  readonly values: Readonly<Record<string, unknown>>
}

/** A message as the store was given it, its body in one. */
export interface KeptMessage extends Omit<NewMessage, 'body' | 'trace'> {
  readonly body: Buffer
  readonly trace: string
}

/** The client's end of a connection: what it got so far, and waits for more. */
export class Client {
  socket: Duplex
  received = ''
  isClosed = false
  #wake: (() => void) | undefined

  constructor(socket: Duplex) {
    this.socket = socket
    this.#attach()
  }

  send(data: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(typeof data === 'string' ? Buffer.from(data, 'utf8') : data)
  }

  /** Take the next line, without its CRLF; undefined when the server has closed. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.received.indexOf('\r\n')
      if (end !== -1) {
        const line = this.received.slice(0, end)
        this.received = this.received.slice(end + 2)
        return line
      }
      if (this.isClosed) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Take one reply, however many lines. */
  async reply(): Promise<string | undefined> {
    const lines: string[] = []
    for (;;) {
      const line = await this.line()
      if (line === undefined) return lines.length === 0 ? undefined : lines.join('\n')
      lines.push(line)
      if (line[3] !== '-') return lines.join('\n')
    }
  }

  /** Begin TLS, as a client does after 220. */
  async startTls(): Promise<void> {
    const plain = this.socket
    plain.removeAllListeners()
    const socket = tlsConnect({ socket: unhurried(plain), rejectUnauthorized: false })
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    this.socket = socket
    this.#attach()
  }

  #attach(): void {
    const wake = () => {
      this.#wake?.()
      this.#wake = undefined
    }
    const close = () => {
      this.isClosed = true
      wake()
    }
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1')
      wake()
    })
    this.socket.on('end', close).on('close', close).on('error', close)
  }
}

/**
 * Give a socket whose writes take a turn, as on a network: between in-memory sockets a TLS handshake can be over before
 * `tls.connect` listens for its end.
 */
function unhurried(plain: Duplex): Duplex {
  const socket = new Duplex({
    read: () => {
      plain.resume()
    },
    write: (chunk, _encoding, done) => {
      setImmediate(() => (plain.writable ? plain.write(chunk, done) : done()))
    },
    final: (done) => {
      plain.end(done)
    },
  })
  plain.on('data', (chunk: Buffer) => socket.push(chunk)).on('end', () => socket.push(null))
  plain.on('close', () => socket.destroy()).on('error', () => {})
  return socket
}

export interface WorldOptions {
  readonly settings?: Parameters<typeof defaults>[0]
  readonly facts?: Partial<FactReaders<Subject>>
  readonly messages?: Partial<MessageStore>
  readonly directory?: Partial<Directory>
  readonly decisions?: Pick<DecisionStore, 'add'>
  readonly ports?: Pick<Ports, 'srs' | 'reportArrival'>
}

/** The server over these, and all that it told and kept. */
export class World {
  readonly clock = new ManualClock(Date.UTC(2026, 10, 24, 8, 30))
  readonly events: LoggedEvent[] = []
  readonly kept: KeptMessage[] = []
  readonly records: DecisionRecord[] = []
  readonly sentences: { readonly sentence: Sentence; readonly ref: string | undefined }[] = []
  /** Drafts neither kept nor given up. */
  readonly drafts = new Set<BodyDraft>()
  readonly receiver: Receiver
  readonly ports: Ports
  settings: Settings

  constructor({ settings, facts, messages, directory, decisions, ports }: WorldOptions = {}) {
    // The clock stands still: a reply that is held back would never come.
    this.settings = defaults({ ...settings, session: { tarpit: 0, ...settings?.session } })
    let last = 0
    const nextReference = () => {
      last += 1
      return { id: last, ref: `REF${String(last).padStart(5, '0')}` }
    }
    this.ports = {
      ...ports,
      clock: this.clock,
      settings: () => this.settings,
      hostname: () => 'mail.here.example',
      secureContext: () => tls.context,
      certificate: () => tls.der,
      facts: readersOf({
        senderOwner: ({ user }) => (user === undefined ? { is: 'elsewhere' } : { is: 'local', own: true }),
        ...facts,
      }),
      directory: { ...fakeDirectory, ...directory },
      sentence: (sentence, ref) => this.sentences.push({ sentence, ref }),
      signIn: fakeSignIn,
      messages: { ...this.#messages(), ...messages },
      records: new Records({
        decisions: decisions ?? {
          add: async (records) => {
            for (const record of records) {
              // As in the store, a number that is there already is written over.
              const at = this.records.findIndex(({ id }) => id === record.id)
              this.records.splice(at < 0 ? this.records.length : at, at < 0 ? 0 : 1, record)
            }
          },
        },
        clock: this.clock,
        faulted: (fault) => this.events.push({ name: 'faulted', values: fault }),
        nextReference,
      }),
      nextReference,
      events: new Proxy({} as Events, {
        get: (_, name) => (values: LoggedEvent['values']) => this.events.push({ name: String(name), values }),
      }),
    }
    this.receiver = createReceiver(this.ports)
  }

  /** Connect as a client. */
  connect(listener: Partial<Listener> = {}, peer: Partial<Peer> = {}): Client {
    const [ours, theirs] = duplexPair()
    this.receiver.receive(
      ours,
      { ip: '198.51.100.7', port: 50_000, ...peer },
      { service: 'smtp', implicitTls: false, ...listener },
    )
    return new Client(theirs)
  }

  /** Let time pass, a tick at a time. */
  async pass(spanMs: number): Promise<void> {
    await turns()
    for (let passedMs = 0; passedMs < spanMs; passedMs += 1000) {
      this.clock.advance(1000)
      this.receiver.tick()
    }
    await turns()
  }

  #messages(): Pick<MessageStore, 'draft' | 'accept'> {
    return {
      draft: () => {
        const pieces: Buffer[] = []
        const draft: BodyDraft & { readonly pieces: Buffer[] } = {
          pieces,
          get sizeBytes() {
            return pieces.reduce((sum, piece) => sum + piece.length, 0)
          },
          write: async (piece) => {
            await turns(1)
            pieces.push(Buffer.from(piece))
          },
          abandon: () => this.drafts.delete(draft),
        }
        this.drafts.add(draft)
        return draft
      },
      accept: async (message) => {
        await turns(1)
        const { body, trace } = message
        if (!(body instanceof Uint8Array)) this.drafts.delete(body)
        const whole =
          body instanceof Uint8Array
            ? Buffer.from(body)
            : Buffer.concat((body as unknown as { pieces: Buffer[] }).pieces)
        this.kept.push({ ...message, body: whole, trace: Buffer.from(trace).toString('utf8') })
        return { messageId: this.kept.length }
      },
    }
  }
}

/** Let everything that is under way in this process come to rest. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const pem = await makeSelfSigned('mail.here.example', Date.now())
const tls = {
  context: createSecureContext({ cert: pem, key: pem }),
  der: new Uint8Array(new X509Certificate(pem).raw),
}

const USERS = ['user1', 'user2', 'user3']

const fakeDirectory: Directory = {
  resolve(address): Resolution {
    const [local = '', domain = 'here.example'] = address.split('@')
    const steps: Resolution['steps'] = []
    if (domain !== 'here.example') return { is: 'external', domain, steps }
    const mailbox = (name: string) => ({ mailboxId: USERS.indexOf(name) + 1, user: `${name}@here.example` })
    if (USERS.includes(local)) return { is: 'local', mailboxes: [mailbox(local)], external: [], steps }
    switch (local) {
      case 'postmaster':
        return { is: 'local', mailboxes: [mailbox('user1')], external: [], steps }
      case 'team':
        return { is: 'local', mailboxes: [mailbox('user1'), mailbox('user2')], external: ['team@far.example'], steps }
      case 'full':
        return { is: 'local', mailboxes: [mailbox('user3')], external: [], full: 'full@here.example', steps }
      case 'disabled':
        return { is: 'disabled', steps }
      case 'loop':
        return { is: 'loop', by: 'loop@here.example', steps }
      case 'trouble':
        throw new Fault('Cannot read the directory: the disk is away', { temporary: true })
      case 'bug':
        throw new TypeError('a bug of ours')
      default:
        return { is: 'nobody', steps }
    }
  },
  isLocalDomain: (domain) => domain === 'here.example',
  findLogin: () => undefined,
  ownsAddress: () => false,
}

function userRow(name: string): UserRow {
  const address = `${name}@here.example`
  return { id: 1, address, name, disabled: false, mailboxId: 1, localDomainsOnly: false, addresses: [] }
}

function check(name: string, password: string): ExchangeStep {
  if (name === 'busy') return { is: 'done', result: { is: 'unavailable', why: 'too many wait' } }
  if (name === 'user1' && password === 'secret') return { is: 'done', result: { is: 'user', user: userRow(name) } }
  return { is: 'done', result: { is: 'denied', name, why: 'wrong password' } }
}

function challenge(text: string): ExchangeStep {
  return { is: 'challenge', data: Buffer.from(text) }
}

/** PLAIN and LOGIN as they are; SCRAM-SHA-256 as an exchange of three steps whose words mean nothing. */
const fakeSignIn: SignIn = {
  mechanisms: (bindings) =>
    bindings === undefined
      ? ['SCRAM-SHA-256', 'PLAIN', 'LOGIN']
      : ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'],
  exchange(mechanism): Exchange {
    const said: string[] = []
    async function next(response: Uint8Array | undefined): Promise<ExchangeStep> {
      if (response !== undefined) said.push(Buffer.from(response).toString())
      if (mechanism === 'PLAIN') {
        if (said.length === 0) return challenge('')
        const [, name, password] = (said[0] as string).split('\0')
        if (name === undefined || password === undefined) {
          return { is: 'done', result: { is: 'malformed', why: 'expected two NULs' } }
        }
        return check(name, password)
      }
      if (mechanism === 'LOGIN') {
        if (said.length < 2) return challenge(said.length === 0 ? 'Username:' : 'Password:')
        return check(said[0] as string, said[1] as string)
      }
      if (said.length < 2) return challenge(said.length === 0 ? '' : 'r=nonce')
      const step = check(said[0] as string, said[1] as string)
      return step.is === 'done' && step.result.is === 'user' ? { ...step, data: Buffer.from('v=proof') } : step
    }
    return { start: next, next }
  },
  password: async () => ({ is: 'denied', name: '', why: 'not here' }),
}
