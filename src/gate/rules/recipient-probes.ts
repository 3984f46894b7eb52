import type { Rule } from '../rule.ts'

/** Who asks for recipients and sends them nothing collects addresses; who may relay does not have to. It refuses nothing by itself. */
export const recipientProbes: Rule = {
  name: 'recipient-probes',
  stage: 'abandon',
  about: 'A client that asks for recipients and sends them nothing is counted, and blocked when it does so often.',
  reads: ['relay.ipGroup'],
  replies: [],
  needs: ['relayGroup'],
  exempts: ['members of the relay group', 'users that logged in'],
  applies: ({ user, abandoned }) => user === undefined && abandoned !== undefined && abandoned.length > 0,
  decide: ({ abandoned = [], ip }, { relayGroup }) => {
    if (relayGroup.member) return { is: 'pass', saw: `${ip} is in the group ${relayGroup.group}` }
    return { is: 'pass', saw: `${abandoned.length} recipients were sent nothing`, evidence: 'recipientProbe' }
  },
}
