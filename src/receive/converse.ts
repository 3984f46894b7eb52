import { Fault } from '#base/fault.ts'
import { splitCommand } from '#smtp/command.ts'
import type { LineFault } from '#smtp/line-reader.ts'
import { closesSession, formatGreeting, formatReply, type ReplyName } from '#smtp/replies.ts'
import { type Answer, hasFailed, linesOf, replyOf } from './answer.ts'
import { answerUnknown, COMMANDS } from './command-table.ts'
import { consult, type Desk } from './consult.ts'
import type { Session } from './session.ts'
import { Disconnected, Stopped, TimedOut } from './wire.ts'

/**
 * Octets of a command line, CRLF included: the 512 of RFC 5321 §4.5.3.1.4 and what the extensions add to MAIL and RCPT (RFC 1870 §3,
 * RFC 6152 §2, RFC 6531 §3.4, RFC 4954 §3, RFC 3461 §5: 1,181 together), and room for a SCRAM or PLAIN initial response.
 */
const COMMAND_LINE_OCTETS = 2048

/** Each refusal leaves a record on disk; a client that collects more of them than this, deferrals included, is not after mail. */
const MOST_REFUSALS = 1000

/** Hold one session, from the greeting to its end. Alone catches, and alone closes. */
export async function converse(session: Session, desk: Desk): Promise<void> {
  const { wire, service, ip } = session
  desk.events.sessionOpened({ service, ip })
  let why = 'done'
  try {
    if (await greet(session, desk)) why = await serve(session, desk)
    else why = 'refused'
  } catch (error) {
    why = parting(session, error, desk)
  } finally {
    session.transaction = undefined
    wire.end()
    desk.events.sessionClosed({ service, ip, why })
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
  // RFC 5321 §4.3.1: a client waits for the greeting. One that cannot wait is no mail server.
  if (!(await wire.quiet(delayMs, desk.clock))) {
    desk.events.protocolViolated({ service, ip, what: 'the client talked before the greeting' })
    wire.say(formatReply('talkedBeforeGreeting'))
    return false
  }
  wire.say(formatGreeting(desk.hostname()))
  return true
}

/** Take commands and answer them, until one ends the session; says which reply that was. */
async function serve(session: Session, desk: Desk): Promise<string> {
  const { wire } = session
  for (;;) {
    const line = await wire.line(COMMAND_LINE_OCTETS)
    let answer = typeof line === 'string' ? await run(session, line, desk) : answerFault(session, line.fault, desk)
    if (hasFailed(answer)) answer = (await countFailure(session, desk)) ?? answer
    if (session.refusals > MOST_REFUSALS) answer = 'tooManyErrors'
    const lines = linesOf(answer)
    if (lines !== undefined) wire.say(lines)
    const reply = replyOf(answer)
    if (reply !== undefined && closesSession(reply)) return reply
  }
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
async function countFailure(session: Session, desk: Desk): Promise<Answer | undefined> {
  session.failedCommands += 1
  const { refusal, findings } = await consult('command', session.subject(), session, desk)
  // Of a rule that only observes, the last finding is kept for the record of the next message.
  session.commandFindings = findings.filter((finding) => finding.is === 'observe')
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
  if (error instanceof Stopped) {
    wire.say(formatReply('shuttingDown'))
    return 'the server is stopping'
  }
  desk.events.faulted({ what: `a session of ${session.service} with ${session.ip}`, error })
  wire.say(formatReply('bug'))
  return 'fault'
}
