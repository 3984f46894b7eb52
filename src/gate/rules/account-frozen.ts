import type { Rule } from '../rule.ts'

/** An account that is stopped sends nothing. It has no `action`: it was stopped on purpose; the reply is a deferral, and mail waits. */
export const accountFrozen: Rule = {
  name: 'account-frozen',
  stage: ['sender', 'recipient', 'message'],
  about: 'An account that was stopped sends nothing until an administrator releases it.',
  reads: [],
  replies: ['accountFrozen'],
  needs: ['account'],
  applies: ({ user }) => user !== undefined,
  decide: ({ user }, { account }) =>
    account?.frozen === undefined
      ? { is: 'pass', saw: `${user} may send` }
      : { is: 'refuse', saw: `${user} may not send: ${account.frozen}`, reply: 'accountFrozen' },
}
