import type { Rule } from '../rule.ts'

/** RFC 5321 §4.5.3.1.8 and §4.5.3.1.10: at least 100 are taken, and those past the limit get 452. */
export const recipientCount: Rule = {
  name: 'recipient-count',
  stage: 'recipient',
  about: 'A message has at most so many recipients; the rest may be sent again.',
  reads: ['session.maxRecipients', 'rules.recipientCount.action'],
  replies: ['tooManyRecipients'],
  needs: [],
  action: {
    setting: 'rules.recipientCount.action',
    of: ({ rules }) => rules.recipientCount.action,
    refused: 'tooManyRecipientsRefused',
  },
  decide: ({ recipientCount: count = 0 }, _facts, { session: { maxRecipients } }) => {
    const saw = `${count} recipients so far, ${maxRecipients === 'unlimited' ? 'no limit' : `at most ${maxRecipients}`}`
    const setting = 'session.maxRecipients'
    return maxRecipients !== 'unlimited' && count >= maxRecipients
      ? { is: 'refuse', saw, setting, reply: 'tooManyRecipients' }
      : { is: 'pass', saw, setting }
  },
}
