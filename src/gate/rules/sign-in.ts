import { printable } from '#base/printable.ts'
import type { Rule } from '../rule.ts'

/**
 * A login that failed is refused, and told against the client: never against the account it named. It has no `action`: to
 * observe it would be to let everybody in.
 */
export const signIn: Rule = {
  name: 'sign-in',
  stage: 'login',
  about: 'A login with a wrong name or password fails, and counts against the address that tried it.',
  reads: [],
  replies: ['loginFailed'],
  needs: [],
  applies: ({ deniedLogin }) => deniedLogin !== undefined,
  decide: ({ deniedLogin }) => ({
    is: 'refuse',
    // The name is the client's, of any length.
    saw: `a login as "${printable(deniedLogin?.name ?? '', 100)}" failed: ${deniedLogin?.why}`,
    reply: 'loginFailed',
    evidence: 'failedLogin',
  }),
}
