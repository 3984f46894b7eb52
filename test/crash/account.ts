/** The books: what was acknowledged against what is there. */
import { type Attempt, idOf, isAcknowledged, messageBytes } from './message.ts'

export interface Account {
  readonly acknowledged: number
  /** Sent whole or in part, no answer heard: each may be there once, for all its recipients or none. */
  readonly inFlight: number
  readonly inFlightKept: number
  /** Sentences; none means that all is well. */
  readonly findings: readonly string[]
}

/** Compare the mailboxes' contents with what the clients were told. */
export function settleAccount(
  attempts: readonly Attempt[],
  mailboxes: ReadonlyMap<string, readonly Buffer[]>,
): Account {
  const findings: string[] = []
  const found = countCopies(attempts, mailboxes, findings)
  let inFlightKept = 0
  for (const attempt of attempts) {
    const copies = attempt.recipients.map((recipient) => found.get(keyOf(attempt.id, recipient)) ?? 0)
    const about = `message ${attempt.id} (${attempt.by}, ${attempt.sizeBytes} bytes, ${attempt.recipients.join(' ')}, answered ${attempt.reply ?? 'nothing'})`
    if (copies.some((count) => count > 1)) findings.push(`doubled: ${about} is there ${copies.join('/')} times`)
    if (isAcknowledged(attempt)) {
      if (copies.includes(0)) findings.push(`LOST: ${about} is there ${copies.join('/')} times`)
      continue
    }
    const kept = copies.filter((count) => count > 0).length
    if (kept > 0) inFlightKept++
    if (kept > 0 && attempt.reply !== undefined) findings.push(`kept though refused: ${about}`)
    if (kept > 0 && kept < copies.length) findings.push(`torn: ${about} reached ${kept} of ${copies.length} mailboxes`)
  }
  const acknowledged = attempts.filter(isAcknowledged).length
  const inFlight = attempts.filter(({ reply }) => reply === undefined).length
  return { acknowledged, inFlight, inFlightKept, findings }
}

function countCopies(
  attempts: readonly Attempt[],
  mailboxes: ReadonlyMap<string, readonly Buffer[]>,
  findings: string[],
): ReadonlyMap<string, number> {
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]))
  const found = new Map<string, number>()
  for (const [mailbox, messages] of mailboxes) {
    for (const received of messages) {
      const named = idOf(received)
      const attempt = named === undefined ? undefined : byId.get(named.id)
      if (named === undefined || attempt === undefined) {
        findings.push(`foreign: ${mailbox} holds a message that this round did not send (${named?.id ?? 'no id'})`)
        continue
      }
      if (!attempt.recipients.includes(mailbox)) findings.push(`misplaced: ${mailbox} holds message ${attempt.id}`)
      if (!received.subarray(named.startsAt).equals(messageBytes(attempt))) {
        findings.push(
          `CHANGED: message ${attempt.id} in ${mailbox}: ${differenceOf(received.subarray(named.startsAt), attempt)}`,
        )
      }
      const trace = received.toString('latin1', 0, named.startsAt)
      // Above it stand our Return-Path line and one Received field, nothing else.
      if (!/^Return-Path: <load@far\.example>\r\nReceived: [^\r\n]+\r\n(?:[ \t][^\r\n]+\r\n)*$/.test(trace)) {
        findings.push(`trace: message ${attempt.id} in ${mailbox} begins ${JSON.stringify(trace.slice(0, 300))}`)
      }
      const key = keyOf(attempt.id, mailbox)
      found.set(key, (found.get(key) ?? 0) + 1)
    }
  }
  return found
}

/** Say where two messages part, with what stands there in both. */
function differenceOf(got: Buffer, attempt: Attempt): string {
  const wanted = messageBytes(attempt)
  let at = 0
  while (at < wanted.length && got[at] === wanted[at]) at++
  const around = (bytes: Buffer) => JSON.stringify(bytes.toString('latin1', Math.max(0, at - 10), at + 10))
  return `${got.length} of ${wanted.length} bytes by ${attempt.by}, at ${at} ${around(got)} in place of ${around(wanted)}`
}

function keyOf(id: string, mailbox: string): string {
  return `${id} ${mailbox}`
}
