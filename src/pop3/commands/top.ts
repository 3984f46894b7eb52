import type { Maildrop } from '../maildrop.ts'
import type { Pop3Ports } from '../ports.ts'
import type { Reply } from '../replies.ts'
import type { Session } from '../session.ts'
import { findMessage, parseCount } from './listing.ts'
import { readMessage } from './retr.ts'

/** Send a message's header and its first body lines (RFC 1939 §7). */
export function top(drop: Maildrop, args: string, ports: Pop3Ports, session: Session): Reply | Promise<Reply> {
  const [number = '', lines = '', ...rest] = args.split(' ')
  const bodyLines = parseCount(lines)
  if (bodyLines === undefined || rest.length > 0) return 'badArguments'
  const message = findMessage(drop, number)
  return typeof message === 'string' ? message : readMessage(drop, message, ports, session, bodyLines)
}
