import { Fault } from '#base/fault.ts'
import { formatStory } from '#gate/story.ts'
import { splitCommand } from '#smtp/command.ts'
import type { LineFault } from '#smtp/line-reader.ts'
import { closesSession, formatGreeting, formatReply, type ReplyName } from '#smtp/replies.ts'
import { type Answer, hasFailed, isAgainst, linesOf, replyOf } from './answer.ts'
import { answerUnknown, COMMANDS } from './command-table.ts'
import { consult, type Desk, storyOf } from './consult.ts'
import type { Session } from './session.ts'
import type { Transaction } from './transaction.ts'
import { Disconnected, Stopped, TimedOut } from './wire.ts'

/**
 * Octets of a command line, CRLF included: the 512 of RFC 5321 §4.5.3.1.4 and what the extensions add to MAIL and RCPT (RFC 1870 §3,
 * RFC 6152 §2, RFC 6531 §3.4, RFC 4954 §3, RFC 3461 §5: 1,181 together), and room for a SCRAM or PLAIN initial response.
 */
const COMMAND_LINE_OCTETS = 2048

/** Each refusal leaves a record on disk; a client that collects more of them than this, deferrals included, is not after mail. */
const MOST_REFUSALS = 1000

/** Why a session ended, where it was not the client's doing. */
const OUR_ENDS: ReadonlySet<string> = new Set(['fault', 'the server is stopping', 'the account was stopped'])

/** Hold one session, from the greeting to its end. Alone catches, and alone closes. */
export async function converse(session: Session, desk: Desk): Promise<void> {
  const { wire, service, ip } = session
  desk.events.sessionOpened({ service, ip })
  let why = 'done'
  let isServed = true
  try {
    isServed = await greet(session, desk)
    why = isServed ? await serve(session, desk) : 'refused'
  } catch (error) {
    why = parting(session, error, desk)
  } finally {
    const { transaction } = session
    // A server that is stopping, or has a bug, is to blame itself.
    if (transaction !== undefined && OUR_ENDS.has(why)) transaction.isSpared = true
    session.transaction = undefined
    if (isServed) wire.end()
    else wire.cut()
    await leaveRecord(session, transaction, why, desk)
    desk.events.sessionClosed({ service, ip, why })
  }
}

/** Tell the gate of what was left undone, and leave a record of a session that has none yet. `last` is what it was at. */
async function leaveRecord(session: Session, last: Transaction | undefined, why: string, desk: Desk): Promise<void> {
  const { ip, service } = session
  try {
    if (session.abandoned.length > 0) await tellAbandoned(session, desk)
    if ((session.messages > 0 || session.refusals > 0) && session.named === undefined) return
    desk.records.keep(session.occasion(why, 'ended'), (id, _ref, atMs) => ({
      id,
      atMs,
      outcome: 'ended',
      service,
      ip,
      ...(last === undefined ? {} : { sender: last.sender }),
      recipients: last?.recipients.map(({ address }) => address) ?? [],
      reply: '',
      story: formatStory({
        ...storyOf(session),
        because: why,
        commands: session.commands,
        failedCommands: session.failedCommands,
        findings: [...session.findings(), ...(last?.findings ?? [])],
      }),
    }))
  } catch (error) {
    desk.events.faulted({ what: `recording the end of a session with ${ip}`, error })
  }
}

/** Let the client in and greet it (RFC 5321 §3.1); false when it is not to be served. */
async function greet(session: Session, desk: Desk): Promise<boolean> {
  const { wire, service, ip } = session
  const { refusal, findings } = await consult('connect', session.subject(), session, desk)
  if (refusal !== undefined) {
    wire.say(formatReply(refusal.reply, refusal.ref))
    return false
  }
  session.connectFindings = findings
  // Users wait for nobody: the delay is for what comes from outside.
  const delayMs = service === 'smtp' ? desk.settings().session.greetingDelay : 0
  const talkedEarly = !(await waitToGreet(session, delayMs, desk))
  if (delayMs > 0 || talkedEarly) {
    if (talkedEarly) desk.events.protocolViolated({ service, ip, what: 'the client sent data before the greeting' })
    const greeting = await consult('greeting', { ...session.subject(), talkedEarly }, session, desk)
    if (greeting.refusal !== undefined) {
      wire.say(formatReply(greeting.refusal.reply, greeting.refusal.ref))
      return false
    }
    session.connectFindings = [...findings, ...greeting.findings]
  }
  wire.say(formatGreeting(desk.hostname()))
  return true
}

/** Hold the greeting back; false when the client talked meanwhile. */
async function waitToGreet({ wire, service, ip }: Session, delayMs: number, desk: Desk): Promise<boolean> {
  try {
    return await wire.quiet(delayMs, desk.clock)
  } catch (error) {
    if (error instanceof Disconnected && delayMs > 0) {
      desk.events.protocolViolated({ service, ip, what: 'the client closed the connection before the greeting' })
    }
    throw error
  }
}

/** Take commands and answer them, until one ends the session; says which reply that was. */
async function serve(session: Session, desk: Desk): Promise<string> {
  const { wire } = session
  for (;;) {
    const line = await wire.line(COMMAND_LINE_OCTETS)
    session.commands += 1
    let answer = typeof line === 'string' ? await run(session, line, desk) : answerFault(session, line.fault, desk)
    if (hasFailed(answer)) answer = (await countFailure(session, answer, desk)) ?? answer
    if (session.abandoned.length > 0) answer = (await tellAbandoned(session, desk)) ?? answer
    if (session.refusals > MOST_REFUSALS) answer = 'tooManyErrors'
    if (isAgainst(answer)) await tarpit(session, desk)
    const lines = linesOf(answer)
    if (lines !== undefined) wire.say(lines)
    const reply = replyOf(answer)
    if (reply !== undefined && closesSession(reply)) return reply
  }
}

/** Tell the gate of recipients that were accepted and sent nothing; gives the refusal if they were too many. */
async function tellAbandoned(session: Session, desk: Desk): Promise<Answer | undefined> {
  const { abandoned } = session
  session.abandoned = []
  const { refusal, findings } = await consult('abandon', { ...session.subject(), abandoned }, session, desk)
  session.observe(findings)
  return refusal
}

/**
 * Hold back the answer to a client that keeps failing (`session.tarpit`): it costs the client time and us a timer. Whoever logged
 * in, or is exempt from the limits by address, is answered at once.
 */
async function tarpit(session: Session, desk: Desk): Promise<void> {
  session.answersAgainst += 1
  const { tarpit: spanMs, tarpitAfter } = desk.settings().session
  if (spanMs === 0 || session.answersAgainst <= tarpitAfter || session.user !== undefined) return
  if ((await desk.facts.exemptGroup(session.subject())).member) return
  session.wire.flush()
  await session.wire.pause(spanMs, desk.clock)
}

/** Run one command. Trouble of ours that may pass is an answer; a bug goes on to the caller. */
async function run(session: Session, line: string, desk: Desk): Promise<Answer> {
  const { verb, args } = splitCommand(line)
  const row = COMMANDS.get(verb)
  if (row === undefined) return answerUnknown(verb)
  if (row.lastInGroup && !session.wire.isQuiet) {
    const { service, ip } = session
    desk.events.protocolViolated({ service, ip, what: `octets behind ${verb} before its reply` })
    return 'talkedTooEarly'
  }
  if (row.needs !== undefined && session.helo === undefined) return 'needHello'
  try {
    if (row.needs !== 'transaction') return await row.run(session, args, desk)
    const tx = session.transaction
    return tx === undefined ? 'needMail' : await row.run(session, tx, args, desk)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    desk.events.faulted({ what: `answering ${verb}`, error })
    if (session.transaction !== undefined) session.transaction.isSpared = true
    session.transaction = undefined
    return 'fault'
  }
}

/** Answer a line that is none. A bare CR or LF, or a NUL, ends the session: where the next line begins is anybody's guess. */
function answerFault({ service, ip }: Session, fault: LineFault, desk: Desk): ReplyName {
  if (fault === 'tooLong') return 'lineTooLong'
  if (fault === 'notUtf8') return 'badCharacters'
  desk.events.protocolViolated({ service, ip, what: `a command line with ${fault}` })
  return 'badLine'
}

/** Count a command that failed, and ask the gate whether it was one too many. */
async function countFailure(session: Session, answer: Answer, desk: Desk): Promise<Answer | undefined> {
  session.failedCommands += 1
  const subject = session.subject()
  if (typeof answer === 'object') subject.refusedByRule = true
  const { refusal, findings } = await consult('command', subject, session, desk)
  session.observe(findings)
  return refusal
}

/** Say the last word where one is due; gives why the session ended. */
function parting(session: Session, error: unknown, desk: Desk): string {
  const { wire } = session
  if (error instanceof Disconnected) return 'the client has gone'
  if (error instanceof TimedOut) {
    const { service, ip } = session
    if (wire.isUnread) desk.events.protocolViolated({ service, ip, what: 'the client does not read its replies' })
    wire.say(formatReply('timeout'))
    return 'timeout'
  }
  if (error instanceof Stopped && session.isStopped) {
    wire.say(formatReply('accountStopped'))
    return 'the account was stopped'
  }
  if (error instanceof Stopped) {
    wire.say(formatReply('shuttingDown'))
    return 'the server is stopping'
  }
  desk.events.faulted({ what: `a session of ${session.service} with ${session.ip}`, error })
  wire.say(formatReply('bug'))
  return 'fault'
}
