import type { Destination, FactReaders } from '#gate/facts.ts'
import { judge } from '#gate/judge.ts'
import type { Verdict } from '#gate/record.ts'
import type { Stage, Subject } from '#gate/subject.ts'
import type { Settings } from '#settings/schema.ts'
import { closesSession, formatReply, isFailure } from '#smtp/replies.ts'
import type { Counted, Hypothetical, Trial, TrialStage } from './try.ts'

const ACCEPT: Verdict = { is: 'accept' }

/** A session that never was, held against the gate as the receiver would hold it. */
export class SupposedSession {
  readonly stages: TrialStage[] = []
  readonly #asked: Hypothetical
  readonly #settings: Settings
  readonly #facts: FactReaders<Subject>
  /** Recipients that the account never wrote to, and evidence, noted as the rules ask for them. */
  readonly #unknownTo = new Set<string>()
  #counted: Counted[] = []
  #subject: Subject

  constructor(asked: Hypothetical, readers: FactReaders<Subject>, settings: Settings) {
    this.#asked = asked
    this.#settings = settings
    this.#facts = this.#withHypotheses(readers)
    const { service, ip, tls } = asked
    this.#subject = { service, ip, tls: tls || service === 'submissions', loginFailed: false, failedCommands: 0 }
  }

  /** Hold it from the connection to the message, or to what ends it. */
  async hold(): Promise<Trial['outcome']> {
    const { talkedEarly = false, helo, ip, sender, message } = this.#asked
    const opening = [
      () => this.#ask('connect'),
      () => this.#ask('greeting', { talkedEarly }),
      () => this.#ask('hello', this.#now({ helo: helo ?? `[${ip}]` })),
      () => this.#logIn(),
      () => this.#ask('sender', this.#now({ sender, ...(message && { declaredBytes: message.sizeBytes }) })),
    ]
    for (const step of opening) {
      const verdict = await step()
      if (verdict.is !== 'accept') return outcomeOf(verdict)
    }
    return this.#send()
  }

  async #logIn(): Promise<Verdict> {
    const { failedLogin, user } = this.#asked
    if (failedLogin !== undefined) {
      this.#now({ loginFailed: true })
      const deniedLogin = { name: failedLogin, why: 'supposed to fail', guess: failedLogin }
      const denied = await this.#ask('login', { deniedLogin })
      // That it fails is what was asked for; only one too many ends the session.
      if (closes(denied)) return denied
    }
    if (user === undefined) return ACCEPT
    const verdict = await this.#ask('login', { user, loginFailed: false })
    // A login that is refused is none: what is counted against the client is counted against a stranger.
    if (verdict.is === 'accept') this.#now({ user, loginFailed: false })
    return verdict
  }

  async #send(): Promise<Trial['outcome']> {
    const { recipients, message } = this.#asked
    let refusal: Verdict | undefined
    let overflow: Verdict | undefined
    this.#now({ recipientCount: 0, newRecipientCount: 0 })
    for (const recipient of recipients) {
      const verdict =
        overflow === undefined ? await this.#ask('recipient', { recipient }) : this.#again(recipient, overflow)
      if (verdict.is === 'accept') {
        const { recipientCount = 0, newRecipientCount = 0 } = this.#subject
        const isNew = this.#unknownTo.has(recipient)
        this.#now({ recipientCount: recipientCount + 1, newRecipientCount: newRecipientCount + (isNew ? 1 : 0) })
        continue
      }
      // A refusal for good outweighs one for now: that is what the sender would be told of first.
      if (refusal === undefined || verdict.is === 'refuse') refusal = verdict
      if (closes(verdict)) return outcomeOf(verdict)
      if (isOverflow(verdict)) overflow = verdict
    }
    if (this.#subject.recipientCount === 0) return outcomeOf(refusal ?? ACCEPT)
    const content = message && { messageBytes: message.sizeBytes, hops: message.hops }
    const verdict = await this.#ask('message', { ...content })
    if (verdict.is !== 'accept') return outcomeOf(verdict)
    return refusal === undefined ? 'accepted' : 'partly'
  }

  /** Change what is known of the session from here on. */
  #now(change: Partial<Subject>): Partial<Subject> {
    this.#subject = { ...this.#subject, ...change }
    return change
  }

  /** Ask the gate at a stage; gives the verdict that the client would meet. */
  async #ask(stage: Stage, more: Partial<Subject> = {}): Promise<Verdict> {
    const subject = { ...this.#subject, ...more }
    const { verdict, findings, sentences } = await judge(stage, subject, this.#facts, this.#settings)
    const counted = this.#counted
    this.#counted = []
    this.stages.push({
      stage,
      ...(stage === 'recipient' && subject.recipient !== undefined ? { of: subject.recipient } : {}),
      verdict,
      findings,
      sentences,
      counted,
      ...replyOf(stage, verdict),
    })
    const isCommand = stage !== 'connect' && stage !== 'greeting' && stage !== 'command'
    return isCommand && 'reply' in verdict && isFailure(verdict.reply) ? this.#countFailure(verdict) : verdict
  }

  /** Count a command that failed: where it was one too many, that answer takes the place of the other. */
  async #countFailure(failed: Verdict): Promise<Verdict> {
    const at = this.stages.length - 1
    this.#now({ failedCommands: this.#subject.failedCommands + 1 })
    const verdict = await this.#ask('command', { refusedByRule: true })
    if (verdict.is === 'accept') return failed
    const { reply: _, ...silent } = this.stages[at] as TrialStage
    this.stages[at] = silent
    return verdict
  }

  /** RFC 5321 §4.5.3.1.10: once there were too many, a session tells the rest the same without looking at them. */
  #again(of: string, verdict: Verdict): Verdict {
    this.stages.push({
      stage: 'recipient',
      of,
      verdict,
      findings: [],
      sentences: [],
      counted: [],
      ...replyOf('recipient', verdict),
    })
    return verdict
  }

  /** Put what was asked to be supposed in the place of what is. */
  #withHypotheses(readers: FactReaders<Subject>): FactReaders<Subject> {
    const known = new Map<string, Destination | Promise<Destination>>()
    const { popBeforeMinutes } = this.#asked
    return {
      ...readers,
      // The same recipient twice is one look-up.
      destination: (subject) => {
        const recipient = subject.recipient ?? ''
        const found = known.get(recipient) ?? readers.destination(subject)
        known.set(recipient, found)
        return found
      },
      recipientKnown: async (subject) => {
        const isKnown = await readers.recipientKnown(subject)
        if (!isKnown) this.#unknownTo.add(subject.recipient ?? '')
        return isKnown
      },
      evidence: async (subject, kind) => {
        const tallies = await readers.evidence(subject, kind)
        this.#counted.push({ kind, tallies })
        return tallies
      },
      ...(popBeforeMinutes === undefined ? {} : { sincePopLoginMs: () => popBeforeMinutes * 60_000 }),
    }
  }
}

function closes(verdict: Verdict): boolean {
  return 'reply' in verdict && closesSession(verdict.reply)
}

function isOverflow(verdict: Verdict): boolean {
  return 'reply' in verdict && verdict.reply === 'tooManyRecipients'
}

function outcomeOf(verdict: Verdict): Trial['outcome'] {
  if (verdict.is === 'accept') return 'accepted'
  if (verdict.is === 'discard') return 'discarded'
  return verdict.is === 'refuse' ? 'refused' : 'deferred'
}

function replyOf(stage: Stage, verdict: Verdict): { readonly reply?: string } {
  // Who is discarded is told what everyone is told whose message is kept.
  if (verdict.is === 'discard') return { reply: formatReply('ok') }
  if (verdict.is !== 'accept') return { reply: formatReply(verdict.reply, verdict.ref) }
  if (stage === 'sender') return { reply: formatReply('senderOk') }
  if (stage === 'recipient') return { reply: formatReply('recipientOk') }
  if (stage === 'message') return { reply: formatReply('ok') }
  return {}
}
