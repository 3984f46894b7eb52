import type { Maildrop, MaildropMessage } from '../maildrop.ts'
import type { Pop3Ports } from '../ports.ts'
import type { MessagePieces, Reply } from '../replies.ts'
import type { Session } from '../session.ts'
import { findMessage } from './listing.ts'

/** Send a message (RFC 1939 §5). */
export function retr(drop: Maildrop, args: string, ports: Pop3Ports, session: Session): Reply | Promise<Reply> {
  const message = findMessage(drop, args)
  if (typeof message === 'string') return message
  return readMessage(drop, message, ports, session, undefined)
}

/** Open a message for sending; `bodyLines` cuts it (TOP). Synchronous where the store is: no promise for each small message. */
export function readMessage(
  drop: Maildrop,
  message: MaildropMessage,
  ports: Pop3Ports,
  session: Session,
  bodyLines: number | undefined,
): Reply | Promise<Reply> {
  const failed = (error: unknown): Reply => {
    ports.events.faulted({ what: `read message ${message.uid} of mailbox ${drop.mailboxId}`, error })
    return 'messageUnavailable'
  }
  const opened = (pieces: MessagePieces | undefined): Reply => {
    // Another session, or a command, has deleted it since this one logged in.
    if (pieces === undefined) return 'messageGone'
    const { sizeBytes } = message
    if (bodyLines !== undefined) return { is: 'message', text: 'Top follows', sizeBytes, pieces, bodyLines }
    session.retrieved += 1
    return { is: 'message', text: `${sizeBytes} octets`, sizeBytes, pieces }
  }
  try {
    const read = ports.mailboxes.read(drop.mailboxId, message.uid)
    return read instanceof Promise ? read.then(opened, failed) : opened(read)
  } catch (error) {
    return failed(error)
  }
}
