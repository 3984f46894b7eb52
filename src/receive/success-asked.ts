import { popGrant } from '#gate/rules/relay.ts'
import { withoutSuccess } from '#smtp/notify.ts'
import type { MailParameters, RcptParameters } from '#smtp/parameters.ts'
import { wantsSuccess } from './arrival-reports.ts'
import type { Desk } from './consult.ts'
import type { Session } from './session.ts'

/**
 * Give a recipient's parameters as they hold here. Success is reported for those who may send through here: a stranger's sender is
 * whoever he names, and would get as many reports, with what the stranger wrote in them, as he likes to ask for.
 */
export async function heededParameters(
  parameters: RcptParameters,
  session: Session,
  desk: Pick<Desk, 'facts' | 'settings'>,
): Promise<RcptParameters> {
  const { notify } = parameters
  if (notify === undefined || !wantsSuccess({ parameters }) || (await isKnown(session, desk))) return parameters
  return { ...parameters, notify: withoutSuccess(notify) }
}

/**
 * Give a message's parameters as they hold here. A report of failure has the whole message in it (RET=FULL, RFC 3461 §4.3) for those who
 * may send through here alone: to whoever a stranger names as the sender, none carries what the stranger wrote.
 */
export async function heededMailParameters(
  parameters: MailParameters,
  session: Session,
  desk: Pick<Desk, 'facts' | 'settings'>,
): Promise<MailParameters> {
  if (parameters.ret !== 'FULL' || (await isKnown(session, desk))) return parameters
  return { ...parameters, ret: 'HDRS' }
}

async function isKnown(session: Session, { facts, settings }: Pick<Desk, 'facts' | 'settings'>): Promise<boolean> {
  if (session.user !== undefined) return true
  const subject = session.subject()
  const { relay } = settings()
  const isTrusted = (await facts.relayGroup(subject)).member || (await facts.trustGroup(subject)).member
  if (isTrusted && (!subject.loginFailed || relay.groupAfterFailedLogin)) return true
  return popGrant(subject, { sincePopLoginMs: await facts.sincePopLoginMs(subject) }, settings()) !== undefined
}
