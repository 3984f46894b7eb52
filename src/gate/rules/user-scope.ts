import type { Rule } from '../rule.ts'

/** A user may be kept to local domains. It has no `action`: the mark is set on a user on purpose. */
export const userScope: Rule = {
  name: 'user-scope',
  stage: 'recipient',
  about: 'A user marked "local domains only" sends to no other domain.',
  reads: [],
  replies: ['recipientLocalOnly'],
  needs: ['destination', 'account'],
  exempts: ['recipients in local domains'],
  applies: ({ user }) => user !== undefined,
  decide: ({ user }, { destination, account }) => {
    if (account?.localDomainsOnly !== true) return { is: 'pass', saw: 'no restriction' }
    return destination.is === 'external'
      ? { is: 'refuse', saw: `${user} may send to local domains only`, reply: 'recipientLocalOnly' }
      : { is: 'pass', saw: 'the recipient is not in another domain' }
  },
}
