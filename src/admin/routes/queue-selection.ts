import { isAscii } from '#base/ascii.ts'
import { normalizeIp } from '#base/network-set.ts'
import { normalizeDomain } from '#directory/address.ts'
import type { QueueFilter } from '#store/contract.ts'
import { Problem } from '../problem.ts'
import type { QueueSearch, QueueSelection } from '../queue-api.ts'
import { ADDRESS, textUpTo } from '../route.ts'

/** An act names at most so many entries by number. */
export const MOST_IDS = 10_000

/** The properties of a search, as the schemas of requests have them. */
export const SEARCH = {
  sender: ADDRESS,
  recipient: ADDRESS,
  domain: textUpTo(253),
  user: ADDRESS,
  ip: textUpTo(64),
  held: { type: 'boolean' },
} as const

/** The properties of what an act is for. */
export const SELECTION = {
  ...SEARCH,
  ids: { type: 'array', items: { type: 'integer', minimum: 0 }, maxItems: MOST_IDS },
  patterns: { type: 'array', items: ADDRESS, maxItems: 100 },
  all: { type: 'boolean' },
} as const

/** Give the filter of a search. Throws a Problem for a text that can match nothing. */
export function filterOf({ sender, recipient, domain, user, ip, held }: QueueSearch): QueueFilter {
  return {
    ...(sender === undefined ? {} : { sender: readAddress(sender) }),
    ...(recipient === undefined ? {} : { recipient: readAddress(recipient) }),
    ...(domain === undefined ? {} : { domain: readDomain(domain) }),
    ...(user === undefined ? {} : { user: user.toLowerCase() }),
    ...(ip === undefined ? {} : { ip: readIp(ip) }),
    ...(held === undefined ? {} : { held }),
  }
}

/** Give the filters of what an act is for, one after the other. Nothing named is a Problem: all must be said outright. */
export function filtersOf(selection: QueueSelection): readonly QueueFilter[] {
  const { ids = [], patterns = [], all = false, recipient } = selection
  const search = filterOf(selection)
  const isSearch = Object.keys(search).length > 0
  const isNamed = ids.length > 0 || patterns.length > 0
  if (all && (isNamed || isSearch)) throw new Problem(400, 'Say either all or which entries, not both')
  if (!all && !isNamed && !isSearch) {
    throw new Problem(
      400,
      'No entries are named',
      'Name them by number, by a pattern of recipients, by a search, or all',
    )
  }
  if (patterns.length > 0 && recipient !== undefined) {
    throw new Problem(400, 'Name the recipients once: by patterns, or by the search')
  }
  return [
    ...(ids.length > 0 ? [{ ...search, ids }] : []),
    ...patterns.map((pattern) => ({ ...search, recipient: readAddress(pattern) })),
    ...(isNamed ? [] : [search]),
  ]
}

/**
 * Read a domain or a pattern of domains, as the queue has domains: lower case, A-labels, no dot at the end. What could match none is a
 * slip, and whoever paused it would think that mail waits.
 */
export function readDomain(text: string): string {
  const domain = text.toLowerCase().replace(/\.$/, '')
  const read = /[*?]/.test(domain) ? readPattern(domain) : normalizeDomain(domain)
  if (read !== undefined) return read
  throw new Problem(
    400,
    `Cannot read ${JSON.stringify(text)}: expected a domain; * stands for any characters, ? for one`,
    isAscii(text) ? undefined : 'Beside * and ?, write a label in ASCII: the queue has it as xn--…',
  )
}

/** Bring the labels that are written out to A-labels; of one that is not whole, there is no such form. */
function readPattern(pattern: string): string | undefined {
  const labels = pattern.split('.').map((label) => (isAscii(label) ? label : (normalizeDomain(label) ?? label)))
  const read = labels.join('.')
  return PATTERN.test(read) ? read : undefined
}

/** What a domain or an address literal is made of, and what stands for any of it. */
const PATTERN = /^[a-z0-9_.:[\]*?-]+$/

/** `<>` is the null sender. A quoted local part may hold anything, so little is asked: a number or a lone word is a slip. */
function readAddress(text: string): string {
  if (text === '<>' || text === '') return ''
  const bare = text.replace(/^<(.*)>$/, '$1')
  if (/[@*?]/.test(bare)) return bare
  throw new Problem(
    400,
    `Cannot read ${JSON.stringify(text)}: expected an address; * stands for any characters, ? for one, <> for the null sender`,
  )
}

/** A pattern of addresses stays as it is; an address takes the form that the queue has it in. */
function readIp(text: string): string {
  if (/[*?]/.test(text)) return text.toLowerCase()
  const ip = normalizeIp(text)
  if (ip !== undefined) return ip
  throw new Problem(400, `Cannot read ${JSON.stringify(text)}: expected an IP address; * stands for any characters`)
}
