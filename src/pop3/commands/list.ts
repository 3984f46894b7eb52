import type { Maildrop } from '../maildrop.ts'
import type { Reply } from '../replies.ts'
import { findMessage, listingOf } from './listing.ts'

/** Tell the size of one message or of all (RFC 1939 §5). */
export function list(drop: Maildrop, args: string): Reply {
  if (args === '') {
    const { messages, bytes } = drop.usage
    const text = `${messages} messages (${bytes} octets)`
    return { is: 'lines', text, blocks: listingOf(drop, ({ number, sizeBytes }) => `${number} ${sizeBytes}\r\n`) }
  }
  const message = findMessage(drop, args)
  return typeof message === 'string' ? message : { is: 'line', text: `${message.number} ${message.sizeBytes}` }
}
