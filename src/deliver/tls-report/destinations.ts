import { formatAddress, parseAddress } from '#directory/address.ts'

/** Where a domain wants its reports. */
export type ReportDestination =
  | { readonly is: 'mail'; readonly address: string }
  | { readonly is: 'https'; readonly url: string }

/** More than anybody needs, and few enough that nobody is made to flood another. */
const MOST_DESTINATIONS = 5
const MOST_CHARACTERS = 2_000

/**
 * Read where reports go from the texts at `_smtp._tls.DOMAIN` (RFC 8460 §3). None where there is no such record, or more than one.
 * Places that are not understood are passed over.
 */
export function parseReportRecord(texts: readonly string[]): readonly ReportDestination[] {
  const records = texts.filter((text) => /^v=TLSRPTv1[ \t]*;/.test(text))
  if (records.length !== 1) return []
  for (const field of (records[0] as string).split(';').slice(1)) {
    const match = /^[ \t]*rua[ \t]*=(.*)$/s.exec(field)
    if (match === null) continue
    return (match[1] as string)
      .split(',')
      .map((uri) => destinationOf(uri.trim()))
      .filter((destination) => destination !== undefined)
      .slice(0, MOST_DESTINATIONS)
  }
  return []
}

function destinationOf(uri: string): ReportDestination | undefined {
  if (uri.length > MOST_CHARACTERS) return undefined
  if (/^https:\/\//i.test(uri)) return httpsOf(uri)
  const mail = /^mailto:([^?]*)/i.exec(uri)?.[1]
  if (mail === undefined) return undefined
  // RFC 6068 §2: signs of an address that mean something in a URI are percent-encoded.
  const address = parseAddress(decoded(mail))
  if (address === undefined || address.domain.startsWith('[')) return undefined
  const text = formatAddress(address)
  // Beyond ASCII, only servers with SMTPUTF8 could be told.
  return /^[!-;=?-~]+$/.test(text) ? { is: 'mail', address: text } : undefined
}

/** A name and a password in it would be sent along as a login, and one that is badly encoded cannot be asked at all. */
function httpsOf(uri: string): ReportDestination | undefined {
  if (!URL.canParse(uri)) return undefined
  const { href, username, password } = new URL(uri)
  return username === '' && password === '' ? { is: 'https', url: href } : undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
