/** The commands that fit a few lines. */
import type { Answer } from '../answer.ts'
import type { Session } from '../session.ts'

/** Give up the envelope (RFC 5321 §4.1.1.5). */
export function rset(session: Session, args: string): Answer {
  if (args !== '') return 'badArguments'
  session.transaction = undefined
  return 'ok'
}

/** Do nothing (RFC 5321 §4.1.1.9); what follows the verb is ignored. */
export function noop(): Answer {
  return 'ok'
}

/** Say goodbye (RFC 5321 §4.1.1.10). */
export function quit(session: Session): Answer {
  session.transaction = undefined
  return 'bye'
}

/** Tell nothing about an address, whoever it is (RFC 5321 §3.5.3, §7.3). */
export function vrfy(_session: Session, args: string): Answer {
  return args === '' ? 'badArguments' : 'notVerified'
}

/** Name the commands (RFC 5321 §4.1.1.8). */
export function help(): Answer {
  return 'help'
}
