import { normalizeDomain } from '#directory/address.ts'

/**
 * Give the domain of the author that a From field names (RFC 5322 §3.6.2), in lower case and ASCII. Where it names several authors
 * of more than one domain, or cannot be read without doubt, there is none: a signature must not vouch for what is read
 * one way here and another way there. `value` is what follows the colon; one character is one octet.
 */
export function authorDomain(value: string): string | undefined {
  const plain = withoutCommentsAndQuotes(value)
  if (plain === undefined) return undefined
  let domain: string | undefined
  for (const part of plain.replace(/;\s*$/, '').split(',')) {
    const mailbox = part.trim()
    // RFC 5322 §4.4 allows empty places in the list.
    if (mailbox === '') continue
    const found = domainOf(mailbox)
    if (found === undefined || (domain !== undefined && domain !== found)) return undefined
    domain = found
  }
  return domain
}

/** Take comments and what is quoted out: neither may hold an address. Undefined where one does not end. */
function withoutCommentsAndQuotes(value: string): string | undefined {
  let text = ''
  let depth = 0
  let quoted = false
  for (let at = 0; at < value.length; at += 1) {
    const char = value[at] as string
    if (char === '\\' && (quoted || depth > 0)) at += 1
    else if (char === '"' && depth === 0) {
      quoted = !quoted
      // Something stands here: `"a b"@c.test`.
      text += 'q'
    } else if (quoted) continue
    else if (char === '(') depth += 1
    else if (char === ')') {
      depth -= 1
      if (depth < 0) return undefined
    } else if (depth === 0) text += char
  }
  return quoted || depth > 0 ? undefined : text
}

const ANGLE = /^[^<>@]*<(?:@[^:<>]*:)?([^<>]*)>$/
/** An address alone, or at the end of a group's opening. */
const BARE = /^(?:[^<>@:]*:)?([^<>:]*)$/

function domainOf(mailbox: string): string | undefined {
  const address = (ANGLE.exec(mailbox) ?? BARE.exec(mailbox))?.[1]?.replace(/\s+/g, '') ?? ''
  const at = address.indexOf('@')
  if (at <= 0 || address.indexOf('@', at + 1) !== -1) return undefined
  return asciiDomain(Buffer.from(address.slice(at + 1), 'latin1').toString())
}

/** Give a domain as signatures have it: lower case, A-labels; undefined for what is none, such as an address literal. */
export function asciiDomain(text: string): string | undefined {
  const domain = normalizeDomain(text.replace(/\.$/, ''))
  return domain?.startsWith('[') === true ? undefined : domain
}
