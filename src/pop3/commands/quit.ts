import type { Pop3Ports } from '../ports.ts'
import type { Reply } from '../replies.ts'
import type { Session } from '../session.ts'

/** Delete what is marked, all in one transaction or nothing (RFC 1939 §6), and end. Only this way of ending deletes. */
export async function quit(session: Session, _args: string, ports: Pop3Ports): Promise<Reply> {
  const { maildrop } = session
  const uids = maildrop?.deletedUids() ?? []
  if (maildrop === undefined || uids.length === 0) return 'bye'
  try {
    session.removed = await ports.mailboxes.remove(maildrop.mailboxId, uids)
    return 'bye'
  } catch (error) {
    ports.events.faulted({ what: `delete ${uids.length} messages of mailbox ${maildrop.mailboxId}`, error })
    return 'notDeleted'
  }
}
