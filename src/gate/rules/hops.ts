import type { Rule } from '../rule.ts'

/** RFC 5321 §6.3: simple counting of Received lines catches a loop; the limit is to be at least 100. */
export const hops: Rule = {
  name: 'hops',
  stage: 'message',
  about: 'A message that has passed too many servers goes round in a circle.',
  reads: ['session.maxHops', 'rules.hops.action'],
  replies: ['tooManyHops'],
  needs: [],
  action: {
    setting: 'rules.hops.action',
    of: (settings) => settings.rules.hops.action,
    deferred: 'tooManyHopsDeferred',
  },
  decide: ({ hops: count = 0 }, _facts, { session: { maxHops } }) => {
    const saw = `${count} Received lines, ${maxHops === 'unlimited' ? 'no limit' : `at most ${maxHops}`}`
    const setting = 'session.maxHops'
    return maxHops !== 'unlimited' && count > maxHops
      ? { is: 'refuse', saw, setting, reply: 'tooManyHops' }
      : { is: 'pass', saw, setting }
  },
}
