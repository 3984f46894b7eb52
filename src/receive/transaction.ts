import type { Resolution } from '#directory/contract.ts'
import type { Finding } from '#gate/record.ts'
import type { MailParameters, RcptParameters } from '#smtp/parameters.ts'
import type { Intake } from './intake.ts'

/** A recipient that was accepted, and where the address ends. */
export interface Recipient {
  readonly address: string
  readonly resolution: Resolution
  readonly parameters: RcptParameters
}

/** Findings kept for the record of one message: those of the first hundred recipients or so. */
const MOST_FINDINGS = 500

/** One message's envelope, from MAIL to its end, whatever the end: it exists or it does not, and has no other state. */
export class Transaction {
  /** The reverse path, `''` for the null sender. */
  readonly sender: string
  readonly parameters: MailParameters
  readonly recipients: Recipient[] = []
  /** What the rules found of the sender and of the recipients accepted. */
  readonly findings: Finding[] = []
  /** The message, once it has begun to come. */
  intake: Intake | undefined

  constructor(sender: string, parameters: MailParameters, findings: readonly Finding[]) {
    this.sender = sender
    this.parameters = parameters
    this.note(findings)
  }

  /** Keep findings for the record; past the bound only those that say more than `pass`. */
  note(findings: readonly Finding[]): void {
    for (const finding of findings) {
      const room = finding.is === 'pass' ? MOST_FINDINGS : MOST_FINDINGS * 2
      if (this.findings.length < room) this.findings.push(finding)
    }
  }
}
