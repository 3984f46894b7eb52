import type { Settings } from '#settings/schema.ts'
import type { Membership, Tally } from '../facts.ts'
import { findPassed, tallyText } from '../limit.ts'
import type { Opinion, Rule } from '../rule.ts'
import { isSmtp, type Subject } from '../subject.ts'
import { exempt } from './client-connections.ts'

function weighMessages(
  { ip }: Subject,
  exemptGroup: Membership,
  tallies: readonly Tally[],
  { limits: { messagesPerHour: limit } }: Settings,
): Opinion {
  const setting = 'limits.messagesPerHour'
  if (exemptGroup.member) return exempt(ip, exemptGroup.group)
  const passed = findPassed(tallies, limit)
  const shown = passed ?? tallies[0]
  const saw = shown === undefined ? 'no message' : tallyText(shown, 'messages', '60 minutes', limit)
  return passed === undefined ? { is: 'pass', saw, setting } : { is: 'refuse', saw, setting, reply: 'tooManyMessages' }
}

const SHARED = {
  name: 'messages-per-hour',
  about: 'One address sends at most so many messages in any 60 minutes.',
  reads: ['limits.messagesPerHour', 'limits.exemptGroup', 'rules.messagesPerHour.action'],
  replies: ['tooManyMessages'],
  exempts: ['members of limits.exemptGroup', 'other services than the three of SMTP'],
  action: {
    setting: 'rules.messagesPerHour.action',
    of: ({ rules }: Settings) => rules.messagesPerHour.action,
    refused: 'tooManyMessagesRefused',
  },
} as const satisfies Partial<Rule>

/** Told at MAIL, before the message is sent in vain. */
export const messagesPerHour: Rule = {
  ...SHARED,
  stage: 'sender',
  needs: ['exemptGroup', 'messagesInHour'],
  // What is to be discarded is told nothing now.
  applies: ({ service }, { limits, rules }) =>
    isSmtp(service) && limits.messagesPerHour !== 'unlimited' && rules.messagesPerHour.action !== 'discard',
  decide: (subject, { exemptGroup, messagesInHour }, settings) => {
    const withThis = messagesInHour.map((tally) => ({ ...tally, count: tally.count + 1 }))
    return weighMessages(subject, exemptGroup, withThis, settings)
  },
}

/** The message itself, counted with all that many sessions send at the same moment. */
export const messagesPerHourTaken: Rule = {
  ...SHARED,
  stage: 'message',
  needs: ['exemptGroup', 'messageTaken'],
  // Asked without a limit as well: what is taken is counted.
  applies: ({ service }) => isSmtp(service),
  decide: (subject, { exemptGroup, messageTaken: tallies }, settings) =>
    weighMessages(subject, exemptGroup, tallies, settings),
}
