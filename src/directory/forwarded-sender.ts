import type { Srs } from '#base/srs.ts'
import { formatAddress, parseAddress } from './address.ts'
import type { Directory } from './contract.ts'

/**
 * Find how the sender of forwarded mail is written (SRS): the next server asks whether a sender's domain lets us send for it, and
 * only our own domains do. Gives the reverse path for what the address given forwards; undefined is the message's own. Reports (the
 * null sender) have no domain, and our own users' mail has the right one.
 */
export async function forwardedSender(
  sender: string,
  parts: { readonly directory: Pick<Directory, 'isLocalDomain'>; readonly srs: Srs },
  nowMs: number,
): Promise<(forwarder: string) => string | undefined> {
  const address = sender === '' ? undefined : parseAddress(sender)
  if (address === undefined || (await parts.directory.isLocalDomain(address.domain))) return ownPath
  const local = parts.srs.forward(address, nowMs)
  // An address so long cannot be rewritten: it goes as it is.
  if (local === undefined) return ownPath
  return (forwarder) => {
    // `postmaster` alone is in no domain that could be named (RFC 5321 §4.1.1.3).
    const domain = parseAddress(forwarder)?.domain
    return domain === undefined ? undefined : formatAddress({ local, domain })
  }
}

function ownPath(): undefined {
  return undefined
}
