import type { Settings } from '#settings/schema.ts'
import { newRecipientBounds, weighBounds } from '../account-bounds.ts'
import type { Rule } from '../rule.ts'
import type { Subject } from '../subject.ts'

const SETTING = 'limits.account.newRecipientsPerDay'

const SHARED = {
  name: 'account-new-recipients',
  about: 'One account writes to at most so many recipients in other domains a day that it never wrote to before.',
  reads: [SETTING, 'rules.accountNewRecipients.action'],
  replies: ['accountTooMuch'],
  exempts: ['recipients in local domains'],
  applies: ({ user }: Subject, { limits: { account } }: Settings) =>
    user !== undefined && account.newRecipientsPerDay !== 'unlimited',
  action: {
    setting: 'rules.accountNewRecipients.action',
    of: ({ rules }: Settings) => rules.accountNewRecipients.action,
    refused: 'accountTooMuchRefused',
  },
} as const satisfies Partial<Rule>

/** People write to people they know; a thief writes to people nobody here ever wrote to. */
export const accountNewRecipients: Rule = {
  ...SHARED,
  stage: 'recipient',
  needs: ['recipientKnown', 'accountCounts'],
  spares: {
    needs: ['destination'],
    decide: (_subject, { destination }) =>
      destination.is === 'external' ? undefined : { is: 'pass', saw: 'the recipient is not in another domain' },
  },
  decide: ({ user, newRecipientCount = 0 }, { recipientKnown, accountCounts: counts }, { limits }) => {
    if (recipientKnown) return { is: 'pass', saw: `${user} wrote to this recipient before`, setting: SETTING }
    return weighBounds(
      user,
      counts === undefined ? [] : newRecipientBounds(counts, limits.account),
      newRecipientCount + 1,
    )
  },
}

/** Those of the message, counted with those of other sessions at the same moment. */
export const accountNewRecipientsTaken: Rule = {
  ...SHARED,
  stage: 'message',
  needs: ['accountMessageTaken'],
  // A message to nobody new is not held up by what was sent before, where the limit was lowered since.
  applies: (subject, settings) => (subject.newRecipientCount ?? 0) > 0 && SHARED.applies(subject, settings),
  decide: ({ user }, { accountMessageTaken: counts }, { limits }) =>
    weighBounds(user, counts === undefined ? [] : newRecipientBounds(counts, limits.account)),
}
