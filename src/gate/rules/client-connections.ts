import { findPassed, tallyText } from '../limit.ts'
import type { Rule } from '../rule.ts'

/** One client may not take up all connections. */
export const clientConnections: Rule = {
  name: 'client-connections',
  stage: 'connect',
  about: 'One address holds at most so many connections at once, to the SMTP services and as many to POP3.',
  reads: ['limits.concurrentConnections', 'limits.exemptGroup', 'rules.concurrentConnections.action'],
  replies: ['tooManyFromYou'],
  needs: ['exemptGroup', 'clientConnections'],
  exempts: ['members of limits.exemptGroup'],
  applies: ({ service }, { limits }) => service !== 'admin' && limits.concurrentConnections !== 'unlimited',
  action: {
    setting: 'rules.concurrentConnections.action',
    of: ({ rules }) => rules.concurrentConnections.action,
    refused: 'tooManyFromYouRefused',
  },
  decide: ({ ip }, { exemptGroup, clientConnections: tallies }, { limits: { concurrentConnections: limit } }) => {
    const setting = 'limits.concurrentConnections'
    if (exemptGroup.member) return exempt(ip, exemptGroup.group)
    const passed = findPassed(tallies, limit)
    if (passed !== undefined) {
      return { is: 'refuse', saw: tallyText(passed, 'connections open', '', limit), setting, reply: 'tooManyFromYou' }
    }
    const [narrowest] = tallies
    return {
      is: 'pass',
      saw: narrowest === undefined ? 'no connection' : tallyText(narrowest, 'connections open', '', limit),
      setting,
    }
  },
}

/** Say that the limits by address do not hold for a member of the exempt group. */
export function exempt(ip: string, group: string | undefined) {
  return { is: 'pass', saw: `${ip} is in the group ${group}`, setting: 'limits.exemptGroup' } as const
}
