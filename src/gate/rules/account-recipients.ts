import type { Settings } from '#settings/schema.ts'
import { recipientBounds, weighBounds } from '../account-bounds.ts'
import type { Rule } from '../rule.ts'
import type { Subject } from '../subject.ts'

const SHARED = {
  name: 'account-recipients',
  about: 'One account writes to at most so many recipients in an hour and in a day.',
  reads: ['limits.account.recipientsPerHour', 'limits.account.recipientsPerDay', 'rules.accountRecipients.action'],
  replies: ['accountTooMuch'],
  applies: ({ user }: Subject, { limits: { account } }: Settings) =>
    user !== undefined && !(account.recipientsPerHour === 'unlimited' && account.recipientsPerDay === 'unlimited'),
  action: {
    setting: 'rules.accountRecipients.action',
    of: ({ rules }: Settings) => rules.accountRecipients.action,
    refused: 'accountTooMuchRefused',
  },
} as const satisfies Partial<Rule>

/** Told at RCPT; those of the message under way count, though it is not taken yet. */
export const accountRecipients: Rule = {
  ...SHARED,
  stage: 'recipient',
  needs: ['accountCounts'],
  decide: ({ user, recipientCount = 0 }, { accountCounts: counts }, { limits }) =>
    weighBounds(user, counts === undefined ? [] : recipientBounds(counts, limits.account), recipientCount + 1),
}

/** All recipients of the message, counted with those of other sessions at the same moment. */
export const accountRecipientsTaken: Rule = {
  ...SHARED,
  stage: 'message',
  needs: ['accountMessageTaken'],
  decide: ({ user }, { accountMessageTaken: counts }, { limits }) =>
    weighBounds(user, counts === undefined ? [] : recipientBounds(counts, limits.account)),
}
