import { DataReader } from '#smtp/data-reader.ts'
import { formatReply } from '#smtp/replies.ts'
import type { Answer } from '../answer.ts'
import type { Desk } from '../consult.ts'
import { Intake } from '../intake.ts'
import { keepMessage } from '../keep-message.ts'
import type { Session } from '../session.ts'
import type { Transaction } from '../transaction.ts'

/** Take the message up to the line with the dot (RFC 5321 §4.1.1.4). */
export async function data(session: Session, tx: Transaction, args: string, desk: Desk): Promise<Answer> {
  if (args !== '') return 'badArguments'
  if (tx.intake !== undefined) {
    // RFC 3030 §2 leaves the state open but asks for RSET: nobody can say what this message was to be.
    session.transaction = undefined
    return 'messageBegun'
  }
  // RFC 5321 §3.3, RFC 2920 §3.1: this may well come in a group whose recipients were all refused.
  if (tx.recipients.length === 0) return 'noRecipients'

  const { wire } = session
  wire.say(formatReply('startData'))
  const intake = new Intake(session, desk)
  tx.intake = intake
  const reader = new DataReader()
  const pieces: Uint8Array[] = []
  while (!reader.done) {
    const chunk = await wire.chunk()
    const used = reader.push(chunk, pieces)
    if (used < chunk.length) wire.putBack(chunk.subarray(used))
    if (reader.fault !== undefined) intake.refuseContent(reader.fault)
    for (const piece of pieces) {
      const waiting = intake.take(piece)
      if (waiting !== undefined) await waiting
    }
    pieces.length = 0
  }
  return keepMessage(session, tx, intake, desk)
}
