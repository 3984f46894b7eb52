import type { Maildrop } from '../maildrop.ts'
import type { Reply } from '../replies.ts'
import { findMessage, listingOf } from './listing.ts'

/** Tell the unique id of one message or of all (RFC 1939 §7). */
export function uidl(drop: Maildrop, args: string): Reply {
  if (args === '') {
    const blocks = listingOf(drop, ({ number, uid }) => `${number} ${formatUniqueId(uid)}\r\n`)
    return { is: 'lines', text: 'Unique ids follow', blocks }
  }
  const message = findMessage(drop, args)
  return typeof message === 'string'
    ? message
    : { is: 'line', text: `${message.number} ${formatUniqueId(message.uid)}` }
}

/** Write a uid of the store as a unique id: 1 to 70 characters of 0x21 to 0x7E. The store never gives a uid twice. */
export function formatUniqueId(uid: number): string {
  return uid.toString(36)
}
