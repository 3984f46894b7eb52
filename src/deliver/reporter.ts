import type { Clock } from '#base/clock.ts'
import type { Directory, Resolution } from '#directory/contract.ts'
import { formatStory } from '#gate/story.ts'
import { formatReport } from '#message/report.ts'
import { isSevenBit, MOST_WHOLE_BYTES, type Original } from '#message/report-original.ts'
import type { ReportRecipient } from '#message/report-recipient.ts'
import type { ReportKind } from '#message/report-words/words.ts'
import type { Outcome, Report, WriteReport } from '#queue/contract.ts'
import type { Settings } from '#settings/schema.ts'
import { formatKept } from '#smtp/replies.ts'
import type { MessageStore, NewMessage, NewQueueEntry, QueueEntry } from '#store/contract.ts'

/** What writing a report takes, wherever it is written. */
export interface ReportParts {
  readonly directory: Pick<Directory, 'resolve'>
  readonly hostname: () => string
  readonly settings: () => Pick<Settings, 'queue'>
  readonly clock: Pick<Clock, 'nowMs'>
  /** The next number for a record, and the reference that stands for it. */
  readonly nextReference: () => { readonly id: number; readonly ref: string }
}

/** The message that is reported on. */
export interface Reported extends Pick<NewQueueEntry, 'envid' | 'ret' | 'requireTls'> {
  /** Its reverse path. */
  readonly sender: string
  readonly arrivalMs: number
  /** Reference of the decision that took it. */
  readonly ref: string
}

/** Create the writer of the queue's reports. `referenceOf` writes the reference of a decision's number. */
export function createReporter(
  parts: ReportParts & {
    readonly messages: Pick<MessageStore, 'read'>
    readonly referenceOf: (decision: number) => string
  },
): WriteReport {
  return async ({ kind, entries }: Report) => {
    const [first] = entries
    // RFC 3461 §5.2.4, RFC 5321 §4.5.5: what has no sender is itself a report, or wants none.
    if (first === undefined || first.entry.sender === '') return undefined
    const { entry } = first
    const nowMs = parts.clock.nowMs()
    return await writeReport(parts, {
      kind,
      reported: { ...entry, arrivalMs: entry.createdAtMs, ref: parts.referenceOf(entry.decision) },
      recipients: entries.map((each) => recipientOf(each.entry, each.outcome, nowMs, each.untilMs)),
      original: await readOriginal(parts.messages, entry.messageId),
    })
  }
}

/** What the receiver tells of a message that has come to recipients here (RFC 3461 §5.2.7). */
export interface ArrivalNews extends Reported {
  readonly kind: 'delivered' | 'expanded'
  readonly recipients: readonly Pick<ReportRecipient, 'recipient' | 'orcpt'>[]
  /** The beginning of the message, with its header. */
  readonly head: Uint8Array
}

/** Create the writer of the receiver's reports: its port `reportArrival`. */
export function createArrivalReporter(parts: ReportParts): (news: ArrivalNews) => Promise<NewMessage | undefined> {
  return ({ kind, recipients, head, ...reported }) =>
    writeReport(parts, {
      kind,
      reported,
      // RFC 3463 §3.2: the address is a right one.
      recipients: recipients.map((recipient) => ({ ...recipient, status: '2.1.5' })),
      original: { content: head, isWhole: false },
    })
}

/** Write a report on a message to its sender; undefined where nobody is to be told. Does not reject. */
export async function writeReport(
  parts: ReportParts,
  about: {
    readonly kind: ReportKind
    readonly reported: Reported
    readonly recipients: readonly ReportRecipient[]
    readonly original: Original | undefined
  },
): Promise<NewMessage | undefined> {
  const { kind, reported, recipients, original } = about
  const { sender, envid, requireTls } = reported
  if (sender === '') return undefined
  const end = await endOf(parts.directory, sender)
  if (end === undefined) return undefined

  const nowMs = parts.clock.nowMs()
  const { id, ref } = parts.nextReference()
  const hostname = parts.hostname()
  // RFC 8689 §5: what may travel only by verified TLS is not given back whole.
  const ret = requireTls === true ? 'HDRS' : reported.ret
  const body = formatReport({
    kind,
    language: parts.settings().queue.language,
    hostname,
    ref: reported.ref,
    sender,
    ...(envid !== undefined && { envid }),
    ...(ret !== undefined && { ret }),
    arrivalMs: reported.arrivalMs,
    recipients,
    ...(original !== undefined && { original }),
    dateMs: nowMs,
    messageId: `${ref}@${hostname}`,
  })
  const needs = {
    // RFC 3461 §6.2: a report asks for no report.
    notify: 'NEVER',
    ...(!isSevenBit(body) && { body: '8BITMIME' as const }),
    ...(requireTls === true && { requireTls }),
  }
  return {
    // RFC 3461 §6.2: the null reverse path.
    sender: '',
    receivedAtMs: nowMs,
    trace: new Uint8Array(0),
    body,
    mailboxIds: end.mailboxIds,
    queue: end.elsewhere.map((recipient) => ({
      recipient,
      ...needs,
      // RFC 6531 §3.2: the To field is in UTF-8, or the envelope is.
      ...(!/^[ -~]*$/.test(`${sender}${recipient}`) && { smtputf8: true as const }),
    })),
    record: {
      id,
      atMs: nowMs,
      outcome: 'accepted',
      service: 'report',
      ip: '127.0.0.1',
      sender: '',
      recipients: [sender],
      reply: formatKept(ref),
      story: formatStory({ service: 'report', because: `${kind}: a report on ${reported.ref}`, findings: [] }),
    },
  }
}

/** Find where the sender reads; undefined when that is nowhere. */
async function endOf(
  directory: Pick<Directory, 'resolve'>,
  sender: string,
): Promise<{ readonly mailboxIds: readonly number[]; readonly elsewhere: readonly string[] } | undefined> {
  let end: Resolution
  try {
    end = await directory.resolve(sender)
  } catch {
    // The directory cannot be read: the way out asks it again when it sends the report.
    return { mailboxIds: [], elsewhere: [sender] }
  }
  if (end.is === 'external') return { mailboxIds: [], elsewhere: [sender] }
  if (end.is !== 'local') return undefined
  return { mailboxIds: [...new Set(end.mailboxes.map(({ mailboxId }) => mailboxId))], elsewhere: end.external }
}

/** Read as much of a message as a report gives back at most; undefined when it cannot be read: the news matters more. */
async function readOriginal(messages: Pick<MessageStore, 'read'>, messageId: number): Promise<Original | undefined> {
  try {
    const pieces = await messages.read(messageId)
    if (pieces === undefined) return undefined
    const taken: Uint8Array[] = []
    let bytes = 0
    let isWhole = true
    for await (const piece of pieces) {
      taken.push(piece)
      bytes += piece.length
      // Leaving the loop ends the reading.
      if (bytes > MOST_WHOLE_BYTES) {
        isWhole = false
        break
      }
    }
    return { content: Buffer.concat(taken), isWhole }
  } catch {
    return undefined
  }
}

/** Say what became of an entry, as a report says it. */
function recipientOf(entry: QueueEntry, outcome: Outcome, nowMs: number, untilMs: number | undefined): ReportRecipient {
  const { recipient, orcpt } = entry
  const known = { recipient, ...(orcpt !== undefined && { orcpt }), lastAttemptMs: nowMs }
  switch (outcome.is) {
    case 'placed':
      return { ...known, status: '2.0.0' }
    case 'delivered': {
      const { reply, hop } = outcome
      return { ...known, status: reply.status ?? '2.0.0', reply, remoteHost: hop.host }
    }
    default: {
      const { status, because, reply, hop } = outcome
      return {
        ...known,
        status,
        because,
        ...(reply !== undefined && { reply }),
        ...(hop !== undefined && { remoteHost: hop.host }),
        ...(untilMs !== undefined && { willRetryUntilMs: untilMs }),
      }
    }
  }
}
