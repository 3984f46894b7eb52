import { matchesPattern } from '#base/pattern.ts'
import { normalizeDomain } from '#directory/address.ts'
import type { Settings } from '#settings/schema.ts'
import type { Route, TlsMode } from '../route.ts'

const STRICTNESS: readonly TlsMode[] = ['none', 'opportunistic', 'required', 'verified']

/**
 * Give the TLS mode that the settings ask for on the way to a domain. By MX: the rule's own, else the domain's, else the usual
 * one. To a relay server: the rule's own or the usual one, and never less than the recipient's domain wants.
 */
export function configuredMode(
  { tls, tlsDomains }: Pick<Settings['delivery'], 'tls' | 'tlsDomains'>,
  route: Route,
  domain: string,
): TlsMode {
  const forDomain = tlsDomains.find((one) => matchesPattern(comparable(one.domain), domain))?.mode
  if (route.via === 'mx') return route.tls ?? forDomain ?? tls
  const forRoute = route.tls ?? tls
  return forDomain !== undefined && STRICTNESS.indexOf(forDomain) > STRICTNESS.indexOf(forRoute) ? forDomain : forRoute
}

/** Give a domain or a pattern the form that recipients' domains have: lower case, A-labels, no dot at the end. */
function comparable(text: string): string {
  const plain = text.toLowerCase().replace(/\.$/, '')
  return normalizeDomain(plain) ?? plain
}
