import type { Dns, DnsNone, DnsUnknown } from './dns.ts'

const MOST_NAMED = 3

/**
 * Look up whether mail could be sent to a domain (RFC 5321 §5.1): by its MX records, or else by its own address. The address is
 * asked for at once with the MX records, so that a slow server costs its time once.
 */
export async function senderDomain(
  dns: Pick<Dns, 'mx' | 'addresses'>,
  domain: string,
): Promise<{ readonly is: 'found'; readonly what: string } | DnsNone | DnsUnknown> {
  // RFC 5321 §4.1.3: an address in brackets names no domain, so there is none that could be missing.
  if (domain.startsWith('[')) return { is: 'found', what: 'an address literal, which names no domain' }
  const asked = [dns.mx(domain), dns.addresses(domain)] as const
  const mx = await asked[0]
  if (mx.is === 'found') {
    const hosts = mx.exchanges.map(({ host }) => host).filter((host) => host !== '')
    // RFC 7505 §4.2: nothing can be sent back to a domain that takes no mail.
    if (hosts.length === 0) return { is: 'none', why: 'it takes no mail (null MX)' }
    return { is: 'found', what: `MX ${listed(hosts)}` }
  }
  const own = await asked[1]
  if (own.is === 'found') return { is: 'found', what: `no MX, address ${listed(own.addresses)}` }
  if (mx.is === 'unknown') return mx
  if (own.is === 'unknown') return own
  return own.why === 'no data' && mx.why === 'no data' ? { is: 'none', why: 'neither MX, A nor AAAA' } : mx
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).join(', ')
  return names.length > MOST_NAMED ? `${shown} and ${names.length - MOST_NAMED} more` : shown
}
