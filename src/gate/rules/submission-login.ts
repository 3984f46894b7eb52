import type { Rule } from '../rule.ts'

/**
 * RFC 6409 §4.3: a submission server takes mail from those it knows: who logged in, or whose address may relay. It has no
 * `action`: without it the service is one more port 25, with none of what guards that.
 */
export const submissionLogin: Rule = {
  name: 'submission-login',
  stage: 'sender',
  about: 'The submission services are for users: log in, or be in the relay group.',
  reads: ['relay.ipGroup', 'relay.groupAfterFailedLogin'],
  replies: ['loginRequired'],
  needs: ['relayGroup'],
  exempts: ['members of the relay group', 'users that logged in', 'other services than submission'],
  applies: ({ service }) => service === 'submission' || service === 'submissions',
  decide: ({ user, ip, loginFailed }, { relayGroup }, { relay: { groupAfterFailedLogin } }) => {
    if (user !== undefined) return { is: 'pass', saw: `logged in as ${user}` }
    const setting = 'relay.ipGroup'
    if (relayGroup.member && (!loginFailed || groupAfterFailedLogin)) {
      return { is: 'pass', saw: `${ip} is in the group ${relayGroup.group}`, setting }
    }
    const why =
      relayGroup.suspended === undefined
        ? `${ip} may not relay by its address`
        : `the trust in ${ip} is suspended: ${relayGroup.suspended}`
    return { is: 'refuse', saw: `not logged in, and ${why}`, setting, reply: 'loginRequired' }
  },
}
