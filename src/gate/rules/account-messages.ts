import type { Settings } from '#settings/schema.ts'
import { messageBounds, weighBounds } from '../account-bounds.ts'
import type { Rule } from '../rule.ts'

const SHARED = {
  name: 'account-messages',
  about: 'One account sends at most so many messages in an hour and in a day.',
  reads: ['limits.account.messagesPerHour', 'limits.account.messagesPerDay', 'rules.accountMessages.action'],
  replies: ['accountTooMuch'],
  action: {
    setting: 'rules.accountMessages.action',
    of: ({ rules }: Settings) => rules.accountMessages.action,
    refused: 'accountTooMuchRefused',
  },
} as const satisfies Partial<Rule>

/** Told at MAIL, before the message is sent in vain. */
export const accountMessages: Rule = {
  ...SHARED,
  stage: 'sender',
  needs: ['accountCounts'],
  applies: ({ user }, { limits: { account } }) =>
    user !== undefined && !(account.messagesPerHour === 'unlimited' && account.messagesPerDay === 'unlimited'),
  decide: ({ user }, { accountCounts: counts }, { limits }) =>
    weighBounds(user, counts === undefined ? [] : messageBounds(counts, limits.account), 1),
}

/** The message itself, counted with all that many sessions send at the same moment. */
export const accountMessagesTaken: Rule = {
  ...SHARED,
  stage: 'message',
  needs: ['accountMessageTaken'],
  // Asked where nothing is limited as well: what is taken is counted.
  applies: ({ user }) => user !== undefined,
  decide: ({ user }, { accountMessageTaken: counts }, { limits }) =>
    weighBounds(user, counts === undefined ? [] : messageBounds(counts, limits.account)),
}
