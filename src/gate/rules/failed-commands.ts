import type { Rule } from '../rule.ts'

/** Spam tools ignore errors; an honest client does not make many (RFC 5321 §7.8 lets the server hang up). */
export const failedCommands: Rule = {
  name: 'failed-commands',
  stage: 'command',
  about: 'A session whose commands keep failing is closed.',
  reads: ['session.maxFailedCommands', 'rules.failedCommands.action'],
  replies: ['tooManyErrors'],
  needs: [],
  // The reply is 421 either way: the session ends, and nothing is said about a later one.
  action: { setting: 'rules.failedCommands.action', of: (settings) => settings.rules.failedCommands.action },
  decide: ({ failedCommands: count, refusedByRule }, _facts, { session: { maxFailedCommands } }) => {
    const saw = `${count} failed commands, ${maxFailedCommands === 'unlimited' ? 'no limit' : `at most ${maxFailedCommands}`}`
    const setting = 'session.maxFailedCommands'
    // What a rule refused is counted as what it was, if it was anything: one wrong password sent a thousand times is one guess.
    const evidence = refusedByRule === true ? {} : ({ evidence: 'failedCommand' } as const)
    return maxFailedCommands !== 'unlimited' && count > maxFailedCommands
      ? { is: 'refuse', saw, setting, reply: 'tooManyErrors', ...evidence }
      : { is: 'pass', saw, setting, ...evidence }
  },
}
