import type { Reply } from '../replies.ts'
import type { Session } from '../session.ts'

/** Switch to UTF-8 (RFC 6856 §2.1). Messages go out as they are stored either way; names and passwords may always be UTF-8. */
export function utf8(session: Session): Reply {
  session.utf8 = true
  return 'ok'
}
