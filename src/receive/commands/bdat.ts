import type { ReplyName } from '#smtp/replies.ts'
import type { Answer } from '../answer.ts'
import type { Desk } from '../consult.ts'
import { Intake } from '../intake.ts'
import { keepMessage } from '../keep-message.ts'
import type { Session } from '../session.ts'

/** Take a counted chunk of the message (RFC 3030 §2). Its octets are read whatever the answer, or they would be commands. */
export async function bdat(session: Session, args: string, desk: Desk): Promise<Answer> {
  const chunk = parseChunk(args)
  if (chunk === undefined) return 'badChunkSize'
  const tx = session.transaction
  const refusal = misplaced(session)
  let intake: Intake | undefined
  if (tx !== undefined && refusal === undefined) {
    tx.intake ??= new Intake(session, desk)
    intake = tx.intake
  }

  let left = chunk.sizeBytes
  while (left > 0) {
    const piece = await session.wire.chunk(left)
    left -= piece.length
    const waiting = intake?.takeUnread(piece)
    if (waiting !== undefined) await waiting
  }

  if (tx === undefined || intake === undefined) {
    session.transaction = undefined
    return refusal ?? 'needMail'
  }
  if (chunk.last) intake.finishUnread()
  if (chunk.last) return keepMessage(session, tx, intake, desk)
  if (intake.answer === undefined) return 'chunkOk'
  const { answer } = intake
  session.transaction = undefined
  return answer
}

/** Say why no chunk may come now, if so. */
function misplaced({ helo, transaction }: Session): ReplyName | undefined {
  if (helo === undefined) return 'needHello'
  if (transaction === undefined) return 'needMail'
  return transaction.recipients.length === 0 ? 'noRecipients' : undefined
}

function parseChunk(args: string): { readonly sizeBytes: number; readonly last: boolean } | undefined {
  const match = /^(\d{1,15})( +LAST)?$/i.exec(args)
  return match === null ? undefined : { sizeBytes: Number(match[1]), last: match[2] !== undefined }
}
