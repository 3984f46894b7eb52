import type { Resolution } from '#directory/contract.ts'
import type { Finding } from '#gate/record.ts'
import type { MailParameters, RcptParameters } from '#smtp/parameters.ts'
import type { Refusal } from './answer.ts'
import type { Intake } from './intake.ts'

/** A recipient that was accepted, and where the address ends. */
export interface Recipient {
  readonly address: string
  readonly resolution: Resolution
  readonly parameters: RcptParameters
}

/** Findings kept for the record of one message: of the many recipients of a list, each says the same. */
const MOST_FINDINGS = 100
/** As many more of those that say more than `pass`. */
const MOST_TELLING = 400

/** One message's envelope, from MAIL to its end, whatever the end: it exists or it does not, and has no other state. */
export class Transaction {
  /** The reverse path, `''` for the null sender. */
  readonly sender: string
  readonly parameters: MailParameters
  readonly recipients: Recipient[] = []
  /** What the rules found of the sender and of the recipients accepted. */
  readonly findings: Finding[] = []
  /** Those of them, in lower case, that the user never wrote to before. */
  readonly newRecipients = new Set<string>()
  /** That its recipients were sent nothing is no evidence against the client: a message came, or the trouble is ours. */
  isSpared = false
  /** The answer to every recipient past the limit: one record says it for all. */
  overflow: Refusal | undefined
  /** The message, once it has begun to come. */
  intake: Intake | undefined

  constructor(sender: string, parameters: MailParameters, findings: readonly Finding[]) {
    this.sender = sender
    this.parameters = parameters
    this.note(findings)
  }

  /** Keep findings for the record. */
  note(findings: readonly Finding[]): void {
    for (const finding of findings) {
      const room = finding.is === 'pass' ? MOST_FINDINGS : MOST_FINDINGS + MOST_TELLING
      if (this.findings.length < room) this.findings.push(finding)
    }
  }
}
