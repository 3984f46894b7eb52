import type { Rule } from '../rule.ts'

/** Mail from a domain that does not exist can be answered by nobody (RFC 5321 §3.6.2 wants names that resolve). */
export const senderDomain: Rule = {
  name: 'sender-domain',
  stage: 'sender',
  about: 'A stranger sends only from domains that are found in DNS.',
  reads: ['sender.requireDomainInDns', 'relay.ipGroup', 'trust.ipGroup', 'rules.senderDomain.action'],
  replies: ['noSenderDomain', 'senderDomainUnavailable'],
  needs: ['senderDomain'],
  exempts: [
    'members of the relay group',
    'members of the trust group',
    'users that logged in',
    'the null sender',
    'senders of local domains',
  ],
  applies: ({ user, sender }, { sender: settings }) =>
    settings.requireDomainInDns && user === undefined && sender !== undefined && sender !== '',
  spares: {
    needs: ['relayGroup', 'trustGroup', 'senderOwner'],
    decide: ({ ip }, { relayGroup, trustGroup, senderOwner }) => {
      const setting = 'sender.requireDomainInDns'
      const group = [relayGroup, trustGroup].find(({ member }) => member)
      if (group !== undefined) return { is: 'pass', saw: `${ip} is in the group ${group.group}`, setting }
      if (senderOwner.is === 'local') return { is: 'pass', saw: 'the sender is in a local domain', setting }
      return undefined
    },
  },
  action: {
    setting: 'rules.senderDomain.action',
    of: ({ rules }) => rules.senderDomain.action,
    deferred: 'noSenderDomainDeferred',
  },
  decide: (_subject, { senderDomain: domain }) => {
    const setting = 'sender.requireDomainInDns'
    switch (domain.is) {
      case 'found':
        return { is: 'pass', saw: `the domain of the sender is in DNS (${domain.what})`, setting }
      case 'none':
        return {
          is: 'refuse',
          saw: `the domain of the sender is not found in DNS${domain.why === undefined ? '' : ` (${domain.why})`}`,
          setting,
          reply: 'noSenderDomain',
        }
      case 'unknown':
        return {
          is: 'refuse',
          saw: `could not ask DNS for the domain of the sender: ${domain.because}`,
          setting,
          reply: 'senderDomainUnavailable',
        }
    }
  },
}
