import { Fault, messageOf } from '#base/fault.ts'
import { HeaderScan } from '#message/header-scan.ts'
import { ContentCheck, type ContentFault } from '#smtp/data-reader.ts'
import { type BodyDraft, isStoreFull } from '#store/contract.ts'
import type { Answer } from './answer.ts'
import { consult, type Desk, refuse } from './consult.ts'
import { MessageBody } from './message-body.ts'
import type { Session } from './session.ts'

/**
 * A message while it comes. Once something speaks against it nothing more is kept, but the client goes on sending, since SMTP has
 * no way to stop it; the answer waits for the end.
 */
export class Intake {
  /** Octets that came, kept or not. */
  sizeBytes = 0
  readonly header = new HeaderScan()
  /** What will be answered in place of "kept", as soon as that is known. */
  answer: Answer | undefined
  readonly #session: Session
  readonly #desk: Desk
  readonly #body: MessageBody
  readonly #content = new ContentCheck()
  /** The gate has been asked about a size over the limit, and let it pass. */
  #isLarge = false
  #isHandedOver = false

  constructor(session: Session, desk: Desk) {
    this.#session = session
    this.#desk = desk
    this.#body = new MessageBody(desk.messages)
  }

  /** Take a piece; a promise when the store has to be waited for. */
  take(piece: Uint8Array): Promise<void> | undefined {
    this.sizeBytes += piece.length
    if (this.answer !== undefined) return undefined
    this.header.push(piece)
    const most = this.#desk.settings().session.maxMessageSize
    if (most !== 'unlimited' && this.sizeBytes > most && !this.#isLarge) return this.#takeLarge(piece)
    return this.#append(piece)
  }

  /** Take a piece of counted content, whose line ends nobody has looked at yet. */
  takeUnread(piece: Uint8Array): Promise<void> | undefined {
    if (this.answer === undefined) this.#content.push(piece)
    if (this.#content.fault !== undefined) this.refuseContent(this.#content.fault)
    return this.take(piece)
  }

  /** End counted content: a CR may not be its last octet. */
  finishUnread(): void {
    this.#content.finish()
    if (this.#content.fault !== undefined) this.refuseContent(this.#content.fault)
  }

  /**
   * Refuse the message for its octets (RFC 5321 §2.3.8, §4.1.1.4): servers do not agree on where its lines end, and what one reads as
   * text is commands to the next.
   */
  refuseContent(fault: ContentFault): void {
    if (this.answer !== undefined) return
    const because = `the message holds ${CONTENT_FAULTS[fault]}`
    const reply = fault === 'nul' ? 'nulInMessage' : 'bareLineEnd'
    const ground = { stage: 'message', reply, rule: 'line-ends', because, findings: [] } as const
    this.#give(refuse({ ...ground, subject: this.#session.subject() }, this.#session, this.#desk))
    const { service, ip } = this.#session
    this.#desk.events.protocolViolated({ service, ip, what: because })
  }

  /** Copy the beginning of the body, while it is still here. */
  head(): Uint8Array {
    return this.#body.head()
  }

  /** Give the whole body. A fault of the store becomes the answer. */
  async finish(): Promise<Uint8Array | BodyDraft | undefined> {
    try {
      return await this.#body.finish()
    } catch (error) {
      this.fail(error)
      return undefined
    }
  }

  /** Answer with trouble of ours; a bug goes on to whoever catches those. */
  fail(error: unknown): void {
    if (!(error instanceof Fault)) throw error
    this.#desk.events.faulted({ what: `keeping a message: ${messageOf(error)}`, error })
    this.#give(isStoreFull(error) ? 'systemFull' : 'fault')
  }

  /** The store has the message: there is nothing left to give up. */
  handOver(): void {
    this.#isHandedOver = true
  }

  /** Give up what is kept so far. */
  abandon(): void {
    if (!this.#isHandedOver) this.#body.abandon()
  }

  /** Ask at the moment the limit is passed, and not when a gigabyte has come. */
  async #takeLarge(piece: Uint8Array): Promise<void> {
    const subject = { ...this.#session.subject(), messageBytes: this.sizeBytes, hops: this.header.received }
    const { facts } = this.#desk
    // Nothing is counted yet: that is for when the message is whole, and asked about again.
    const looking = { ...facts, messageTaken: facts.messagesInHour, accountMessageTaken: facts.accountCounts }
    const { refusal } = await consult('message', subject, this.#session, this.#desk, looking)
    this.#isLarge = true
    if (refusal === undefined) await this.#append(piece)
    else this.#give(refusal)
  }

  #append(piece: Uint8Array): Promise<void> | undefined {
    try {
      return this.#body.append(piece)?.catch((error) => this.fail(error))
    } catch (error) {
      this.fail(error)
      return undefined
    }
  }

  #give(answer: Answer): void {
    this.answer = answer
    this.#body.abandon()
  }
}

const CONTENT_FAULTS: Readonly<Record<ContentFault, string>> = {
  bareCr: 'a CR without LF',
  bareLf: 'an LF without CR',
  nul: 'a NUL',
}
