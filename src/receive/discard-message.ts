import type { Finding, Verdict } from '#gate/record.ts'
import { formatStory } from '#gate/story.ts'
import { formatKept } from '#smtp/replies.ts'
import type { Answer } from './answer.ts'
import { type Desk, storyOf } from './consult.ts'
import type { Intake } from './intake.ts'
import type { Session } from './session.ts'
import type { Transaction } from './transaction.ts'

/**
 * Answer a message as if it were kept, and throw it away (`rules.messagesPerHour.action: discard`). The sender is told a lie, so the
 * record and the log tell the truth. It comes by the thousand, and is recorded as refusals are: the reference in the reply is that
 * of the record that counts it.
 */
export function discardMessage(
  session: Session,
  tx: Transaction,
  intake: Intake,
  { rule, because }: Extract<Verdict, { is: 'discard' }>,
  found: readonly Finding[],
  desk: Desk,
): Answer {
  const { ip, service, user } = session
  const { sender } = tx
  const { sizeBytes } = intake
  const { messageId } = intake.header
  session.messages += 1
  const ref = desk.records.keep(session.occasion(rule, 'discarded'), (id, name, atMs) => ({
    id,
    atMs,
    outcome: 'discarded',
    service,
    ip,
    sender,
    recipients: tx.recipients.map(({ address }) => address),
    reply: formatKept(name),
    story: formatStory({
      ...storyOf(session),
      stage: 'message',
      rule,
      because,
      sizeBytes,
      findings: [...session.findings(), ...found],
      ...(messageId === undefined ? {} : { messageId }),
    }),
  }))
  const reply = formatKept(ref)
  const who = user === undefined ? {} : { user }
  desk.events.refused({ service, ip, ref, stage: 'message', rule, because, reply, sender, ...who })
  return { lines: reply }
}
