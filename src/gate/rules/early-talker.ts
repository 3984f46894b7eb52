import type { Rule } from '../rule.ts'

/** RFC 5321 §4.3.1: a client waits for the greeting. One that cannot wait is no mail server. */
export const earlyTalker: Rule = {
  name: 'early-talker',
  stage: 'greeting',
  about: 'A client that talks before the greeting is no mail server.',
  reads: ['session.greetingDelay', 'rules.earlyTalker.action'],
  replies: ['talkedBeforeGreeting'],
  needs: [],
  exempts: ['other services than SMTP (port 25)'],
  applies: ({ service }) => service === 'smtp',
  action: {
    setting: 'rules.earlyTalker.action',
    of: ({ rules }) => rules.earlyTalker.action,
    deferred: 'talkedBeforeGreetingDeferred',
  },
  decide: ({ talkedEarly }) => {
    const setting = 'session.greetingDelay'
    return talkedEarly === true
      ? { is: 'refuse', saw: 'the client talked before the greeting', setting, reply: 'talkedBeforeGreeting' }
      : { is: 'pass', saw: 'the client waited for the greeting', setting }
  },
}
