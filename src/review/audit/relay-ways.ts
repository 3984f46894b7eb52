/** The ways by which somebody who is no user could send to other domains. */
import type { AuditFinding } from '../audit.ts'
import { covers, formatReach, isPrivate, isVast, publicReach } from './reach.ts'
import { finding, type SettingsView } from './settings-view.ts'

/** Find every way to relay that is not a login: which are open to strangers, and which are worth a look. */
export function* relayWays(view: SettingsView): Generator<AuditFinding> {
  yield* openMode(view)
  yield* relayGroup(view)
  yield* popBeforeSmtp(view)
  yield* proxies(view)
  yield* liberties(view)
  yield* nobody(view)
}

function* openMode({ settings, listening, exposed, others }: SettingsView): Generator<AuditFinding> {
  const { mode, openConfirmedFor } = settings.relay
  if (mode !== 'open') {
    if (openConfirmedFor !== undefined) {
      yield finding(
        'note',
        'relay.openConfirmedFor',
        'relay.openConfirmedFor still holds the second yes to an open relay, although relay.mode is controlled: the next change to open would ask nobody. Set it to null.',
      )
    }
    return
  }
  const open = exposed.filter((name) => {
    const { ipGroup } = settings.services[name]
    return ipGroup === undefined || !isPrivate(publicReach(others(ipGroup)))
  })
  yield open.length > 0
    ? finding(
        'open',
        'relay.mode',
        `relay.mode is open, and the Internet may reach ${open.map((name) => `services.${name}`).join(', ')}: anyone may send anything to anywhere through this server. Set relay.mode to controlled.`,
      )
    : finding(
        'note',
        'relay.mode',
        listening.length === 0
          ? 'relay.mode is open; no SMTP service listens at present. Once one does, whoever reaches it may send to anywhere. Set relay.mode to controlled.'
          : 'relay.mode is open: whoever reaches this server may send to anywhere. It listens on private addresses, or for private networks, only; a router that forwards a port to it would open it to the Internet. Set relay.mode to controlled.',
      )
}

function* relayGroup({ settings, others }: SettingsView): Generator<AuditFinding> {
  const group = settings.relay.ipGroup
  if (group === undefined) return
  const reach = publicReach(others(group))
  if (isPrivate(reach)) return
  const covered = `The relay group ${group} covers ${formatReach(reach)}`
  yield isVast(reach)
    ? finding(
        'open',
        'relay.ipGroup',
        `${covered}, more than any one site has: strangers among them may send to anywhere. Narrow ipGroups.${group} to your own addresses.`,
      )
    : finding(
        'note',
        'relay.ipGroup',
        `${covered}: whoever has one of them may send to anywhere. Make sure that each is yours.`,
      )
}

function* popBeforeSmtp({ settings }: SettingsView): Generator<AuditFinding> {
  const { enabled, minutes } = settings.relay.popBeforeSmtp
  const { pop3, pop3s } = settings.services
  if (!enabled) return
  yield pop3.listen.length + pop3s.listen.length === 0
    ? finding(
        'dead',
        'relay.popBeforeSmtp.enabled',
        'relay.popBeforeSmtp is on, but neither services.pop3 nor services.pop3s listens: nobody can open this way. Turn it off, or let one of them listen.',
      )
    : finding(
        'note',
        'relay.popBeforeSmtp.enabled',
        `After a POP3 login its address may send to anywhere for ${minutes} minutes: that is everyone behind the same router or provider NAT, infected machines included. Let users log in over SMTP instead, and turn it off.`,
      )
}

function* proxies({ settings, othersOf }: SettingsView): Generator<AuditFinding> {
  for (const [name, { proxyFrom, listen }] of Object.entries(settings.services)) {
    const where = `services.${name}.proxyFrom`
    if (proxyFrom.length === 0) continue
    if (listen.length === 0) {
      yield finding('dead', where, `${where} names proxies, but services.${name} does not listen.`)
      continue
    }
    const reach = publicReach(othersOf(proxyFrom))
    if (isPrivate(reach)) continue
    const covered = `${where} covers ${formatReach(reach)}`
    // A few hosts may well be somebody's own proxies; a whole network of them is not.
    yield reach.ipv4 > 256 || reach.ipv6Links > 256n
      ? finding(
          'open',
          where,
          `${covered}: whoever has one of them may claim to come from any address, one of the relay group's too, and so send to anywhere. Name your own proxies only.`,
        )
      : finding(
          'note',
          where,
          `${covered}: whoever has one of them may claim to come from any address. Make sure that each is a proxy of yours.`,
        )
  }
}

/** Rights that go further than most servers need. */
function* liberties({ settings, set, others, othersOf }: SettingsView): Generator<AuditFinding> {
  const { relay, trust, limits } = settings
  if (relay.groupAfterFailedLogin) {
    yield relay.ipGroup === undefined
      ? finding(
          'dead',
          'relay.groupAfterFailedLogin',
          'relay.groupAfterFailedLogin is on, but relay.ipGroup is null: there is no group whose right could outlast a failed login.',
        )
      : finding(
          'note',
          'relay.groupAfterFailedLogin',
          `A member of ${relay.ipGroup} may send to anywhere even after a wrong password: somebody who guesses passwords from inside is not stopped. Turn it off once the devices that need it are gone.`,
        )
  }
  if (trust.ipGroup !== undefined && !covers(set(relay.ipGroup), set(trust.ipGroup))) {
    const reach = publicReach(others(trust.ipGroup))
    yield finding(
      'note',
      'trust.ipGroup',
      `The trust group ${trust.ipGroup} is wider than the relay group${isPrivate(reach) ? '' : ` and covers ${formatReach(reach)}`}: mail from its members is not checked for authenticity or rated for spam. Make sure that each is a server you know.`,
    )
  }
  const exempt = publicReach(others(limits.exemptGroup))
  if (!isPrivate(exempt)) {
    yield finding(
      'note',
      'limits.exemptGroup',
      `limits.exemptGroup names ${limits.exemptGroup}, which covers ${formatReach(exempt)}: none of them is held to the limits by address. Make sure that each is yours.`,
    )
  }
  const never = publicReach(othersOf(limits.neverBlock))
  if (!isPrivate(never)) {
    yield finding(
      'note',
      'limits.neverBlock',
      `limits.neverBlock covers ${formatReach(never)}: whatever comes from there, guessed passwords too, is never blocked. Name single addresses that you know.`,
    )
  }
}

/** Tell where nobody, or nobody but the group, can send at all. */
function* nobody({ settings, listening, login, set }: SettingsView): Generator<AuditFinding> {
  const { mode, smtpAuth, ipGroup, popBeforeSmtp } = settings.relay
  if (mode === 'open' || listening.length === 0) return
  if (smtpAuth && login.length === 0) {
    yield finding(
      'dead',
      'relay.smtpAuth',
      'relay.smtpAuth is on, but on no SMTP service that listens may users log in. Set services.submission.auth and services.submissions.auth to true.',
    )
  }
  if (ipGroup === undefined && !popBeforeSmtp.enabled && (!smtpAuth || login.length === 0)) {
    yield finding(
      'dead',
      'relay.mode',
      'Nobody may send to other domains: no group, no login and no POP3 login gives the right. Set relay.smtpAuth to true, or name a group in relay.ipGroup.',
    )
  }
  if (ipGroup !== undefined && set(ipGroup).size === 0) {
    yield finding('dead', 'relay.ipGroup', `The relay group ${ipGroup} holds no address: nobody sends by it.`)
  }
}
