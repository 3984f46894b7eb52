import { extensionsOf } from '#smtp/extensions.ts'
import { formatEhlo, formatHelo } from '#smtp/replies.ts'
import type { Answer } from '../answer.ts'
import { consult, type Desk } from '../consult.ts'
import type { Session } from '../session.ts'

/** Greet a client that speaks the basic protocol (RFC 5321 §4.1.1.1). */
export async function helo(session: Session, args: string, desk: Desk): Promise<Answer> {
  const wrong = await greet(session, args, false, desk)
  return wrong ?? { lines: formatHelo(desk.hostname()) }
}

/** Greet a client that speaks ESMTP, and name what it may use (RFC 5321 §4.1.1.1). */
export async function ehlo(session: Session, args: string, desk: Desk): Promise<Answer> {
  const wrong = await greet(session, args, true, desk)
  if (wrong !== undefined) return wrong
  const settings = desk.settings()
  const extensions = extensionsOf({
    maxMessageBytes: settings.session.maxMessageSize,
    startTls: !session.tls,
    tls: session.tls,
    mechanisms: session.mayLogIn(settings) ? desk.signIn.mechanisms(session.channelBindings(desk)) : [],
  })
  return { lines: formatEhlo(desk.hostname(), extensions) }
}

async function greet(session: Session, name: string, extended: boolean, desk: Desk): Promise<Answer | undefined> {
  // RFC 5321 §4.1.4: a server may not refuse a name that does not check out. Real clients give all sorts; one must be given.
  if (!/^[!-~]{1,255}$/.test(name)) return 'badArguments'
  const subject = { ...session.subject(), helo: name }
  const { refusal, findings } = await consult('hello', subject, session, desk)
  if (refusal !== undefined) return refusal
  // RFC 5321 §4.1.4: a later EHLO has the effect of RSET.
  session.transaction = undefined
  session.helo = name
  session.extended = extended
  session.helloFindings = findings
  return undefined
}
