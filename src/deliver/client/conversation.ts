import { isAscii } from '#base/ascii.ts'
import { messageOf } from '#base/fault.ts'
import type { Hop, Outcome, Trouble } from '#queue/contract.ts'
import { isSendable } from '#smtp/envelope-commands.ts'
import type { Conversation, Envelope } from '../contract.ts'
import { breakLine, type Line, Transaction } from './transaction.ts'
import { lostAt, troubleAt } from './trouble.ts'

/** How long the answer to QUIT is waited for. */
const QUIT_MS = 3_000

/** A connection over which transactions go, one at a time. */
export class SmtpConversation implements Conversation {
  messages = 0
  readonly #line: Line

  constructor(line: Line) {
    this.#line = line
  }

  get hop(): Hop {
    return this.#line.hop
  }

  get isOpen(): boolean {
    const { isBroken, leaving, wire } = this.#line
    return !isBroken && leaving === undefined && wire.isInStep
  }

  async send(envelope: Envelope): Promise<readonly Outcome[]> {
    const unfit = this.#unfit(envelope)
    if (unfit !== undefined) return envelope.recipients.map(() => unfit)
    try {
      const outcomes = await new Transaction(this.#line, envelope).run()
      this.messages++
      return outcomes
    } catch (error) {
      // The content cannot be read. Half of it must not become a message.
      breakLine(this.#line)
      const because = `Cannot read the message to send it to ${this.hop.host}: ${messageOf(error)}`
      const trouble = troubleAt('4.3.0', because, { hop: this.hop, stage: 'message', scope: 'message' })
      return envelope.recipients.map(() => trouble)
    }
  }

  close(): void {
    const { wire } = this.#line
    if (this.isOpen) {
      wire.write('QUIT\r\n')
      wire.close(QUIT_MS)
    } else wire.close()
    this.#line.isBroken = true
  }

  /** Say why a message cannot go to this server at all; undefined when it can. */
  #unfit({ returnPath, requireTls, sizeBytes, smtputf8 }: Envelope): Trouble | undefined {
    const { hop, can, wire } = this.#line
    const place = { hop, stage: 'mail', scope: 'message' } as const
    if (!this.isOpen) {
      const lost = wire.lost ?? { lost: 'sent what it was not asked for' }
      breakLine(this.#line)
      return lostAt(lost, 'before MAIL', { ...place, scope: 'server' })
    }
    // RFC 8689 §4.2.1: the message goes to no server that would not keep to it; another one may.
    if (requireTls === true && (hop.tls === undefined || !can.requireTls)) {
      const lacking = hop.tls === undefined ? 'TLS' : 'REQUIRETLS'
      const because = `The message asks for REQUIRETLS, and ${hop.host} does not offer ${lacking}`
      return troubleAt('5.7.30', because, { ...place, scope: 'server' })
    }
    // RFC 1870 §6.1: what will be refused need not be tried.
    if (can.maxBytes !== undefined && sizeBytes > can.maxBytes) {
      const because = `The message has ${sizeBytes} bytes, and ${hop.host} takes ${can.maxBytes} at most`
      return troubleAt('5.3.4', because, place)
    }
    // RFC 6531 §3.5: there is no way to say it in ASCII.
    if (!can.smtputf8 && (smtputf8 === true || !isAscii(returnPath))) {
      return troubleAt('5.6.7', `The message needs SMTPUTF8, which ${hop.host} does not offer`, place)
    }
    if (returnPath !== '' && !isSendable(returnPath)) {
      return troubleAt('5.1.7', `The sender ${JSON.stringify(returnPath)} cannot be written in MAIL`, place)
    }
    return undefined
  }
}
