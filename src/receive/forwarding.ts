import type { Srs } from '#base/srs.ts'
import { formatAddress, parseAddress } from '#directory/address.ts'
import type { Directory } from '#directory/contract.ts'
import type { Settings } from '#settings/schema.ts'
import type { Recipient, Transaction } from './transaction.ts'

/** Gives the reverse path for what is forwarded from a recipient of ours; undefined is the message's own. */
export type ReturnPathOf = (recipient: Recipient) => string | undefined

/**
 * Find how the senders of forwarded mail are written (SRS): the next server asks whether a sender's domain lets us send for it, and
 * only our own domains do. Reports (the null sender) have no domain, and our own users' mail has the right one.
 */
export async function returnPaths(
  { sender, recipients }: Pick<Transaction, 'sender' | 'recipients'>,
  parts: {
    readonly settings: () => Pick<Settings, 'delivery'>
    readonly directory: Pick<Directory, 'isLocalDomain'>
    readonly srs?: Srs
  },
  nowMs: number,
): Promise<ReturnPathOf> {
  const { srs } = parts
  if (srs === undefined || sender === '' || !recipients.some(isForwarded)) return ownPath
  if (!parts.settings().delivery.srs) return ownPath
  const address = parseAddress(sender)
  if (address === undefined || (await parts.directory.isLocalDomain(address.domain))) return ownPath
  const local = srs.forward(address, nowMs)
  // An address so long cannot be rewritten: it goes as it is.
  if (local === undefined) return ownPath
  return ({ address: forwarder, resolution }) => {
    // `postmaster` alone is in no domain that could be named (RFC 5321 §4.1.1.3).
    const domain = parseAddress(forwarder)?.domain
    if (domain === undefined || resolution.is !== 'local') return undefined
    return formatAddress({ local, domain })
  }
}

function ownPath(): undefined {
  return undefined
}

function isForwarded({ resolution }: Recipient): boolean {
  return resolution.is === 'local' && resolution.external.length > 0
}
