import { afterKeyword } from '#smtp/command.ts'
import { parseMailParameters } from '#smtp/parameters.ts'
import { parseReversePath } from '#smtp/path.ts'
import type { Answer } from '../answer.ts'
import { consult, type Desk } from '../consult.ts'
import type { Session } from '../session.ts'
import { heededMailParameters } from '../success-asked.ts'
import { Transaction } from '../transaction.ts'

/** Begin a message: take its sender (RFC 5321 §4.1.1.2). */
export async function mail(session: Session, args: string, desk: Desk): Promise<Answer> {
  if (session.transaction !== undefined) return 'nestedMail'
  const text = afterKeyword(args, 'FROM:')
  const path = text === undefined ? undefined : parseReversePath(text)
  if (path === undefined) return 'badSender'
  // Parameters belong to extensions, and those to EHLO (RFC 5321 §4.1.1.11).
  if (path.rest !== '' && !session.extended) return 'unknownParameter'
  const parsed = parseMailParameters(path.rest)
  if (parsed.is !== 'ok') return parsed.is === 'unknown' ? 'unknownParameter' : 'badParameter'
  const parameters = parsed.values
  // RFC 8689 §4.1: it is offered over TLS alone.
  if (parameters.requireTls === true && !session.tls) return 'unknownParameter'
  if (!path.ascii && parameters.smtputf8 === undefined) return 'needSmtputf8'

  const subject = { ...session.subject(), sender: path.address }
  if (parameters.sizeBytes !== undefined) subject.declaredBytes = parameters.sizeBytes
  const { refusal, findings } = await consult('sender', subject, session, desk)
  if (refusal !== undefined) return refusal

  session.transaction = new Transaction(path.address, await heededMailParameters(parameters, session, desk), findings)
  return 'senderOk'
}
