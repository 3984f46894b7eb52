import { isIPv4, isIPv6 } from 'node:net'
import { isAscii } from '#base/ascii.ts'

/** A path as MAIL and RCPT name it (RFC 5321 §4.1.2), and what stood behind it on the line. */
export interface PathArgument {
  /** `local@domain` with no more quoting than it needs; `''` for the null sender; `postmaster` alone. */
  readonly address: string
  /** False when it holds characters that only SMTPUTF8 allows (RFC 6531 §3.3). */
  readonly ascii: boolean
  /** The parameters: what follows the path, without the blank. */
  readonly rest: string
}

/** RFC 5321 §4.5.3.1.3, brackets included. */
const PATH_OCTETS = 256
/** RFC 5321 §4.5.3.1.1. */
const LOCAL_PART_OCTETS = 64
/** RFC 5321 §4.5.3.1.2. */
const DOMAIN_OCTETS = 255

// RFC 5322 §3.2.3 atext; RFC 6531 §3.3 adds all beyond ASCII, of which controls and line separators are left out here.
const BEYOND_ASCII = '\\u{a0}-\\u{2027}\\u{202f}-\\u{fefe}\\u{ff00}-\\u{10ffff}'
const DOT_STRING = new RegExp(
  `[\\w!#$%&'*+/=?^\`{|}~${BEYOND_ASCII}-]+(?:\\.[\\w!#$%&'*+/=?^\`{|}~${BEYOND_ASCII}-]+)*`,
  'uy',
)
// RFC 5321 §4.1.2 Quoted-string: qtextSMTP and quoted-pairSMTP.
const QUOTED_STRING = new RegExp(`"((?:[ !#-\\[\\]-~${BEYOND_ASCII}]|\\\\[ -~])*)"`, 'uy')
// RFC 5321 §4.1.2 sub-domain; the underscore is no part of it, but of real senders' names, and does no harm.
const DOMAIN = new RegExp(`[\\w${BEYOND_ASCII}](?:[\\w${BEYOND_ASCII}.-]*[\\w${BEYOND_ASCII}])?`, 'uy')
const LITERAL = /\[([0-9A-Za-z:.-]{1,64})\]/y
const SOURCE_ROUTE = /@[\w.-]+(?:,@[\w.-]+)*:/y

/** Parse what follows `FROM:`: a path, or `<>` for the null sender (RFC 5321 §4.5.5). Undefined when it is neither. */
export function parseReversePath(text: string): PathArgument | undefined {
  if (text.startsWith('<>')) return finish('', text, 2)
  return parsePath(text)
}

/** Parse what follows `TO:`: a path, or `<Postmaster>` without a domain (RFC 5321 §4.1.1.3). */
export function parseForwardPath(text: string): PathArgument | undefined {
  if (/^<postmaster>/i.test(text)) return finish('postmaster', text, '<postmaster>'.length)
  return parsePath(text)
}

function parsePath(text: string): PathArgument | undefined {
  if (!text.startsWith('<')) return undefined
  // RFC 5321 §4.1.2 A-d-l: a source route must be accepted, and should be ignored (appendix C).
  const start = match(SOURCE_ROUTE, text, 1)?.end ?? 1
  const local = match(DOT_STRING, text, start) ?? match(QUOTED_STRING, text, start)
  if (local === undefined || text[local.end] !== '@') return undefined
  const localPart = local.group === undefined ? local.text : local.group.replaceAll(/\\(.)/g, '$1')
  if (localPart === '' || Buffer.byteLength(localPart) > LOCAL_PART_OCTETS) return undefined
  const domain = match(DOMAIN, text, local.end + 1) ?? match(LITERAL, text, local.end + 1)
  if (domain === undefined || text[domain.end] !== '>') return undefined
  if (domain.group === undefined ? !isDomain(domain.text) : !isAddressLiteral(domain.group)) return undefined
  if (Buffer.byteLength(text.slice(0, domain.end + 1)) > PATH_OCTETS) return undefined
  return finish(`${quoteLocalPart(localPart)}@${domain.text}`, text, domain.end + 1)
}

/** Only a blank may stand between the path and its parameters. */
function finish(address: string, text: string, end: number): PathArgument | undefined {
  if (end < text.length && text[end] !== ' ') return undefined
  return { address, ascii: isAscii(address), rest: text.slice(end).trim() }
}

function match(pattern: RegExp, text: string, at: number) {
  pattern.lastIndex = at
  const found = pattern.exec(text)
  return found === null ? undefined : { text: found[0], group: found[1], end: pattern.lastIndex }
}

function isDomain(text: string): boolean {
  return (
    Buffer.byteLength(text) <= DOMAIN_OCTETS &&
    text
      .split('.')
      .every((label) => label !== '' && label.length <= 63 && !label.startsWith('-') && !label.endsWith('-'))
  )
}

/** Tell whether brackets hold an address (RFC 5321 §4.1.3); no other tag than `IPv6` was ever registered. */
export function isAddressLiteral(inner: string): boolean {
  return isIPv4(inner) || (/^ipv6:/i.test(inner) && isIPv6(inner.slice(5)))
}

/** Quote a local part where it is no dot-string: quotes that change nothing are left out (RFC 5321 §4.1.2). */
function quoteLocalPart(localPart: string): string {
  DOT_STRING.lastIndex = 0
  if (DOT_STRING.test(localPart) && DOT_STRING.lastIndex === localPart.length) return localPart
  return `"${localPart.replaceAll(/["\\]/g, '\\$&')}"`
}
