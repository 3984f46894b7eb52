import { findPassed, tallyText } from '../limit.ts'
import type { Rule } from '../rule.ts'
import { isSmtp } from '../subject.ts'
import { exempt } from './client-connections.ts'

/** One client may not come again and again. */
export const connectionsPerMinute: Rule = {
  name: 'connections-per-minute',
  stage: 'connect',
  about: 'One address begins at most so many connections to the SMTP services in a minute.',
  reads: ['limits.connectionsPerMinute', 'limits.exemptGroup', 'rules.connectionsPerMinute.action'],
  replies: ['tooManyFromYou'],
  needs: ['exemptGroup', 'connectionsInMinute'],
  exempts: ['members of limits.exemptGroup', 'other services than the three of SMTP'],
  // Without a limit it is asked all the same: the count is evidence that a trusted address hides strangers.
  applies: ({ service }) => isSmtp(service),
  action: {
    setting: 'rules.connectionsPerMinute.action',
    of: ({ rules }) => rules.connectionsPerMinute.action,
    refused: 'tooManyFromYouRefused',
  },
  decide: ({ ip }, { exemptGroup, connectionsInMinute: tallies }, { limits: { connectionsPerMinute: limit } }) => {
    const setting = 'limits.connectionsPerMinute'
    if (exemptGroup.member) return exempt(ip, exemptGroup.group)
    const passed = findPassed(tallies, limit)
    if (passed !== undefined) {
      return {
        is: 'refuse',
        saw: tallyText(passed, 'connections', 'a minute', limit),
        setting,
        reply: 'tooManyFromYou',
      }
    }
    const [narrowest] = tallies
    const saw = narrowest === undefined ? 'no connection' : tallyText(narrowest, 'connections', 'a minute', limit)
    return { is: 'pass', saw, setting }
  },
}
