import type { Reply } from '../replies.ts'
import { mayLogIn, type Session } from '../session.ts'

/** Take the name to log in with (RFC 1939 §7). Every name is answered alike: who exists is not told. */
export function user(session: Session, args: string): Reply {
  if (!mayLogIn(session)) return 'needTls'
  if (args === '') return 'badArguments'
  session.name = args
  return 'nameTaken'
}
