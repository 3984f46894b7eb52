import type { Srs } from '#base/srs.ts'
import type { Directory, Resolution } from '#directory/contract.ts'
import { forwardedSender } from '#directory/forwarded-sender.ts'
import type { Outcome, Trouble } from '#queue/contract.ts'
import type { Settings } from '#settings/schema.ts'
import { withoutSuccess } from '#smtp/notify.ts'
import type { NewQueueEntry, QueueEntry } from '#store/contract.ts'

export interface LocalParts {
  readonly settings: () => Pick<Settings, 'delivery'>
  readonly directory: Pick<Directory, 'resolve' | 'isLocalDomain'>
  /** Writes senders anew in what is forwarded; without it they go as they are. */
  readonly srs?: Srs
}

/**
 * Deliver to a recipient of ours that stands in the queue: a domain that became ours while mail for it waited. What the address
 * leads to elsewhere goes back into the queue, each end an entry of its own.
 */
export async function deliverLocally(entry: QueueEntry, parts: LocalParts, nowMs: number): Promise<Outcome> {
  const end = await parts.directory.resolve(entry.recipient, entry.sizeBytes)
  switch (end.is) {
    case 'local':
      // What stands for the sender of something forwarded takes what comes back to that, and is nobody's for all else.
      if (end.bouncesOnly === true && senderOf(entry) !== '') return nobody(entry)
      // RFC 3463 §3.3: the mailbox is full now; room may come.
      if (end.full !== undefined) return trouble('deferred', '4.2.2', `the mailbox of ${end.full} is full`)
      return {
        is: 'placed',
        mailboxIds: [...new Set(end.mailboxes.map(({ mailboxId }) => mailboxId))],
        ...(end.external.length === 0 ? {} : { forwards: await forwardsOf(entry, end, parts, nowMs) }),
      }
    case 'disabled':
      return trouble('failed', '5.2.1', `the account of ${entry.recipient} is switched off`)
    case 'loop':
      return trouble('failed', '5.4.6', `${entry.recipient} leads back to itself (${end.by})`)
    case 'nobody':
      return nobody(entry)
    case 'external':
      return trouble('deferred', '4.3.5', `${end.domain} stopped being a domain of this server while it was looked at`)
  }
}

/** Give an entry for each address elsewhere that an address of ours leads to. */
async function forwardsOf(
  entry: QueueEntry,
  { mailboxes, external }: Extract<Resolution, { readonly is: 'local' }>,
  { srs, directory, settings }: LocalParts,
  nowMs: number,
): Promise<readonly NewQueueEntry[]> {
  const { notify, orcpt, ret, envid, body, smtputf8, requireTls, tlsOptional, user, ip } = entry
  const rewrites = srs !== undefined && settings().delivery.srs
  const pathBy = rewrites ? await forwardedSender(senderOf(entry), { srs, directory }, nowMs) : undefined
  const returnPath = pathBy?.(entry.recipient) ?? entry.returnPath
  // RFC 3461 §5.2.7.2, §5.2.7.3: the parameters go on; of several ends, success is told here and by none of them.
  const isTold = mailboxes.length > 0 || external.length > 1
  const passed = {
    ...(returnPath !== undefined && { returnPath }),
    ...(notify && { notify: isTold ? withoutSuccess(notify) : notify }),
    ...(orcpt && { orcpt }),
    ...(ret && { ret }),
    ...(envid && { envid }),
    ...(body && { body }),
    ...(smtputf8 && { smtputf8 }),
    ...(requireTls && { requireTls }),
    ...(tlsOptional && { tlsOptional }),
    ...(user && { user }),
    ...(ip && { ip }),
  }
  return external.map((recipient) => ({ ...passed, recipient }))
}

function senderOf({ returnPath, sender }: QueueEntry): string {
  return returnPath ?? sender
}

function nobody({ recipient }: QueueEntry): Trouble {
  return trouble('failed', '5.1.1', `nobody here has the address ${recipient}`)
}

function trouble(is: Trouble['is'], status: string, because: string): Trouble {
  return { is, status, because, stage: 'route', scope: 'recipient' }
}
