import type { Directory } from '#directory/contract.ts'
import type { Outcome, Trouble } from '#queue/contract.ts'
import type { QueueEntry } from '#store/contract.ts'

/**
 * Deliver to a recipient of ours that stands in the queue: a domain that became ours while mail for it waited. What the address
 * leads to elsewhere goes back into the queue, each end an entry of its own.
 */
export async function deliverLocally(entry: QueueEntry, directory: Pick<Directory, 'resolve'>): Promise<Outcome> {
  const end = await directory.resolve(entry.recipient, entry.sizeBytes)
  switch (end.is) {
    case 'local':
      // RFC 3463 §3.3: the mailbox is full now; room may come.
      if (end.full !== undefined) return trouble('deferred', '4.2.2', `the mailbox of ${end.full} is full`)
      return {
        is: 'placed',
        mailboxIds: [...new Set(end.mailboxes.map(({ mailboxId }) => mailboxId))],
        ...(end.external.length === 0
          ? {}
          : { forwards: end.external.map((recipient) => ({ ...ofSame(entry), recipient })) }),
      }
    case 'disabled':
      return trouble('failed', '5.2.1', `the account of ${entry.recipient} is switched off`)
    case 'loop':
      return trouble('failed', '5.4.6', `${entry.recipient} leads back to itself (${end.by})`)
    case 'nobody':
      return trouble('failed', '5.1.1', `nobody here has the address ${entry.recipient}`)
    case 'external':
      return trouble('deferred', '4.3.5', `${end.domain} stopped being a domain of this server while it was looked at`)
  }
}

/** RFC 3461 §5.2.7.3: what a forward leads to takes the parameters with it. */
function ofSame({ notify, orcpt, ret, envid, body, smtputf8, requireTls, user, ip }: QueueEntry) {
  return {
    ...(notify && { notify }),
    ...(orcpt && { orcpt }),
    ...(ret && { ret }),
    ...(envid && { envid }),
    ...(body && { body }),
    ...(smtputf8 && { smtputf8 }),
    ...(requireTls && { requireTls }),
    ...(user && { user }),
    ...(ip && { ip }),
  }
}

function trouble(is: Trouble['is'], status: string, because: string): Trouble {
  return { is, status, because, stage: 'route', scope: 'recipient' }
}
