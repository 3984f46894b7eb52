import { withoutSuccess } from '#smtp/notify.ts'
import type { RcptParameters } from '#smtp/parameters.ts'
import type { NewQueueEntry } from '#store/contract.ts'
import { arrivalOf } from './arrival-reports.ts'
import type { ReturnPathOf } from './forwarding.ts'
import type { Recipient, Transaction } from './transaction.ts'

/** Give where the message goes, each place once: mailboxes by their number, and addresses elsewhere. */
export function placesOf(
  { recipients, parameters: { ret, envid, body, smtputf8, requireTls } }: Transaction,
  user: string | undefined,
  ip: string,
  returnPathOf: ReturnPathOf,
  tlsOptional: boolean,
): {
  readonly mailboxes: ReadonlyMap<number, string>
  readonly queue: readonly NewQueueEntry[]
} {
  const mailboxes = new Map<number, string>()
  const queue = new Map<string, NewQueueEntry>()
  const ofMessage = {
    ip,
    ...(user !== undefined && { user }),
    ...(ret && { ret }),
    ...(envid && { envid }),
    ...(body && { body }),
    ...(smtputf8 && { smtputf8 }),
    ...(requireTls && { requireTls }),
    // RFC 8689 §5: beside REQUIRETLS the field is not heeded.
    ...(tlsOptional && !requireTls && { tlsOptional }),
  }
  for (const recipient of recipients) {
    const { address, resolution, parameters } = recipient
    if (resolution.is === 'external') enqueue(queue, { recipient: address, ...ofMessage, ...parameters })
    if (resolution.is !== 'local') continue
    for (const { mailboxId, user } of resolution.mailboxes) mailboxes.set(mailboxId, user)
    if (resolution.external.length === 0) continue
    const returnPath = returnPathOf(recipient)
    const passed = {
      ...ofMessage,
      ...(returnPath !== undefined && { returnPath }),
      ...parametersPassedOn(recipient),
    }
    for (const end of resolution.external) enqueue(queue, { recipient: end, ...passed })
  }
  return { mailboxes, queue: [...queue.values()] }
}

/** RFC 3461 §5.2.7.2, §5.2.7.3: an address that an alias or a forward leads to takes the parameters with it. */
function parametersPassedOn(recipient: Recipient): RcptParameters {
  const { parameters } = recipient
  if (parameters.notify === undefined || arrivalOf(recipient) === undefined) return parameters
  return { ...parameters, notify: withoutSuccess(parameters.notify) }
}

function enqueue(queue: Map<string, NewQueueEntry>, entry: NewQueueEntry): void {
  if (!queue.has(entry.recipient)) queue.set(entry.recipient, entry)
}
