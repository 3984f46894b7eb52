import type { Reply } from '../replies.ts'
import type { Session } from '../session.ts'

/** Begin TLS (RFC 2595 §4); the loop refuses it when anything came behind the command. */
export function stls(session: Session): Reply {
  if (session.tls) return 'tlsAlready'
  if (session.utf8) return 'tlsAfterUtf8'
  return 'startTls'
}
