import { domainToASCII } from 'node:url'
import { isAscii } from '#base/ascii.ts'

/** A mail address taken apart. */
export interface Address {
  /** As written, without quotes. */
  readonly local: string
  /** Lower case, A-labels; or an address literal, `[192.0.2.1]`. */
  readonly domain: string
}

/** RFC 5321 §4.5.3.1.1 and §4.5.3.1.2, in octets. */
const MAX_LOCAL_OCTETS = 64
const MAX_DOMAIN_OCTETS = 255

const LABELS = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/
const LITERAL = /^\[[0-9a-z:.-]{1,253}\]$/
/** Atom characters of RFC 5322 §3.2.3, and beyond ASCII (RFC 6531 §3.3) what is seen: letters, marks, digits, symbols. */
const DOT_ATOM =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u{a1}-\u{10ffff}-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u{a1}-\u{10ffff}-]+)*$/u
const UNSEEN = /[\p{C}\p{Z}]/u

/** Take an address apart at its last `@`; undefined for what is no address. The local part may be quoted. */
export function parseAddress(text: string): Address | undefined {
  const at = text.lastIndexOf('@')
  if (at <= 0 || text.length > MAX_LOCAL_OCTETS * 2 + MAX_DOMAIN_OCTETS + 3) return undefined
  const local = unquote(text.slice(0, at))
  const domain = normalizeDomain(text.slice(at + 1))
  if (local === undefined || domain === undefined || octets(local) > MAX_LOCAL_OCTETS) return undefined
  return { local, domain }
}

/** Write an address as it stands on the wire: the local part quoted where it is no dot-atom (RFC 5321 §4.1.2). */
export function formatAddress({ local, domain }: Address): string {
  return DOT_ATOM.test(local) ? `${local}@${domain}` : `"${local.replaceAll(/["\\]/g, '\\$&')}"@${domain}`
}

/** Give a domain its one form, lower case with A-labels (RFC 5890 §2.3.2.1); undefined for what is no domain. */
export function normalizeDomain(text: string): string | undefined {
  const lower = text.toLowerCase()
  // Only names beyond ASCII go through the URL rules, which read `1.2` as an IPv4 address.
  const domain = isAscii(lower) ? lower : lower.includes('%') ? '' : domainToASCII(lower)
  if (domain.length > MAX_DOMAIN_OCTETS) return undefined
  return LABELS.test(domain) || LITERAL.test(domain) ? domain : undefined
}

/** Give a local part the form it is looked up by: NFC, lower case. RFC 5321 §2.4 leaves its case to the domain's own host: us. */
export function normalizeLocal(local: string): string {
  const lower = local.toLowerCase()
  return isAscii(lower) ? lower : lower.normalize('NFC')
}

/** Check an address that a user or a group is to have; gives what is wrong with it, or its looked-up form. */
export function checkOwnAddress(text: string): { readonly address: string } | { readonly wrong: string } {
  const checked = checkPattern(text)
  if ('wrong' in checked) return checked
  return /[*?]/.test(checked.address) ? { wrong: '* and ? are for aliases' } : checked
}

/** Check the address of an alias, whose local part may hold `*` and `?`. */
export function checkPattern(text: string): { readonly address: string } | { readonly wrong: string } {
  const parsed = checkTarget(text)
  if ('wrong' in parsed) return parsed
  const { local, domain } = parseAddress(parsed.address) as Address
  if (!DOT_ATOM.test(local) || UNSEEN.test(local)) {
    return {
      wrong: 'the part before the @ may hold letters, digits, dots between them, and the signs of RFC 5322 §3.2.3',
    }
  }
  if (domain.startsWith('[')) return { wrong: 'a domain of ours is a name' }
  return { address: `${normalizeLocal(local)}@${domain}` }
}

/** Check an address that mail is to be sent on to; the case of its local part is kept, which elsewhere may matter. */
export function checkTarget(text: string): { readonly address: string } | { readonly wrong: string } {
  const at = text.lastIndexOf('@')
  if (at < 0) return { wrong: 'expected NAME@DOMAIN' }
  if (octets(text.slice(0, at)) > MAX_LOCAL_OCTETS) {
    return { wrong: `the part before the @ is longer than ${MAX_LOCAL_OCTETS} octets` }
  }
  if (normalizeDomain(text.slice(at + 1)) === undefined) return { wrong: 'the part after the @ is no domain name' }
  const address = parseAddress(text)
  return address === undefined ? { wrong: 'expected NAME@DOMAIN' } : { address: formatAddress(address) }
}

function unquote(local: string): string | undefined {
  if (!local.startsWith('"')) return local
  if (local.length < 3 || !local.endsWith('"')) return undefined
  return local.slice(1, -1).replaceAll(/\\(.)/gs, '$1')
}

function octets(text: string): number {
  return Buffer.byteLength(text)
}
