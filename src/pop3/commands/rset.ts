import type { Maildrop } from '../maildrop.ts'
import type { Reply } from '../replies.ts'

/** Take back every DELE of this session (RFC 1939 §5). */
export function rset(drop: Maildrop): Reply {
  drop.unmarkAll()
  return 'ok'
}
