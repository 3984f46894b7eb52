/** What this session may use, as the reply to EHLO names it. */
export interface Offer {
  readonly maxMessageBytes: number | 'unlimited'
  readonly startTls: boolean
  /** The session runs over TLS. */
  readonly tls: boolean
  /** SASL mechanisms; none where signing in is not possible. */
  readonly mechanisms: readonly string[]
}

const ALWAYS: readonly string[] = [
  'PIPELINING', // RFC 2920
  '8BITMIME', // RFC 6152
  'SMTPUTF8', // RFC 6531
  'CHUNKING', // RFC 3030
  'DSN', // RFC 3461
  'ENHANCEDSTATUSCODES', // RFC 2034
]

/** Give the extension lines of the reply to EHLO. */
export function extensionsOf({ maxMessageBytes, startTls, tls, mechanisms }: Offer): readonly string[] {
  const lines = [...ALWAYS]
  // RFC 1870 §4: 0 means that there is no fixed limit.
  lines.push(`SIZE ${maxMessageBytes === 'unlimited' ? 0 : maxMessageBytes}`)
  if (startTls) lines.push('STARTTLS') // RFC 3207
  if (tls) lines.push('REQUIRETLS') // RFC 8689 §2: only over TLS
  if (mechanisms.length > 0) lines.push(`AUTH ${mechanisms.join(' ')}`) // RFC 4954 §3
  return lines
}
