import type { Srs } from '#base/srs.ts'
import type { Directory } from '#directory/contract.ts'
import { forwardedSender } from '#directory/forwarded-sender.ts'
import type { Settings } from '#settings/schema.ts'
import type { Recipient, Transaction } from './transaction.ts'

/** Gives the reverse path for what is forwarded from a recipient of ours; undefined is the message's own. */
export type ReturnPathOf = (recipient: Recipient) => string | undefined

/** Find how the sender is written in what the recipients of a message forward (SRS). */
export async function returnPaths(
  { sender, recipients }: Pick<Transaction, 'sender' | 'recipients'>,
  parts: {
    readonly settings: () => Pick<Settings, 'delivery'>
    readonly directory: Pick<Directory, 'isLocalDomain'>
    readonly srs?: Srs
  },
  nowMs: number,
): Promise<ReturnPathOf> {
  const { srs, directory } = parts
  if (srs === undefined || sender === '' || !recipients.some(isForwarded)) return ownPath
  if (!parts.settings().delivery.srs) return ownPath
  const pathBy = await forwardedSender(sender, { srs, directory }, nowMs)
  return ({ address, resolution }) => (resolution.is === 'local' ? pathBy(address) : undefined)
}

function ownPath(): undefined {
  return undefined
}

function isForwarded({ resolution }: Recipient): boolean {
  return resolution.is === 'local' && resolution.external.length > 0
}
