/** The grammar of an SPF record (RFC 7208 §4.5, §4.6, §12). */
import { printable } from '#base/printable.ts'
import { type Address, parseAddress } from './client-address.ts'
import { type MacroPart, parseDomainSpec, parseMacroString } from './macro.ts'

export type Qualifier = '+' | '-' | '~' | '?'

interface Target {
  /** Undefined: the domain whose record it is. */
  readonly target: readonly MacroPart[] | undefined
}

interface Prefixes {
  /** Bits of the network for a client with IPv4. */
  readonly bits4: number
  /** Bits of the network for a client with IPv6. */
  readonly bits6: number
}

export type Mechanism =
  | { readonly is: 'all' }
  | { readonly is: 'include' | 'exists'; readonly target: readonly MacroPart[] }
  | ({ readonly is: 'a' | 'mx' } & Target & Prefixes)
  | ({ readonly is: 'ptr' } & Target)
  | { readonly is: 'ip'; readonly network: Address; readonly bits: number }

export interface Directive {
  readonly qualifier: Qualifier
  readonly mechanism: Mechanism
  /** As it stands in the record, the qualifier with it. */
  readonly written: string
}

export interface SpfRecord {
  readonly directives: readonly Directive[]
  readonly redirect: readonly MacroPart[] | undefined
  readonly explanation: readonly MacroPart[] | undefined
}

const VERSION = 'v=spf1'
/** Characters of a term that are told in a sentence. */
const MOST_SHOWN = 100

/** Tell whether a TXT record is an SPF record (RFC 7208 §4.5): the version, and then a space or the end. */
export function isSpfRecord(text: string): boolean {
  return text.slice(0, VERSION.length).toLowerCase() === VERSION && (text.length === VERSION.length || text[6] === ' ')
}

/** Parse an SPF record, all of it: one error anywhere spoils it (RFC 7208 §4.6). A text says what is wrong. */
export function parseSpfRecord(text: string): SpfRecord | string {
  const directives: Directive[] = []
  const modifiers: { redirect?: readonly MacroPart[]; exp?: readonly MacroPart[] } = {}

  for (const term of text.slice(VERSION.length).split(' ')) {
    if (term === '') continue
    const equals = nameLength(term)
    if (equals === 0) {
      const directive = parseDirective(term)
      if (directive === undefined) return `"${printable(term, MOST_SHOWN)}" is no mechanism`
      directives.push(directive)
      continue
    }
    const name = term.slice(0, equals).toLowerCase()
    const value = term.slice(equals + 1)
    if (name === 'redirect' || name === 'exp') {
      // RFC 7208 §6: neither may stand twice.
      if (modifiers[name] !== undefined) return `${name}= stands twice`
      const target = parseDomainSpec(value)
      if (target === undefined) return `"${printable(term, MOST_SHOWN)}" names no domain`
      modifiers[name] = target
    } else if (parseMacroString(value, 'record') === undefined) {
      return `"${printable(term, MOST_SHOWN)}" holds no valid macros`
    }
  }
  return { directives, redirect: modifiers.redirect, explanation: modifiers.exp }
}

/** The length of a modifier's name, which `=` follows (RFC 7208 §12 name); 0 for all other terms. */
function nameLength(term: string): number {
  const equals = term.indexOf('=')
  return equals > 0 && /^[A-Za-z][A-Za-z0-9._-]*$/.test(term.slice(0, equals)) ? equals : 0
}

function parseDirective(written: string): Directive | undefined {
  const first = written[0] as string
  const hasQualifier = '+-~?'.includes(first)
  const term = hasQualifier ? written.slice(1) : written
  const nameEnd = term.search(/[:/]/)
  const name = (nameEnd === -1 ? term : term.slice(0, nameEnd)).toLowerCase()
  const mechanism = parseMechanism(name, nameEnd === -1 ? '' : term.slice(nameEnd))
  return mechanism && { qualifier: hasQualifier ? (first as Qualifier) : '+', mechanism, written }
}

/** What follows the name begins with `:` or `/`, or is nothing. */
function parseMechanism(name: string, rest: string): Mechanism | undefined {
  switch (name) {
    case 'all':
      return rest === '' ? { is: 'all' } : undefined
    case 'include':
    case 'exists': {
      const target = rest.startsWith(':') ? parseDomainSpec(rest.slice(1)) : undefined
      return target && { is: name, target }
    }
    case 'a':
    case 'mx': {
      const cut = cutPrefixes(rest)
      const named = cut && parseTarget(cut.rest)
      return cut && named && { is: name, target: named.target, bits4: cut.bits4, bits6: cut.bits6 }
    }
    case 'ptr': {
      const named = parseTarget(rest)
      return named && { is: 'ptr', target: named.target }
    }
    case 'ip4':
      return parseNetwork(rest, 4)
    case 'ip6':
      return parseNetwork(rest, 6)
    default:
      return undefined
  }
}

function parseTarget(rest: string): Target | undefined {
  if (rest === '') return { target: undefined }
  const target = rest.startsWith(':') ? parseDomainSpec(rest.slice(1)) : undefined
  return target && { target }
}

/** RFC 7208 §5.6: `:` network and perhaps `/` bits. */
function parseNetwork(rest: string, family: 4 | 6): Mechanism | undefined {
  if (!rest.startsWith(':')) return undefined
  const slash = rest.indexOf('/')
  const network = parseAddress(rest.slice(1, slash === -1 ? undefined : slash))
  if (network?.family !== family) return undefined
  const most = family === 4 ? 32 : 128
  const bits = slash === -1 ? most : parseBits(rest.slice(slash + 1), most)
  return bits === undefined ? undefined : { is: 'ip', network, bits }
}

/** Take `/24`, `//64` or `/24//64` (dual-cidr-length, RFC 7208 §12) off the end; a name may hold slashes of its own before. */
function cutPrefixes(text: string): (Prefixes & { readonly rest: string }) | undefined {
  let rest = text
  let bits4: number | undefined = 32
  let bits6: number | undefined = 128
  const last = digitsStart(rest)
  if (last < rest.length && rest[last - 1] === '/' && rest[last - 2] === '/') {
    bits6 = parseBits(rest.slice(last), 128)
    rest = rest.slice(0, last - 2)
  }
  const first = digitsStart(rest)
  if (first < rest.length && rest[first - 1] === '/') {
    bits4 = parseBits(rest.slice(first), 32)
    rest = rest.slice(0, first - 1)
  }
  return bits4 === undefined || bits6 === undefined ? undefined : { rest, bits4, bits6 }
}

/** Where the digits begin that a text ends in; its length where it ends in none. */
function digitsStart(text: string): number {
  let at = text.length
  while (at > 0 && text.charCodeAt(at - 1) >= 48 && text.charCodeAt(at - 1) <= 57) at--
  return at
}

/** A number of bits without leading zeros (RFC 7208 §12 ip4-cidr-length, ip6-cidr-length). */
function parseBits(digits: string, most: number): number | undefined {
  return /^(?:0|[1-9][0-9]{0,2})$/.test(digits) && Number(digits) <= most ? Number(digits) : undefined
}
