import { atMost } from '../limit.ts'
import type { Rule } from '../rule.ts'
import { isSmtp } from '../subject.ts'

/** A password that has got about is used from many places at once. */
export const accountNetworks: Rule = {
  name: 'account-networks',
  stage: 'login',
  about: 'One account sends from at most so many networks (IPv4 /24, IPv6 /48) in a day.',
  reads: ['limits.account.networksPerDay', 'rules.accountNetworks.action'],
  replies: ['accountTooManyNetworks'],
  needs: ['accountNetworks'],
  exempts: ['other services than the three of SMTP'],
  applies: ({ service, user, deniedLogin }, { limits }) =>
    isSmtp(service) && user !== undefined && deniedLogin === undefined && limits.account.networksPerDay !== 'unlimited',
  action: {
    setting: 'rules.accountNetworks.action',
    of: ({ rules }) => rules.accountNetworks.action,
    refused: 'accountTooManyNetworksRefused',
  },
  decide: ({ user }, { accountNetworks: count = 0 }, { limits: { account } }) => {
    const setting = 'limits.account.networksPerDay'
    const limit = account.networksPerDay
    const saw = `${user} logged in from ${count} networks in 24 hours, ${atMost(limit)}`
    return limit !== 'unlimited' && count > limit
      ? { is: 'refuse', saw, setting, reply: 'accountTooManyNetworks' }
      : { is: 'pass', saw, setting }
  },
}
