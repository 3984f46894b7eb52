import { judge } from '#gate/judge.ts'
import { formatStory } from '#gate/story.ts'
import type { Stage } from '#gate/subject.ts'
import type { Pop3Ports } from './ports.ts'
import { formatReply, type ReplyName } from './replies.ts'
import type { Session } from './session.ts'

/** A refusal by the gate, in the words of this protocol, and the reference that its record is found by. */
export interface Refusal {
  readonly reply: ReplyName
  readonly ref: string
}

/** Ask the gate about a session at one stage; a refusal is recorded and told to the events before it is given back. */
export async function askGate(
  stage: Extract<Stage, 'connect' | 'command'>,
  session: Session,
  ports: Pop3Ports,
): Promise<Refusal | undefined> {
  const { tag, user, failedCommands, failedLogins } = session
  const { tls } = session
  const subject = {
    ...tag,
    service: session.service,
    tls,
    loginFailed: user === undefined && failedLogins > 0,
    failedCommands,
    ...(user === undefined ? {} : { user }),
  }
  const { verdict, findings } = await judge(stage, subject, ports.facts, ports.settings())
  if (verdict.is === 'accept') return undefined

  const { rule, because } = verdict
  const { id, ref } = ports.nextReference()
  const name = replyNameOf(stage, verdict.is, verdict.reply)
  const reply = formatReply(name, ref).trimEnd()
  const who = user === undefined ? {} : { user }
  ports.events.refused({ ...tag, ref, stage, rule, because, reply, ...who })
  const story = formatStory({ service: session.service, tls, ...who, stage, rule, because, findings })
  const outcome = verdict.is === 'defer' ? 'deferred' : 'refused'
  const record = { id, atMs: ports.clock.nowMs(), outcome, ...tag, recipients: [], reply, story } as const
  ports.decisions.add([record]).catch((error: unknown) => {
    ports.events.faulted({ what: `keep the record of refusal ${ref}`, error })
  })
  return { reply: name, ref }
}

/** The gate names SMTP's replies; a deferral, and a service that is full, are both "try later" here. */
function replyNameOf(stage: Stage, is: 'refuse' | 'defer', smtpReply: string): ReplyName {
  if (stage === 'command') return 'tooManyErrors'
  return is === 'defer' || smtpReply === 'tooManyConnections' ? 'tryLater' : 'serviceNotForYou'
}
