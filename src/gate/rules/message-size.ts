import type { Settings } from '#settings/schema.ts'
import type { Opinion, Rule } from '../rule.ts'
import type { Subject } from '../subject.ts'

function decideSize(what: string, bytes: number | undefined, { session }: Settings): Opinion {
  const most = session.maxMessageSize
  if (bytes === undefined) return { is: 'pass', saw: `no ${what} size` }
  const saw = `${what} ${bytes} bytes, ${most === 'unlimited' ? 'no limit' : `at most ${most}`}`
  return most !== 'unlimited' && bytes > most
    ? { is: 'refuse', saw, setting: 'session.maxMessageSize', reply: 'messageTooBig' }
    : { is: 'pass', saw, setting: 'session.maxMessageSize' }
}

const SHARED = {
  reads: ['session.maxMessageSize', 'rules.messageSize.action'],
  replies: ['messageTooBig'],
  needs: [],
  action: {
    setting: 'rules.messageSize.action',
    of: (settings: Settings) => settings.rules.messageSize.action,
    deferred: 'messageTooBigDeferred',
  },
} as const satisfies Partial<Rule>

/** RFC 1870 §6.1: a size declared at MAIL is judged before any of it is sent. */
export const declaredSize: Rule = {
  ...SHARED,
  name: 'declared-size',
  stage: 'sender',
  about: 'A message announced as larger than the limit is refused before it is sent.',
  decide: (subject: Subject, _facts, settings) => decideSize('declared', subject.declaredBytes, settings),
}

/** The size that came, whatever was declared (RFC 1870 §6.3). */
export const messageSize: Rule = {
  ...SHARED,
  name: 'message-size',
  stage: 'message',
  about: 'A message larger than the limit is not taken.',
  decide: (subject: Subject, _facts, settings) => decideSize('received', subject.messageBytes, settings),
}
