import type { Rule } from '../rule.ts'

/**
 * An account that writes to many addresses that do not exist sends by a list that was bought or guessed. Counted are recipients
 * that turned out not to exist when the account itself named them, and those that the next server refused for good when we
 * delivered: bounces that come in from outside can be forged by anyone.
 */
export const accountBounces: Rule = {
  name: 'account-bounces',
  stage: 'sender',
  about:
    'An account may not go on when a large share of its recipients turn out not to exist, or refuse its mail for good.',
  reads: ['limits.account.bounceShare', 'limits.account.bounceLeast', 'rules.accountBounces.action'],
  replies: ['accountTooMuch'],
  needs: ['accountCounts'],
  applies: ({ user }, { limits: { account } }) => user !== undefined && account.bounceShare !== 'unlimited',
  action: {
    setting: 'rules.accountBounces.action',
    of: ({ rules }) => rules.accountBounces.action,
    refused: 'accountTooMuchRefused',
  },
  decide: ({ user }, { accountCounts: counts }, { limits: { account } }) => {
    const setting = 'limits.account.bounceShare'
    const { bounceShare, bounceLeast } = account
    if (counts === undefined || bounceShare === 'unlimited') return { is: 'pass', saw: 'not counted', setting }
    const { bouncesInDay, returnedInDay, recipientsInDay } = counts
    const asked = bouncesInDay + recipientsInDay
    const bounced = bouncesInDay + returnedInDay
    const percent = asked === 0 ? 0 : Math.round((100 * bounced) / asked)
    const saw = `${user}: ${bounced} of ${asked} recipients in 24 hours did not exist or refused its mail (${percent} %), at most ${bounceShare} % once there are more than ${bounceLeast}`
    return bounced > bounceLeast && 100 * bounced > bounceShare * asked
      ? { is: 'refuse', saw, setting, reply: 'accountTooMuch' }
      : { is: 'pass', saw, setting }
  },
}
