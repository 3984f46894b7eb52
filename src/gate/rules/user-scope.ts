import type { Rule } from '../rule.ts'

/** A user may be kept to local domains. */
export const userScope: Rule = {
  name: 'user-scope',
  stage: 'recipient',
  about: 'A user marked "local domains only" sends to no other domain.',
  reads: [],
  needs: ['destination', 'userLocalOnly'],
  decide: ({ user }, { destination, userLocalOnly }) => {
    if (user === undefined || !userLocalOnly) return { is: 'pass', saw: 'no restriction' }
    return destination.is === 'external'
      ? { is: 'refuse', saw: `${user} may send to local domains only`, reply: 'recipientLocalOnly' }
      : { is: 'pass', saw: 'the recipient is not in another domain' }
  },
}
