import type { Settings } from '#settings/schema.ts'
import type { TrustSigns } from '../facts.ts'
import type { Rule } from '../rule.ts'

/**
 * A reverse proxy, NAT or container network that hides its clients behind one trusted address makes strangers trusted. The signs of
 * that are weighed, and when enough show at once the trust is suspended. The client itself is refused nothing here: from now on it
 * is a stranger, and judged as one.
 */
export const brokenTrust: Rule = {
  name: 'broken-trust',
  stage: 'sender',
  about: 'A trusted address that behaves like many strangers loses its trust until an administrator gives it back.',
  reads: [
    'trust.suspension.enabled',
    'trust.suspension.signs',
    'trust.suspension.heloNames',
    'trust.suspension.senderDomains',
    'trust.suspension.failedLoginNames',
    'trust.suspension.unknownRecipients',
    'trust.suspension.connectionsUnseen',
    'rules.brokenTrust.action',
  ],
  replies: [],
  needs: ['trustSigns'],
  exempts: ['users that logged in'],
  applies: ({ user }, { trust }) => user === undefined && trust.suspension.enabled,
  action: { setting: 'rules.brokenTrust.action', of: ({ rules }) => rules.brokenTrust.action },
  decide: ({ ip }, { trustSigns }, settings) => {
    const setting = 'trust.suspension.signs'
    if (trustSigns === undefined) return { is: 'pass', saw: `${ip} is not trusted`, setting }
    const signs = signsOf(trustSigns, settings)
    const wanted = settings.trust.suspension.signs
    if (signs.length === 0) return { is: 'pass', saw: `${ip} shows no sign of hiding strangers`, setting }
    const saw = `${ip} shows ${signs.length} signs of hiding strangers, ${wanted} are too many: ${signs.join('; ')}`
    return signs.length < wanted
      ? { is: 'pass', saw, setting }
      : { is: 'pass', saw, setting, sentence: { is: 'suspendTrust', ip, evidence: saw } }
  },
}

function signsOf(seen: TrustSigns, { trust: { suspension: bound } }: Settings): readonly string[] {
  const signs: string[] = []
  if (seen.heloNames > bound.heloNames) signs.push(`${seen.heloNames} HELO names in an hour`)
  if (seen.senderDomains > bound.senderDomains) signs.push(`senders of ${seen.senderDomains} domains in an hour`)
  if (seen.failedLoginNames > bound.failedLoginNames) {
    signs.push(`failed logins for ${seen.failedLoginNames} names in an hour`)
  }
  if (seen.unknownRecipients > bound.unknownRecipients) {
    signs.push(`${seen.unknownRecipients} recipients that do not exist in an hour`)
  }
  if (!seen.publicClientSeen && seen.connectionsInDay > bound.connectionsUnseen) {
    signs.push(`${seen.connectionsInDay} connections in a day in which no client with a public address was seen`)
  }
  return signs
}
