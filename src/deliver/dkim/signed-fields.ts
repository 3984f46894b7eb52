import type { HeaderField } from './header-fields.ts'

/** Signed once more than it is there, so that none can be added (RFC 6376 §8.15), present or not: what a reader sees first. */
const ALWAYS = ['from', 'reply-to', 'to', 'cc', 'subject', 'in-reply-to', 'references']
/** Likewise, where it is there. Absent, a relay server on the way may rightly add it (RFC 6409 §8). */
const WHERE_PRESENT = [
  'date',
  'message-id',
  'sender',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'content-disposition',
  'content-id',
  'content-description',
  'content-language',
  'autocrypt',
  'list-id',
  'list-unsubscribe',
  'list-unsubscribe-post',
]
/** Signed as often as it is there: one may be added rightly (RFC 5322 §3.6.6, RFC 2369). */
const AS_IT_IS = [
  'resent-date',
  'resent-from',
  'resent-sender',
  'resent-to',
  'resent-cc',
  'resent-message-id',
  'list-help',
  'list-subscribe',
  'list-post',
  'list-owner',
  'list-archive',
]

/** A header that repeats itself more often is not signed: `h=` would grow without end. */
const MOST = 200

/**
 * Choose what a signature covers: the names for `h=`, and the fields in that order, of one name from the bottom up (RFC 6376
 * §5.4.2). Undefined when it would be too many.
 */
export function chooseSigned(
  fields: readonly HeaderField[],
): { readonly names: readonly string[]; readonly fields: readonly HeaderField[] } | undefined {
  const byName = new Map<string, HeaderField[]>()
  for (const field of fields) {
    const same = byName.get(field.name)
    if (same === undefined) byName.set(field.name, [field])
    else same.push(field)
  }
  const names: string[] = []
  const signed: HeaderField[] = []
  const take = (name: string, once: number) => {
    const found = byName.get(name) ?? []
    for (let at = found.length - 1; at >= 0; at -= 1) {
      names.push(name)
      signed.push(found[at] as HeaderField)
    }
    for (let more = 0; more < once; more += 1) names.push(name)
  }
  for (const name of ALWAYS) take(name, 1)
  for (const name of WHERE_PRESENT) take(name, byName.has(name) ? 1 : 0)
  for (const name of AS_IT_IS) take(name, 0)
  return names.length > MOST ? undefined : { names, fields: signed }
}
