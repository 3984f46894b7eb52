import { formatReply } from '#smtp/replies.ts'
import type { Answer } from '../answer.ts'
import type { Desk } from '../consult.ts'
import type { Session } from '../session.ts'

/**
 * Begin TLS (RFC 3207 §4). The table has checked that nothing came behind the command: what an attacker put into the clear stream
 * must not be read as if it had come inside (CVE-2011-0411). Whatever comes from here on is the handshake.
 */
export function starttls(session: Session, args: string, desk: Desk): Answer {
  if (args !== '') return 'badArguments'
  if (session.tls) return 'tlsAlready'
  const secureContext = desk.secureContext()
  session.wire.say(formatReply('startTls'))
  session.wire.startTls(secureContext)
  session.startOver()
  return 'nothing'
}
