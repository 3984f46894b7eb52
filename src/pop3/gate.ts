import { judge } from '#gate/judge.ts'
import type { Finding, Sentence, Verdict } from '#gate/record.ts'
import { formatStory } from '#gate/story.ts'
import type { DeniedLogin, Stage, Subject } from '#gate/subject.ts'
import type { Reference } from '#store/records.ts'
import type { Pop3Ports } from './ports.ts'
import { formatReply, type Refusal, type ReplyName } from './replies.ts'
import type { Session } from './session.ts'

type AskedStage = Extract<Stage, 'connect' | 'login' | 'command'>
type Against = Extract<Verdict, { is: 'refuse' | 'defer' }>

/** Ask the gate about a session at one stage; a refusal is recorded and told to the events before it is given back. */
export async function askGate(
  stage: AskedStage,
  session: Session,
  ports: Pop3Ports,
  more: { readonly user?: string; readonly deniedLogin?: DeniedLogin; readonly refusedByRule?: true } = {},
): Promise<Refusal | undefined> {
  const { tag, user, failedCommands, failedLogins } = session
  const subject: Subject = {
    ...tag,
    service: session.service,
    tls: session.tls,
    loginFailed: user === undefined && failedLogins > 0,
    failedCommands,
    ...(user === undefined ? {} : { user }),
    ...more,
  }
  const { verdict, findings, sentences, trouble } = await judge(stage, subject, ports.facts, ports.settings())
  if (trouble !== undefined) ports.events.faulted({ what: `judging at ${stage}`, error: trouble })
  // Nothing that is asked here can be discarded: that is for messages.
  const against = verdict.is === 'refuse' || verdict.is === 'defer' ? verdict : undefined
  const observed = findings.filter(
    ({ is, rule }) => is === 'observe' && !session.findings.some((one) => one.rule === rule),
  )
  if (against === undefined) session.findings = [...session.findings, ...(stage === 'connect' ? findings : observed)]
  else session.refusals += 1
  // Who lifts a block is led to the record behind it, which therefore is not one of many.
  const named = sentences.length > 0 ? ports.records.reserve() : undefined
  const refusal = against && refuse(stage, subject, against, [...session.findings, ...findings], named, ports)
  for (const sentence of sentences) carryOut(sentence, refusal?.ref, ports)
  return refusal
}

/** Leave a record of a session that has none yet. */
export function leaveRecord(session: Session, why: string, { records }: Pop3Ports): void {
  const { tag, tls, user, commands, failedCommands, findings } = session
  if (session.refusals > 0) return
  const who = user === undefined ? {} : { user }
  records.keep({ ip: tag.ip, rule: why, outcome: 'ended', ...who }, (id, _ref, atMs) => ({
    id,
    atMs,
    outcome: 'ended',
    ...tag,
    recipients: [],
    reply: '',
    story: formatStory({ service: tag.service, tls, ...who, because: why, commands, failedCommands, findings }),
  }))
}

/** An account is stopped by what it sends: where it reads its mail from is its own affair. */
function carryOut(sentence: Sentence, ref: string | undefined, ports: Pop3Ports): void {
  if (sentence.is !== 'freeze') ports.sentence(sentence, ref)
}

function refuse(
  stage: AskedStage,
  subject: Subject,
  verdict: Against,
  findings: readonly Finding[],
  named: Reference | undefined,
  ports: Pop3Ports,
): Refusal {
  const { rule, because } = verdict
  const name = replyNameOf(stage, verdict)
  // The record that tells why stands already: a client that keeps coming writes nothing.
  if (verdict.ref !== undefined) return { is: 'refusal', reply: name, ref: verdict.ref }
  const { ip, service, tls, user } = subject
  const who = user === undefined ? {} : { user }
  const outcome = verdict.is === 'defer' ? 'deferred' : 'refused'
  const ref = ports.records.keep({ ip, rule, outcome, under: named, ...who }, (id, made, atMs) => {
    const story = formatStory({ service, tls, ...who, stage, rule, because, findings })
    const reply = formatReply(name, made).trimEnd()
    return { id, atMs, outcome, service, ip, recipients: [], reply, story }
  })
  ports.events.refused({
    service,
    ip,
    ref,
    stage,
    rule,
    because,
    reply: formatReply(name, ref).trimEnd(),
    ...who,
  })
  return { is: 'refusal', reply: name, ref }
}

/** The gate names SMTP's replies; a deferral, and a service that is full, are both "try later" here. */
function replyNameOf(stage: AskedStage, { is, reply, rule }: Against): ReplyName {
  if (reply === 'addressBlocked') return 'addressBlocked'
  if (reply === 'addressRefused') return 'addressRefused'
  if (stage === 'login') return rule === 'sign-in' ? 'loginDenied' : 'loginUnavailable'
  if (stage === 'command') return 'tooManyErrors'
  return is === 'defer' || reply === 'tooManyConnections' ? 'tryLater' : 'serviceNotForYou'
}
