import type { Resolution } from '#directory/contract.ts'
import type { Destination, FactReaders } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import { afterKeyword } from '#smtp/command.ts'
import { parseRcptParameters } from '#smtp/parameters.ts'
import { parseForwardPath } from '#smtp/path.ts'
import type { Answer } from '../answer.ts'
import { consult, type Desk } from '../consult.ts'
import type { Session } from '../session.ts'
import { heededParameters } from '../success-asked.ts'
import type { Transaction } from '../transaction.ts'

/** However many the settings allow, an envelope is held in memory. */
const MOST_RECIPIENTS = 50_000

/** Take one recipient (RFC 5321 §4.1.1.3). */
export async function rcpt(session: Session, tx: Transaction, args: string, desk: Desk): Promise<Answer> {
  const text = afterKeyword(args, 'TO:')
  const path = text === undefined ? undefined : parseForwardPath(text)
  if (path === undefined) return 'badRecipient'
  if (path.rest !== '' && !session.extended) return 'unknownParameter'
  const parsed = parseRcptParameters(path.rest)
  if (parsed.is !== 'ok') return parsed.is === 'unknown' ? 'unknownParameter' : 'badParameter'
  if (!path.ascii && tx.parameters.smtputf8 === undefined) return 'needSmtputf8'
  // RFC 3030 §2: the envelope is complete when the first chunk comes.
  if (tx.intake !== undefined) return 'messageBegun'
  if (tx.recipients.length >= MOST_RECIPIENTS) return 'tooManyRecipients'
  if (tx.overflow !== undefined) return tx.overflow

  const { address } = path
  const { sizeBytes } = tx.parameters
  let resolution: Resolution | undefined
  // Looked up when a rule asks where the address ends, and kept: the message goes where the gate was told.
  let isKnown: boolean | undefined
  const facts: FactReaders<Subject> = {
    ...desk.facts,
    destination: async () => {
      resolution = await desk.directory.resolve(address, sizeBytes)
      return destinationOf(resolution, tx.sender)
    },
    recipientKnown: async (asked) => {
      isKnown = await desk.facts.recipientKnown(asked)
      return isKnown
    },
  }
  const subject = { ...session.subject(), recipient: address }
  const { refusal, findings } = await consult('recipient', subject, session, desk, facts)
  if (refusal?.reply === 'tooManyRecipients') tx.overflow = refusal
  if (refusal !== undefined) return refusal

  resolution ??= await desk.directory.resolve(address, sizeBytes)
  tx.recipients.push({ address, resolution, parameters: await heededParameters(parsed.values, session, desk) })
  // Whom the account writes to is remembered even while no limit asks for it: it may from tomorrow on.
  const isContact = session.user !== undefined && resolution.is === 'external'
  if (isContact) isKnown ??= await desk.facts.recipientKnown(subject)
  if (isContact && isKnown === false) tx.newRecipients.add(address.toLowerCase())
  tx.note(findings)
  return 'recipientOk'
}

/** Give what the gate must know of where an address ends, for mail of this sender. */
export function destinationOf(resolution: Resolution, sender = ''): Destination {
  switch (resolution.is) {
    case 'local':
      if (resolution.bouncesOnly === true && sender !== '') return { is: 'nobody' }
      return { is: 'local', full: resolution.full !== undefined }
    case 'external':
      return { is: 'external', domain: resolution.domain }
    case 'loop':
      return { is: 'loop', by: resolution.by }
    case 'nobody':
    case 'disabled':
      return { is: resolution.is }
  }
}
