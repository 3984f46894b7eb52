import { finishLogin } from '../login.ts'
import type { Pop3Ports } from '../ports.ts'
import type { Reply } from '../replies.ts'
import { mayLogIn, type Session } from '../session.ts'

/** Take the password, spaces and all (RFC 1939 §7), and log in. */
export async function pass(session: Session, args: string, ports: Pop3Ports): Promise<Reply> {
  if (!mayLogIn(session)) return 'needTls'
  if (session.name === undefined) return 'needName'
  return finishLogin(session, 'USER', await ports.signIn.password(session.name, args), ports)
}
