import type { FactReaders } from '#gate/facts.ts'
import { judge } from '#gate/judge.ts'
import type { Finding, Verdict } from '#gate/record.ts'
import { formatStory, type Story } from '#gate/story.ts'
import type { Stage, Subject } from '#gate/subject.ts'
import { formatReply, isDeferral, type ReplyName } from '#smtp/replies.ts'
import type { Refusal } from './answer.ts'
import type { Ports } from './ports.ts'
import type { Session } from './session.ts'

/** The ports as the commands get them. */
export type Desk = Ports

/** What the gate said: the findings, and the refusal if it is one. */
export interface Ruling {
  readonly refusal: Refusal | undefined
  readonly findings: readonly Finding[]
  /** The message is to be taken, and thrown away. */
  readonly discard?: Extract<Verdict, { is: 'discard' }>
}

/** Ask the gate at a stage. A refusal is recorded, and has its reference, when this returns; sentences are handed on. */
export async function consult(
  stage: Stage,
  subject: Subject,
  session: Session,
  desk: Desk,
  facts: FactReaders<Subject> = desk.facts,
): Promise<Ruling> {
  const { verdict, findings, sentences, trouble } = await judge(stage, subject, facts, desk.settings())
  // The client is put off; whoever runs the server must hear why, a bug with its stack.
  if (trouble !== undefined) desk.events.faulted({ what: `judging at ${stage}`, error: trouble })
  // Who lifts a block is led to the record behind it: the refusal's, or else the next of the session, whatever that will be.
  if (sentences.length > 0) session.named ??= desk.records.reserve()
  const named = session.named?.ref
  const ruling = rule(stage, subject, verdict, findings, session, desk)
  for (const sentence of sentences) desk.sentence(sentence, named)
  return ruling
}

function rule(
  stage: Stage,
  subject: Subject,
  verdict: Verdict,
  findings: readonly Finding[],
  session: Session,
  desk: Desk,
): Ruling {
  switch (verdict.is) {
    case 'accept':
      return { refusal: undefined, findings }
    case 'discard':
      return { refusal: undefined, findings, discard: verdict }
    case 'refuse':
    case 'defer': {
      const { reply, rule: name, because, ref } = verdict
      if (ref === undefined) {
        return { refusal: refuse({ stage, subject, reply, rule: name, because, findings }, session, desk), findings }
      }
      // The record that tells why stands already: a client that keeps coming writes nothing.
      session.refusals += 1
      return { refusal: { reply, ref }, findings }
    }
  }
}

/** A decision against the client, by a rule of the gate or of the protocol itself. */
export interface Ground {
  readonly stage: Stage
  readonly subject: Subject
  readonly reply: ReplyName
  readonly rule: string
  readonly because: string
  readonly findings: readonly Finding[]
}

/** Refuse: give the decision its number, keep its record, tell the events. */
export function refuse(ground: Ground, session: Session, desk: Desk): Refusal {
  const { stage, subject, reply, rule, because } = ground
  const { ip, service, transaction: tx } = session
  session.refusals += 1
  const sender = subject.sender
  const recipients =
    subject.recipient === undefined ? (tx?.recipients.map(({ address }) => address) ?? []) : [subject.recipient]
  const outcome = isDeferral(reply) ? 'deferred' : 'refused'
  const ref = desk.records.keep(session.occasion(rule, outcome), (id, name, atMs) => {
    // What was found of other recipients says nothing about this one.
    const found = session.findings()
    const before = stage === 'recipient' ? found.filter(({ of }) => of === undefined) : found
    const story = { ...storyOf(session), stage, rule, because, findings: [...before, ...ground.findings] }
    return {
      id,
      atMs,
      outcome,
      service,
      ip,
      recipients,
      reply: formatReply(reply, name),
      story: formatStory(story),
      ...(sender === undefined ? {} : { sender }),
    }
  })
  desk.events.refused({
    service,
    ip,
    ref,
    stage,
    rule,
    because,
    reply: formatReply(reply, ref),
    ...(sender === undefined ? {} : { sender }),
    ...(subject.recipient === undefined ? {} : { recipient: subject.recipient }),
    ...(session.user === undefined ? {} : { user: session.user }),
  })
  return { reply, ref }
}

/** Give the part of a story that the session tells. */
export function storyOf({ service, tls, helo, user }: Session): Omit<Story, 'findings'> {
  return { service, tls, ...(helo === undefined ? {} : { helo }), ...(user === undefined ? {} : { user }) }
}
