import { isAscii } from '#base/ascii.ts'
import type { Hop, Outcome, Stage, Trouble } from '#queue/contract.ts'
import type { Capabilities } from '#smtp/capabilities.ts'
import { formatMail, formatRcpt, isSendable } from '#smtp/envelope-commands.ts'
import type { Reply } from '#smtp/reply-reader.ts'
import type { Envelope, EnvelopeRecipient } from '../contract.ts'
import { gatherContent, sendContent } from './content.ts'
import { distrustChunking } from './distrusted-chunking.ts'
import { isPositive, lostAt, type Place, refusedBy, troubleAt } from './trouble.ts'
import { isLost, type Lost, type Wire } from './wire.ts'

/** RFC 5321 §4.5.3.2.2 and §4.5.3.2.3. */
const COMMAND_MS = 300_000
/** RFC 5321 §4.5.3.2.4. */
const DATA_MS = 120_000
/** RFC 5321 §4.5.3.2.6. */
const END_MS = 600_000
/** All answers to the commands of one transaction together: a server that drips them holds nothing for hours. */
const COMMANDS_MS = 900_000
/**
 * The whole content: RFC 5321 §4.5.3.2.5 gives each block three minutes, which for a long message is days. Who is slower than this
 * (32 kbit/s) holds a delivery that others wait for.
 */
const CONTENT_MS = 600_000
const CONTENT_BYTES_A_SECOND = 4096
/** All answers to a message over LMTP (RFC 2033 §4.2): each recipient's may take its time, not all of them one after the other. */
const ENDS_MS = 1_800_000

/** Up to this size a message goes out with its commands, before anything is answered: refused, it has cost little. */
const AT_ONCE_BYTES = 64 * 1024

const COMMANDS: { readonly [S in Stage]?: string } = {
  mail: 'MAIL',
  rcpt: 'RCPT',
  data: 'DATA',
  message: 'the message',
}

/** What has gone out before the first answer is waited for: without PIPELINING nothing. */
type Sent = 'nothing' | 'commands' | 'all'

/** RFC 5321 §4.2.3: the command is not known, not implemented, or out of order. */
const NOT_KNOWN: ReadonlySet<number> = new Set([500, 502, 503])

const LEAVING: Lost = { lost: 'is leaving' }

/** A line to a server, and what is left over from one transaction to the next. */
export interface Line {
  readonly wire: Wire
  readonly hop: Hop
  readonly protocol: 'smtp' | 'lmtp'
  readonly can: Capabilities
  /** The server said 421: what it says after that is heard, and nothing more is asked of it (RFC 5321 §3.8). */
  leaving?: Reply
  /** Nothing more may go over it. */
  isBroken: boolean
  /** A transaction was begun and not ended: RSET comes before the next. */
  isUnfinished: boolean
}

/** One transaction over a line (RFC 5321 §3.3). `run` is called once. */
export class Transaction {
  readonly #line: Line
  readonly #envelope: Envelope
  /** An outcome for each recipient that has one. */
  readonly #outcomes: (Outcome | undefined)[]
  /** Recipients that RCPT was taken for, by their place in the envelope. */
  readonly #taken: number[] = []
  #stage: Stage = 'mail'
  #isAnswered = false
  /** The whole content has gone out: the server may have the message. */
  #isContentSent = false

  constructor(line: Line, envelope: Envelope) {
    this.#line = line
    this.#envelope = envelope
    this.#outcomes = envelope.recipients.map((recipient) => this.#unnamable(recipient))
  }

  /** Send the message; gives an outcome for each recipient. Rejects when the content cannot be read: the line is broken then. */
  async run(): Promise<readonly Outcome[]> {
    const rest = this.#outcomes.includes(undefined) ? await this.#go() : undefined
    return this.#outcomes.map((outcome) => outcome ?? rest ?? this.#outOfStep('left a recipient without an answer'))
  }

  /** Go on as far as the server lets us; gives the trouble of all recipients that have no outcome yet. */
  async #go(): Promise<Trouble | undefined> {
    const line = this.#line
    line.wire.bound(COMMANDS_MS)
    this.#at('mail')
    const resets = line.isUnfinished
    line.isUnfinished = true
    const sent = line.can.pipelining ? await this.#sendTogether(resets) : 'nothing'
    const refused = (resets ? await this.#reset(sent) : undefined) ?? (await this.#mail(sent))
    if (refused !== undefined && (sent === 'nothing' || line.isBroken)) return refused
    // What was sent together is answered to the end, whatever becomes of it.
    const trouble = (await this.#recipients(sent, refused !== undefined)) ?? (await this.#message(sent))
    return refused ?? trouble
  }

  /**
   * Write all commands at once (RFC 2920 §3.1): RSET, MAIL and RCPT in any order, DATA as the last; or, for a small message and a
   * server that counts octets, BDAT with all of them (RFC 3030 §4.2), which makes one round trip of it.
   */
  async #sendTogether(resets: boolean): Promise<Sent> {
    const { wire, can } = this.#line
    const envelope = this.#envelope
    let group = (resets ? 'RSET\r\n' : '') + this.#mailCommand()
    for (const [index, recipient] of envelope.recipients.entries()) {
      if (this.#outcomes[index] === undefined) group += formatRcpt(recipient, can)
    }
    if (!can.chunking || envelope.sizeBytes > AT_ONCE_BYTES) {
      wire.write(`${group}DATA\r\n`)
      return 'commands'
    }
    const { octets, bytes } = await gatherContent(envelope, group)
    wire.write(octets)
    envelope.sent(bytes)
    this.#isContentSent = true
    return 'all'
  }

  async #reset(sent: Sent): Promise<Trouble | undefined> {
    if (sent === 'nothing') this.#line.wire.write('RSET\r\n')
    const answer = await this.#hear(COMMAND_MS)
    if (isLost(answer)) return this.#gone(answer)
    if (isPositive(answer)) return undefined
    // RFC 5321 §4.1.1.5: it cannot be refused. The answers that follow may be to anything.
    breakLine(this.#line)
    return refusedBy(answer, 'RSET', { hop: this.#line.hop, stage: 'mail', scope: 'server' }, 'deferred')
  }

  async #mail(sent: Sent): Promise<Trouble | undefined> {
    if (sent === 'nothing') this.#line.wire.write(this.#mailCommand())
    const answer = await this.#hear(COMMAND_MS)
    if (isLost(answer)) return this.#gone(answer)
    return isPositive(answer) ? undefined : this.#refused(answer, 'MAIL', 'message')
  }

  async #recipients(sent: Sent, mailRefused: boolean): Promise<Trouble | undefined> {
    const line = this.#line
    this.#at('rcpt')
    for (const [index, recipient] of this.#envelope.recipients.entries()) {
      if (this.#outcomes[index] !== undefined) continue
      if (sent === 'nothing') line.wire.write(formatRcpt(recipient, line.can))
      const answer = await this.#hear(COMMAND_MS)
      if (isLost(answer)) return this.#gone(answer)
      if (mailRefused) continue
      if (isPositive(answer)) this.#taken.push(index)
      else this.#outcomes[index] = this.#recipientRefused(answer)
      if (sent === 'nothing' && line.leaving !== undefined) return this.#gone(LEAVING)
    }
    return undefined
  }

  async #message(sent: Sent): Promise<Trouble | undefined> {
    const { wire } = this.#line
    if (sent === 'all') {
      this.#at('message')
      return this.#end('BDAT')
    }
    if (sent === 'nothing' && this.#taken.length === 0) return undefined
    this.#at('data')
    if (sent === 'nothing') wire.write('DATA\r\n')
    const answer = await this.#hear(DATA_MS)
    if (isLost(answer)) return this.#gone(answer)
    if (this.#taken.length === 0) {
      // RFC 2920 §3.1: without a recipient the server may wait for a message all the same. It gets an empty one, for nobody.
      if (answer.code === 354) {
        wire.write('.\r\n')
        await this.#hear(END_MS)
      }
      return undefined
    }
    if (isPositive(answer)) return this.#outOfStep(`answered ${answer.code} to DATA, where 354 was due,`)
    return answer.code === 354 ? this.#content() : this.#refused(answer, 'DATA', 'message')
  }

  async #content(): Promise<Trouble | undefined> {
    const line = this.#line
    this.#at('message')
    line.wire.bound(CONTENT_MS + Math.ceil(this.#envelope.sizeBytes / CONTENT_BYTES_A_SECOND) * 1000)
    if (!line.wire.isInStep) return this.#outOfStep('sent more than 354 to DATA')
    const early = await sendContent(this.#envelope, line.wire)
    if (early === undefined) {
      this.#isContentSent = true
      return this.#end('the message')
    }
    // What was sent so far must not be ended, or it would be a message.
    breakLine(line)
    if (isLost(early)) return this.#gone(early)
    if (early.code < 400) return this.#outOfStep(`answered ${early.code} before the message had ended,`)
    return this.#refused(early, 'the message', 'message')
  }

  /** Hear what became of the message: one answer, or over LMTP one for each recipient that was taken (RFC 2033 §4.2). */
  async #end(command: 'BDAT' | 'the message'): Promise<Trouble | undefined> {
    const line = this.#line
    line.wire.bound(ENDS_MS)
    const each = line.protocol === 'lmtp' && this.#taken.length > 0
    let isTaken = false
    for (const indices of each ? this.#taken.map((index) => [index]) : [this.#taken]) {
      const answer = await this.#hear(END_MS)
      if (isLost(answer)) return this.#gone(answer)
      if (command === 'BDAT' && NOT_KNOWN.has(answer.code) && this.#taken.length > 0)
        return this.#chunkingFailed(answer)
      const outcome: Outcome = isPositive(answer)
        ? { is: 'delivered', hop: line.hop, reply: answer, passedDsn: line.can.dsn }
        : this.#refused(answer, command, each ? 'recipient' : 'message')
      for (const index of indices) this.#outcomes[index] = outcome
      isTaken ||= outcome.is === 'delivered'
    }
    // RFC 5321 §4.1.1.4: the end of the data ends the transaction, but after a BDAT that failed it is RSET that does (RFC 3030 §2).
    if (command !== 'BDAT' || isTaken) line.isUnfinished = false
    return undefined
  }

  /** A server that does not know what it offers has taken the content for commands. The next try goes by DATA. */
  #chunkingFailed(answer: Reply): Trouble {
    const { hop } = this.#line
    breakLine(this.#line)
    distrustChunking(hop.ip ?? hop.host)
    return refusedBy(answer, 'BDAT', { hop, stage: this.#stage, scope: 'message' }, 'deferred')
  }

  #mailCommand(): string {
    const envelope = this.#envelope
    const smtputf8 =
      envelope.smtputf8 === true ||
      !isAscii(envelope.returnPath) ||
      envelope.recipients.some(({ recipient }) => !isAscii(recipient))
    return formatMail(smtputf8 ? { ...envelope, smtputf8 } : envelope, this.#line.can)
  }

  /** Say why a recipient cannot be named to this server; undefined when it can. */
  #unnamable({ recipient }: EnvelopeRecipient): Trouble | undefined {
    const { hop, can } = this.#line
    const place = { hop, stage: 'rcpt', scope: 'recipient' } as const
    if (!isSendable(recipient)) {
      return troubleAt('5.1.3', `The recipient ${JSON.stringify(recipient)} cannot be written in RCPT`, place)
    }
    // RFC 6531 §3.5
    if (can.smtputf8 || isAscii(recipient)) return undefined
    return troubleAt('5.6.7', `The recipient ${recipient} needs SMTPUTF8, which ${hop.host} does not offer`, place)
  }

  /** RFC 5321 §4.5.3.1.10: 552 after recipients that were taken means that they are too many; this one is sent again. */
  #recipientRefused(answer: Reply): Trouble {
    const isTooMany = answer.code === 552 && this.#taken.length > 0 && answer.status?.startsWith('5.2.') !== true
    return this.#refused(answer, 'RCPT', 'recipient', isTooMany ? 'deferred' : undefined)
  }

  #refused(answer: Reply, command: string, scope: Place['scope'], is?: Trouble['is']): Trouble {
    // 3xx where none is due: the server waits for something that will not come.
    if (answer.code < 400) breakLine(this.#line)
    return refusedBy(answer, command, { hop: this.#line.hop, stage: this.#stage, scope }, is)
  }

  #outOfStep(lost: string): Trouble {
    breakLine(this.#line)
    return this.#gone({ lost })
  }

  /** Wait for the next reply. */
  async #hear(limitMs: number): Promise<Reply | Lost> {
    const answer = await this.#line.wire.reply(limitMs)
    if (isLost(answer)) breakLine(this.#line)
    else {
      this.#isAnswered = true
      if (answer.code === 421) this.#line.leaving = answer
    }
    return answer
  }

  /**
   * Give the trouble of a line that is gone. Where the server cannot have the message, another may be tried at once; where it may have
   * it, because only the last answer did not come, that would make two of it (RFC 1047).
   */
  #gone(lost: Lost): Trouble {
    const { hop, leaving } = this.#line
    const stage = this.#stage
    const command = COMMANDS[stage] ?? 'what it was sent'
    const mayHaveIt = this.#isContentSent && (this.#isAnswered || lost.late === true)
    if (mayHaveIt) return lostAt(lost, `before it answered ${command}`, { hop, stage, scope: 'message' })
    const place = { hop, stage, scope: 'server' } as const
    return leaving === undefined
      ? lostAt(lost, `before it answered ${command}`, place)
      : refusedBy(leaving, command, place)
  }

  #at(stage: Stage): void {
    this.#stage = stage
    this.#envelope.at?.(stage, this.#line.hop)
  }
}

/** Close a line for good: nothing more is said on it, not even QUIT. */
export function breakLine(line: Line): void {
  if (line.isBroken) return
  line.isBroken = true
  line.wire.close()
}
