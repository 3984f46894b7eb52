import type { Maildrop } from '../maildrop.ts'
import type { Reply } from '../replies.ts'
import { findMessage } from './listing.ts'

/** Mark a message for deletion (RFC 1939 §5); QUIT deletes it. */
export function dele(drop: Maildrop, args: string): Reply {
  const message = findMessage(drop, args)
  if (typeof message === 'string') return message
  drop.markDeleted(message)
  return 'ok'
}
