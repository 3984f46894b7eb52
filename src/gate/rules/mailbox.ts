import type { FactTable } from '../facts.ts'
import type { Opinion, Rule } from '../rule.ts'
import type { Subject } from '../subject.ts'

/**
 * A recipient in a local domain must exist, be enabled, lead somewhere and have room. It has no `action`: what is taken for nobody
 * could only be sent back, to a sender that may be forged.
 */
export const mailbox: Rule = {
  name: 'mailbox',
  stage: 'recipient',
  about: 'Mail for a local domain is taken only for recipients that exist and can receive it.',
  reads: [],
  replies: ['unknownRecipient', 'recipientDisabled', 'recipientLoop', 'mailboxFull', 'recipientUnavailable'],
  needs: ['destination'],
  decide: decideMailbox,
}

function decideMailbox(_subject: Subject, { destination }: FactTable): Opinion {
  switch (destination.is) {
    case 'external':
      return { is: 'pass', saw: 'the recipient is in another domain' }
    case 'local':
      return destination.full
        ? { is: 'refuse', saw: 'the mailbox has reached its quota', reply: 'mailboxFull' }
        : { is: 'pass', saw: 'the recipient exists' }
    case 'nobody':
      return {
        is: 'refuse',
        saw: 'no user, group or alias has this address',
        reply: 'unknownRecipient',
        evidence: 'unknownRecipient',
      }
    case 'disabled':
      return { is: 'refuse', saw: 'the user is disabled', reply: 'recipientDisabled' }
    case 'loop':
      return { is: 'refuse', saw: `the address leads back to itself by ${destination.by}`, reply: 'recipientLoop' }
    case 'unknown':
      return { is: 'refuse', saw: `could not find out: ${destination.because}`, reply: 'recipientUnavailable' }
  }
}
