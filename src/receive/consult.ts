import type { FactReaders } from '#gate/facts.ts'
import { judge } from '#gate/judge.ts'
import type { Finding } from '#gate/record.ts'
import { formatStory, type Story } from '#gate/story.ts'
import type { Stage, Subject } from '#gate/subject.ts'
import { formatReply, isDeferral, type ReplyName } from '#smtp/replies.ts'
import type { Refusal } from './answer.ts'
import type { Ports } from './ports.ts'
import type { RefusalRecords } from './refusal-records.ts'
import type { Session } from './session.ts'

/** The ports as the commands get them: the records of refusals are gathered on the way to the store. */
export interface Desk extends Ports {
  readonly refusals: RefusalRecords
}

/** What the gate said: the findings, and the refusal if it is one. */
export interface Ruling {
  readonly refusal: Refusal | undefined
  readonly findings: readonly Finding[]
}

/** Ask the gate at a stage. A refusal is recorded, and has its reference, when this returns. */
export async function consult(
  stage: Stage,
  subject: Subject,
  session: Session,
  desk: Desk,
  facts: FactReaders<Subject> = desk.facts,
): Promise<Ruling> {
  const { verdict, findings } = await judge(stage, subject, facts, desk.settings())
  if (verdict.is === 'accept') return { refusal: undefined, findings }
  const { reply, rule, because } = verdict
  return { refusal: refuse({ stage, subject, reply, rule, because, findings }, session, desk), findings }
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
  const { id, ref } = desk.nextReference()
  const { ip, service, transaction: tx } = session
  session.refusals += 1
  const line = formatReply(reply, ref)
  // What was found of other recipients says nothing about this one.
  const before = stage === 'recipient' ? session.findings().filter(({ of }) => of === undefined) : session.findings()
  const sender = subject.sender
  const recipients =
    subject.recipient === undefined ? (tx?.recipients.map(({ address }) => address) ?? []) : [subject.recipient]
  desk.refusals.add({
    id,
    atMs: desk.clock.nowMs(),
    outcome: isDeferral(reply) ? 'deferred' : 'refused',
    service,
    ip,
    recipients,
    reply: line,
    story: formatStory({
      ...storyOf(session),
      stage,
      rule,
      because,
      findings: [...before, ...ground.findings],
    }),
    ...(sender === undefined ? {} : { sender }),
  })
  desk.events.refused({
    service,
    ip,
    ref,
    stage,
    rule,
    because,
    reply: line,
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
