import type { Rule } from '../rule.ts'

/** A user that logged in writes as nobody else. */
export const senderLogin: Rule = {
  name: 'sender-login',
  stage: 'sender',
  about: 'A user that logged in sends only from addresses of their own.',
  reads: ['sender.mustMatchLogin', 'rules.senderLogin.action'],
  replies: ['senderNotYours', 'senderUnavailable'],
  needs: ['senderOwner'],
  exempts: ['the null sender'],
  // The null sender: a mail client may send a receipt (RFC 8098 §2.1).
  applies: ({ user, sender }, { sender: settings }) =>
    settings.mustMatchLogin && user !== undefined && sender !== undefined && sender !== '',
  action: {
    setting: 'rules.senderLogin.action',
    of: ({ rules }) => rules.senderLogin.action,
    deferred: 'senderNotYoursDeferred',
  },
  decide: ({ user, sender }, { senderOwner }) => {
    const setting = 'sender.mustMatchLogin'
    if (senderOwner.is === 'unknown') {
      return { is: 'refuse', saw: `could not find out: ${senderOwner.because}`, setting, reply: 'senderUnavailable' }
    }
    return senderOwner.is === 'local' && senderOwner.own
      ? { is: 'pass', saw: `${sender} is an address of ${user}`, setting }
      : { is: 'refuse', saw: `${sender} is not an address of ${user}`, setting, reply: 'senderNotYours' }
  },
}
