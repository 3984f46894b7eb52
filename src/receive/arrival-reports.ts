import { asksSuccess } from '#smtp/notify.ts'
import type { ArrivalReport, Ports } from './ports.ts'
import type { Recipient, Transaction } from './transaction.ts'

/** What is told of a recipient whose sender wants to hear of success. */
type ArrivalKind = ArrivalReport['kind']

/**
 * Say what has become of a recipient once its message is kept, where that is a success to report (RFC 3461 §5.2.7): it is in a
 * mailbox (`delivered`), or on its way to several (`expanded`). What has one end elsewhere is reported by whoever reaches it.
 */
export function arrivalOf({ resolution }: Pick<Recipient, 'resolution'>): ArrivalKind | undefined {
  if (resolution.is !== 'local') return undefined
  if (resolution.mailboxes.length > 0) return 'delivered'
  return resolution.external.length > 1 ? 'expanded' : undefined
}

/** Tell whether a recipient's sender wants to hear of success (RFC 3461 §4.1). */
export function wantsSuccess({ parameters }: Pick<Recipient, 'parameters'>): boolean {
  return asksSuccess(parameters.notify)
}

/** Gather the recipients of a message whose sender is to be told, by what is told. */
export function arrivalsToReport(recipients: readonly Recipient[]): ReadonlyMap<ArrivalKind, readonly Recipient[]> {
  const wanted = new Map<ArrivalKind, Recipient[]>()
  for (const recipient of recipients) {
    const kind = wantsSuccess(recipient) ? arrivalOf(recipient) : undefined
    if (kind === undefined) continue
    const same = wanted.get(kind)
    if (same === undefined) wanted.set(kind, [recipient])
    else same.push(recipient)
  }
  return wanted
}

/** A message that is kept: what the report on it tells. */
interface Kept {
  readonly ref: string
  readonly atMs: number
  readonly trace: string
  /** The beginning of its body. */
  readonly head: Uint8Array
}

/**
 * Tell the sender of success where that was asked for (RFC 3461 §4.1). The message is kept by now, and is answered so whatever becomes
 * of the report. Does not reject.
 */
export async function reportArrivals(
  { sender, parameters: { envid, requireTls } }: Transaction,
  arrivals: ReadonlyMap<ArrivalKind, readonly Recipient[]>,
  { ref, atMs, trace, head }: Kept,
  { reportArrival, messages, events }: Pick<Ports, 'reportArrival' | 'messages' | 'events'>,
): Promise<void> {
  if (reportArrival === undefined) return
  try {
    for (const [kind, recipients] of arrivals) {
      const report = await reportArrival({
        kind,
        sender,
        ...(envid && { envid }),
        ...(requireTls && { requireTls }),
        arrivalMs: atMs,
        ref,
        recipients: recipients.map(({ address, parameters: { orcpt } }) => ({
          recipient: address,
          ...(orcpt && { orcpt }),
        })),
        head: Buffer.concat([Buffer.from(trace), head]),
      })
      if (report !== undefined) await messages.accept(report)
    }
  } catch (error) {
    events.faulted({ what: `reporting the arrival of ${ref}`, error })
  }
}
