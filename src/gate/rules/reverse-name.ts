import type { Rule } from '../rule.ts'

/** Machines that are no mail servers often have no name (`sender.requirePtr`); so have some that are. Off unless wanted. */
export const reverseName: Rule = {
  name: 'reverse-name',
  stage: 'connect',
  about: 'A stranger on port 25 whose address has no name in DNS (PTR) is not served.',
  reads: ['sender.requirePtr', 'relay.ipGroup', 'trust.ipGroup', 'limits.exemptGroup', 'rules.reverseName.action'],
  replies: ['noReverseName', 'reverseNameUnavailable'],
  needs: ['reverseName'],
  exempts: [
    'members of the relay group',
    'members of the trust group',
    'members of limits.exemptGroup',
    'other services than SMTP (port 25)',
  ],
  applies: ({ service }, { sender }) => service === 'smtp' && sender.requirePtr,
  spares: {
    needs: ['relayGroup', 'trustGroup', 'exemptGroup'],
    decide: ({ ip }, { relayGroup, trustGroup, exemptGroup }) => {
      const group = [relayGroup, trustGroup, exemptGroup].find(({ member }) => member)
      return group === undefined ? undefined : { is: 'pass', saw: `${ip} is in the group ${group.group}` }
    },
  },
  action: {
    setting: 'rules.reverseName.action',
    of: ({ rules }) => rules.reverseName.action,
    deferred: 'noReverseNameDeferred',
  },
  decide: ({ ip }, { reverseName: name }) => {
    const setting = 'sender.requirePtr'
    switch (name.is) {
      case 'found':
        return { is: 'pass', saw: `${ip} is ${name.what} in DNS`, setting }
      case 'none':
        return { is: 'refuse', saw: `${ip} has no name in DNS`, setting, reply: 'noReverseName' }
      case 'unknown':
        return {
          is: 'refuse',
          saw: `could not find out the name of ${ip}: ${name.because}`,
          setting,
          reply: 'reverseNameUnavailable',
        }
    }
  },
}
