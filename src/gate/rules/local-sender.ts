import type { Rule } from '../rule.ts'
import { popGrant } from './relay.ts'

/** Who writes as one of ours is one of ours: others who claim it deceive our users. */
export const localSender: Rule = {
  name: 'local-sender',
  stage: 'sender',
  about: 'A stranger may not send as an address of a local domain.',
  reads: [
    'sender.localRequiresAuth',
    'relay.mode',
    'relay.ipGroup',
    'relay.groupAfterFailedLogin',
    'relay.popBeforeSmtp.enabled',
    'relay.popBeforeSmtp.minutes',
    'trust.ipGroup',
    'rules.localSender.action',
  ],
  replies: ['localSenderNeedsLogin', 'senderUnavailable'],
  needs: ['senderOwner', 'relayGroup', 'trustGroup', 'sincePopLoginMs'],
  exempts: ['members of the relay group', 'members of the trust group', 'users that logged in', 'the null sender'],
  applies: ({ user, sender }, { sender: settings }) =>
    settings.localRequiresAuth && user === undefined && sender !== undefined && sender !== '',
  action: {
    setting: 'rules.localSender.action',
    of: ({ rules }) => rules.localSender.action,
    deferred: 'localSenderNeedsLoginDeferred',
  },
  decide: (subject, facts, settings) => {
    const { senderOwner, relayGroup, trustGroup } = facts
    const { ip, loginFailed } = subject
    const setting = 'sender.localRequiresAuth'
    if (senderOwner.is === 'elsewhere') return { is: 'pass', saw: 'the sender is not in a local domain', setting }
    if (settings.relay.mode === 'open') return { is: 'pass', saw: 'the server is an open relay', setting: 'relay.mode' }
    const group = [relayGroup, trustGroup].find(({ member }) => member)
    if (group !== undefined && (!loginFailed || settings.relay.groupAfterFailedLogin)) {
      return { is: 'pass', saw: `${ip} is in the group ${group.group}`, setting }
    }
    const grant = popGrant(subject, facts, settings)
    if (grant !== undefined) return { is: 'pass', saw: grant, setting: 'relay.popBeforeSmtp.minutes' }
    if (senderOwner.is === 'unknown') {
      return { is: 'refuse', saw: `could not find out: ${senderOwner.because}`, setting, reply: 'senderUnavailable' }
    }
    return {
      is: 'refuse',
      saw: `the sender is in a local domain, and ${ip} has not logged in`,
      setting,
      reply: 'localSenderNeedsLogin',
    }
  },
}
