/** What a Received field tells (RFC 5321 §4.4). */
export interface Arrival {
  /** As the client gave it in HELO or EHLO: any text. */
  readonly helo: string
  /** Undefined when the address is not to be told. */
  readonly ip: string | undefined
  readonly hostname: string
  readonly ref: string
  readonly extended: boolean
  readonly tls: boolean
  readonly authenticated: boolean
  readonly smtputf8: boolean
  /** The recipient, when there is only one: several would tell each about the others (RFC 5321 §7.6). */
  readonly recipient?: string
  readonly atMs: number
}

/** Write the trace header of a message taken: a Received field, folded, CRLF at its end. */
export function formatReceived(arrival: Arrival): string {
  const { hostname, ref, recipient, atMs } = arrival
  const to = recipient === undefined ? '' : `\r\n\tfor <${recipient}>`
  return `Received: ${formatFrom(arrival)}by ${hostname} with ${protocolOf(arrival)}\r\n\tid ${ref}${to};\r\n\t${formatDate(atMs)}\r\n`
}

/** RFC 5321 §4.4 From-domain: the name that was claimed, and the address it came from. */
function formatFrom({ helo, ip }: Arrival): string {
  const name = safeName(helo)
  if (ip !== undefined) return `from ${name} ([${ip.includes(':') ? `IPv6:${ip}` : ip}])\r\n\t`
  // A name that is an address tells what is to be kept back.
  return /^\[|^[\d.]+$/.test(name) ? '' : `from ${name}\r\n\t`
}

/** The protocol's names are registered: RFC 3848 §1, RFC 6531 §4.3. */
function protocolOf({ extended, tls, authenticated, smtputf8 }: Arrival): string {
  if (!extended) return 'SMTP'
  return `${smtputf8 ? 'UTF8SMTP' : 'ESMTP'}${tls ? 'S' : ''}${authenticated ? 'A' : ''}`
}

/** Keep only what a domain or an address literal is made of: the rest could end the field or begin another. */
function safeName(helo: string): string {
  const name = helo.slice(0, 255).replaceAll(/[^A-Za-z0-9._:[\]-]/g, '?')
  return name === '' ? 'unknown' : name
}

/** Write a moment as a header does (RFC 5322 §3.3), in UTC: `Tue, 24 Nov 2026 08:30:00 +0000`. */
export function formatDate(atMs: number): string {
  return new Date(atMs).toUTCString().replace('GMT', '+0000')
}
