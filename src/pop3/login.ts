import type { MechanismName, SignInResult } from '#auth/contract.ts'
import { askGate } from './gate.ts'
import { Maildrop } from './maildrop.ts'
import type { Pop3Ports } from './ports.ts'
import type { Reply } from './replies.ts'
import { MOST_FAILED_LOGINS, type Session } from './session.ts'

/** Tell the gate of a login that failed; the answer names the record, and ends the session where it was one too many. */
async function deny(
  session: Session,
  { name, why, guess }: Extract<SignInResult, { is: 'denied' }>,
  ports: Pop3Ports,
): Promise<Reply> {
  const deniedLogin = { name, why, ...(guess === undefined ? {} : { guess }) }
  const refusal = await askGate('login', session, ports, { deniedLogin })
  if (refusal === undefined) return 'loginDenied'
  const isLast = refusal.reply === 'loginDenied' && session.failedLogins >= MOST_FAILED_LOGINS
  return isLast ? { ...refusal, reply: 'loginDeniedAtLast' } : refusal
}

/** End a login, whichever way it was made: open the mailbox of who signed in, or say that it failed. */
export async function finishLogin(
  session: Session,
  mechanism: MechanismName | 'USER',
  result: SignInResult,
  ports: Pop3Ports,
): Promise<Reply> {
  const { tag, tls } = session
  session.name = undefined
  switch (result.is) {
    case 'user': {
      const { address, mailboxId } = result.user
      const refusal = await askGate('login', session, ports, { user: address })
      if (refusal !== undefined) return refusal
      ports.events.loginSucceeded({ ...tag, user: address, mechanism, tls })
      // Who may not send to other domains, or not at all, opens the way for nobody.
      if (result.user.frozen === undefined && !result.user.localDomainsOnly) ports.loggedIn(tag.ip, address)
      try {
        session.maildrop = new Maildrop(mailboxId, await ports.mailboxes.list(mailboxId))
      } catch (error) {
        ports.events.faulted({ what: `open the mailbox of ${address}`, error })
        return 'mailboxUnavailable'
      }
      session.user = address
      return 'loggedIn'
    }
    case 'denied':
      ports.events.loginFailed({ ...tag, name: result.name, mechanism, why: result.why })
      session.failedLogins += 1
      return deny(session, result, ports)
    case 'malformed':
      ports.events.loginFailed({ ...tag, name: '', mechanism, why: result.why })
      return 'malformedLogin'
    case 'unavailable':
      ports.events.loginFailed({ ...tag, name: '', mechanism, why: result.why })
      return 'loginUnavailable'
  }
}
