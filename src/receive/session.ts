import type { ChannelBindings } from '#auth/contract.ts'
import { channelBindingsOf } from '#base/channel-bindings.ts'
import type { Finding } from '#gate/record.ts'
import type { Subject } from '#gate/subject.ts'
import type { Settings } from '#settings/schema.ts'
import type { Occasion, Reference } from '#store/records.ts'
import type { Listener, Peer, Ports } from './ports.ts'
import type { Transaction } from './transaction.ts'
import type { Wire } from './wire.ts'

/** A subject in the making: what the gate is told of the session, before the stage adds its own. */
export type Asking = { -readonly [K in keyof Subject]: Subject[K] }

/** Recipients of one session told to the gate at once; more tell it nothing new. */
const MOST_ABANDONED = 1000

/** One connection, from the greeting to its end. */
export class Session {
  readonly wire: Wire
  readonly service: Listener['service']
  readonly ip: string
  /** The last HELO or EHLO; undefined until one came, and again after STARTTLS. */
  helo: string | undefined
  /** It was EHLO: parameters and extensions may be used. */
  extended = false
  /** The primary address of the user that logged in. */
  user: string | undefined
  userId: number | undefined
  /** The account was stopped: the session ends, and says why. */
  isStopped = false
  /** A login failed, and none has succeeded since. STARTTLS does not change it: a new start is no pardon. */
  loginFailed = false
  failedCommands = 0
  /** Refusals and deferrals, which have a record. */
  refusals = 0
  /** Answers that said no, for the tarpit. */
  answersAgainst = 0
  /** Messages taken, which have a record. */
  messages = 0
  /** Commands that came. */
  commands = 0
  /** The number of a record not written yet, by which something else refers to it already. */
  named: Reference | undefined
  /** Recipients that were accepted and sent nothing, since the gate was last told. */
  abandoned: string[] = []
  /** What the rules found of the connection and its HELO. */
  connectFindings: readonly Finding[] = []
  helloFindings: readonly Finding[] = []
  /** What rules that only observe found of commands and transactions that are over: the last of each rule. */
  #observed: Map<string, Finding> | undefined
  #transaction: Transaction | undefined
  #bindings: ChannelBindings | undefined

  constructor(wire: Wire, peer: Peer, listener: Listener) {
    this.wire = wire
    this.ip = peer.ip
    this.service = listener.service
  }

  get tls(): boolean {
    return this.wire.tls !== undefined
  }

  /** The envelope under way. Setting it is the one reset there is: what had come of the message is given up. */
  get transaction(): Transaction | undefined {
    return this.#transaction
  }

  set transaction(next: Transaction | undefined) {
    this.#transaction?.intake?.abandon()
    this.#noteAbandoned()
    this.#transaction = next
  }

  /** RFC 3207 §4.2: forget everything the client said in the clear. */
  startOver(): void {
    this.transaction = undefined
    this.helo = undefined
    this.extended = false
    this.user = undefined
    this.userId = undefined
    this.helloFindings = []
  }

  #noteAbandoned(): void {
    const tx = this.#transaction
    if (tx === undefined || tx.isSpared || this.user !== undefined) return
    for (const { address, resolution } of tx.recipients) {
      if (resolution.is === 'local' && this.abandoned.length < MOST_ABANDONED) this.abandoned.push(address)
    }
  }

  /** Say what a record is of; one that is referred to already gets its number. */
  occasion(rule: string, outcome: Occasion['outcome']): Occasion {
    const { ip, user, named: under } = this
    this.named = undefined
    return { ip, rule, outcome, under, ...(user === undefined ? {} : { user }) }
  }

  /** Logging in is possible here: under TLS, or for the machine itself. */
  mayLogIn(settings: Settings): boolean {
    return settings.services[this.service].auth && (this.tls || isLoopback(this.ip))
  }

  /** What binds a login to this TLS connection; undefined without TLS. */
  channelBindings(ports: Ports): ChannelBindings | undefined {
    const { tls } = this.wire
    if (tls !== undefined) this.#bindings ??= channelBindingsOf(tls, ports.certificate())
    return this.#bindings
  }

  /** Everything the rules found so far of this session and its transaction. */
  findings(): readonly Finding[] {
    const ofTransaction = this.#transaction?.findings ?? []
    return [...this.connectFindings, ...this.helloFindings, ...(this.#observed?.values() ?? []), ...ofTransaction]
  }

  /** Keep what was only observed: it belongs to no message, and yet into the record. */
  observe(findings: readonly Finding[]): void {
    for (const finding of findings) {
      if (finding.is !== 'observe') continue
      this.#observed ??= new Map()
      this.#observed.set(finding.rule, finding)
    }
  }

  /** Begin a question to the gate with what is known of the session and its transaction. */
  subject(): Asking {
    const subject: Asking = {
      service: this.service,
      ip: this.ip,
      tls: this.tls,
      loginFailed: this.loginFailed,
      failedCommands: this.failedCommands,
    }
    if (this.helo !== undefined) subject.helo = this.helo
    if (this.user !== undefined) subject.user = this.user
    const tx = this.#transaction
    if (tx !== undefined) {
      subject.sender = tx.sender
      subject.recipientCount = tx.recipients.length
      if (tx.newRecipients.size > 0) subject.newRecipientCount = tx.newRecipients.size
      if (tx.parameters.sizeBytes !== undefined) subject.declaredBytes = tx.parameters.sizeBytes
    }
    return subject
  }
}

function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.')
}
