import type { Settings } from '#settings/schema.ts'
import type { FactTable } from '../facts.ts'
import type { Opinion, Rule } from '../rule.ts'
import type { Subject } from '../subject.ts'

/**
 * Relay control: anyone may write to local domains; to other domains only who meets at least one condition. It has no
 * `action`: to observe it would be an open relay.
 */
export const relay: Rule = {
  name: 'relay',
  stage: 'recipient',
  about: 'Only those who are authorised may send to other domains.',
  reads: [
    'relay.mode',
    'relay.ipGroup',
    'relay.smtpAuth',
    'relay.popBeforeSmtp.enabled',
    'relay.popBeforeSmtp.minutes',
    'relay.groupAfterFailedLogin',
  ],
  replies: ['relayDenied', 'relayNeedsLogin'],
  needs: ['destination', 'relayGroup', 'sincePopLoginMs'],
  exempts: ['members of the relay group', 'recipients in local domains'],
  decide: decideRelay,
}

function decideRelay(subject: Subject, facts: FactTable, settings: Settings): Opinion {
  const { destination, relayGroup } = facts
  // Only a destination known to be elsewhere is a relay; one that could not be found out is deferred by `mailbox`.
  if (destination.is !== 'external') return { is: 'pass', saw: 'the recipient is not in another domain' }
  const { mode, smtpAuth, groupAfterFailedLogin } = settings.relay
  const where = `to another domain (${destination.domain})`

  if (mode === 'open') return { is: 'permit', saw: `${where}; the server is an open relay`, setting: 'relay.mode' }
  if (smtpAuth && subject.user !== undefined) {
    return { is: 'permit', saw: `${where}; logged in as ${subject.user}`, setting: 'relay.smtpAuth' }
  }
  // A login that failed takes the rights of the address away until one succeeds.
  if (relayGroup.member && (!subject.loginFailed || groupAfterFailedLogin)) {
    return {
      is: 'permit',
      saw: `${where}; ${subject.ip} is in the group ${relayGroup.group}`,
      setting: 'relay.ipGroup',
    }
  }
  const grant = popGrant(subject, facts, settings)
  if (grant !== undefined) {
    return { is: 'permit', saw: `${where}; ${grant}`, setting: 'relay.popBeforeSmtp.minutes' }
  }
  if (subject.loginFailed && relayGroup.member) {
    return {
      is: 'refuse',
      saw: `${where}; ${subject.ip} is in the group ${relayGroup.group}, but a login in this session failed`,
      setting: 'relay.groupAfterFailedLogin',
      reply: 'relayNeedsLogin',
      evidence: 'deniedRelay',
    }
  }
  return {
    is: 'refuse',
    saw: `${where}; ${whyNot(subject, facts, settings)}`,
    setting: 'relay.mode',
    reply: 'relayDenied',
    evidence: 'deniedRelay',
  }
}

/** Say by which POP3 login a client may send; undefined where there is none that still counts. */
export function popGrant(
  { ip, loginFailed }: Subject,
  { sincePopLoginMs }: Pick<FactTable, 'sincePopLoginMs'>,
  { relay: { popBeforeSmtp } }: Settings,
): string | undefined {
  if (!popBeforeSmtp.enabled || loginFailed || sincePopLoginMs === undefined) return undefined
  if (sincePopLoginMs > popBeforeSmtp.minutes * 60_000) return undefined
  return `a POP3 login from ${ip} ${Math.floor(sincePopLoginMs / 60_000)} minutes ago`
}

function whyNot(
  subject: Subject,
  { relayGroup, sincePopLoginMs }: FactTable,
  { relay: { smtpAuth, popBeforeSmtp } }: Settings,
): string {
  const group =
    relayGroup.group === undefined
      ? 'no group may relay'
      : relayGroup.suspended === undefined
        ? `${subject.ip} is not in the group ${relayGroup.group}`
        : `the trust in ${subject.ip} is suspended: ${relayGroup.suspended}`
  const login = smtpAuth ? 'not logged in' : 'logging in gives no right to relay'
  const pop = !popBeforeSmtp.enabled
    ? 'POP3 before SMTP is off'
    : sincePopLoginMs === undefined
      ? 'no POP3 login from this address'
      : subject.loginFailed
        ? 'a login that failed takes the right of a POP3 login away'
        : 'the last POP3 login from this address is too long ago'
  return `${group}; ${login}; ${pop}`
}
