import type { Rule } from '../rule.ts'

/** RFC 6409 §4.3: a submission server takes mail from those it knows: who logged in, or whose address may relay. */
export const submissionLogin: Rule = {
  name: 'submission-login',
  stage: 'sender',
  about: 'The submission services are for users: log in, or be in the relay group.',
  reads: ['relay.ipGroup', 'relay.groupAfterFailedLogin'],
  needs: ['relayGroup'],
  decide: ({ service, user, ip, loginFailed }, { relayGroup }, { relay: { groupAfterFailedLogin } }) => {
    if (service === 'smtp') return { is: 'pass', saw: 'not a submission service' }
    if (user !== undefined) return { is: 'pass', saw: `logged in as ${user}` }
    const setting = 'relay.ipGroup'
    if (relayGroup.member && (!loginFailed || groupAfterFailedLogin)) {
      return { is: 'pass', saw: `${ip} is in the group ${relayGroup.group}`, setting }
    }
    return {
      is: 'refuse',
      saw: `not logged in, and ${ip} may not relay by its address`,
      setting,
      reply: 'loginRequired',
    }
  },
}
