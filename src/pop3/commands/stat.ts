import type { Maildrop } from '../maildrop.ts'
import type { Reply } from '../replies.ts'

/** Tell how many messages there are, and their size (RFC 1939 §5); those marked for deletion are not counted. */
export function stat(drop: Maildrop): Reply {
  const { messages, bytes } = drop.usage
  return { is: 'line', text: `${messages} ${bytes}` }
}
