import type { Destination, FactReaders } from '#gate/facts.ts'
import { judge } from '#gate/judge.ts'
import type { Finding, Judgement, Verdict } from '#gate/record.ts'
import type { Stage, Subject } from '#gate/subject.ts'
import type { ServiceName, Settings } from '#settings/schema.ts'
import { parseForwardPath, parseReversePath } from '#smtp/path.ts'
import { formatReply } from '#smtp/replies.ts'

/** A session that never was: who would come, and what it would say. */
export interface Hypothetical {
  readonly service: Extract<ServiceName, 'smtp' | 'submission' | 'submissions'>
  readonly ip: string
  readonly tls: boolean
  readonly helo?: string
  /** The user (address) it would have logged in as. */
  readonly user?: string
  /** Minutes since a POP3 login from its address; absent: what is remembered of that address. */
  readonly popBeforeMinutes?: number
  /** The reverse path, `''` for the null sender. */
  readonly sender: string
  readonly recipients: readonly string[]
  /** Absent: no message is looked at, only its envelope. */
  readonly message?: { readonly sizeBytes: number; readonly hops: number }
}

/** One stage of the trial, as the gate judged it. */
export interface TrialStage {
  readonly stage: Stage
  /** The recipient, at that stage. */
  readonly of?: string
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  /** What the client would be told, without the reference; absent where it would be told nothing of note. */
  readonly reply?: string
}

export interface Trial {
  /** `partly`: some recipients would be taken, others not. */
  readonly outcome: 'accepted' | 'partly' | 'refused' | 'deferred'
  readonly stages: readonly TrialStage[]
}

/**
 * Judge a session that never was, with the gate that judges real ones. `readers` must change nothing; a session that a stage
 * refuses ends there, as a real one would; recipients are judged one by one.
 */
export async function tryOut(asked: Hypothetical, readers: FactReaders<Subject>, settings: Settings): Promise<Trial> {
  const facts = withHypotheses(asked, readers)
  const stages: TrialStage[] = []

  async function stage(name: Stage, subject: Subject): Promise<Judgement> {
    const judgement = await judge(name, subject, facts, settings)
    const { verdict, findings } = judgement
    stages.push({
      stage: name,
      ...(name === 'recipient' && subject.recipient !== undefined ? { of: subject.recipient } : {}),
      verdict,
      findings,
      ...replyOf(name, verdict),
    })
    return judgement
  }

  let subject: Subject = {
    service: asked.service,
    ip: asked.ip,
    tls: asked.tls || asked.service === 'submissions',
    loginFailed: false,
    failedCommands: 0,
  }
  const end = (verdict: Verdict): Trial => ({ outcome: outcomeOf(verdict), stages })

  const connected = await stage('connect', subject)
  if (connected.verdict.is !== 'accept') return end(connected.verdict)

  subject = { ...subject, helo: asked.helo ?? `[${asked.ip}]` }
  const greeted = await stage('hello', subject)
  if (greeted.verdict.is !== 'accept') return end(greeted.verdict)

  if (asked.user !== undefined) {
    subject = { ...subject, user: asked.user }
    const loggedIn = await stage('login', subject)
    if (loggedIn.verdict.is !== 'accept') return end(loggedIn.verdict)
  }

  const declared = asked.message === undefined ? {} : { declaredBytes: asked.message.sizeBytes }
  subject = { ...subject, sender: asked.sender, ...declared }
  const sent = await stage('sender', subject)
  if (sent.verdict.is !== 'accept') return end(sent.verdict)

  let taken = 0
  let refusal: Verdict | undefined
  for (const recipient of asked.recipients) {
    const { verdict } = await stage('recipient', { ...subject, recipient, recipientCount: taken })
    if (verdict.is === 'accept') taken += 1
    // A refusal for good outweighs one for now: that is what the sender would be told of first.
    else if (refusal === undefined || verdict.is === 'refuse') refusal = verdict
  }
  if (taken === 0) return end(refusal ?? { is: 'accept' })

  if (asked.message !== undefined) {
    const { sizeBytes, hops } = asked.message
    const { verdict } = await stage('message', { ...subject, recipientCount: taken, messageBytes: sizeBytes, hops })
    if (verdict.is !== 'accept') return end(verdict)
  }
  return { outcome: refusal === undefined ? 'accepted' : 'partly', stages }
}

/** Read a sender as a session would (with or without the angle brackets); undefined where it would answer with an error. */
export function readSender(text: string): string | undefined {
  const path = parseReversePath(bracketed(text))
  return path?.rest === '' ? path.address : undefined
}

/** Read a recipient as a session would; undefined where it would answer with an error. */
export function readRecipient(text: string): string | undefined {
  const path = parseForwardPath(bracketed(text))
  return path?.rest === '' ? path.address : undefined
}

function bracketed(text: string): string {
  return text.startsWith('<') ? text : `<${text}>`
}

function outcomeOf(verdict: Verdict): Trial['outcome'] {
  if (verdict.is === 'accept') return 'accepted'
  return verdict.is === 'refuse' ? 'refused' : 'deferred'
}

function replyOf(stage: Stage, verdict: Verdict): { readonly reply?: string } {
  if (verdict.is !== 'accept') return { reply: formatReply(verdict.reply) }
  if (stage === 'sender') return { reply: formatReply('senderOk') }
  if (stage === 'recipient') return { reply: formatReply('recipientOk') }
  return {}
}

/** Put what was asked to be supposed in the place of what is. */
function withHypotheses(asked: Hypothetical, readers: FactReaders<Subject>): FactReaders<Subject> {
  const known = new Map<string, Destination | Promise<Destination>>()
  const { popBeforeMinutes } = asked
  return {
    ...readers,
    // The same recipient twice is one look-up.
    destination: (subject) => {
      const recipient = subject.recipient ?? ''
      const found = known.get(recipient) ?? readers.destination(subject)
      known.set(recipient, found)
      return found
    },
    ...(popBeforeMinutes === undefined ? {} : { sincePopLoginMs: () => popBeforeMinutes * 60_000 }),
  }
}
