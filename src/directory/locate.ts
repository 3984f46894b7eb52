import { matchesPattern } from '#base/pattern.ts'
import type { AddressOwner, DirectoryStore } from '#store/contract.ts'
import { type Address, normalizeLocal, parseAddress } from './address.ts'
import { type Asking, ask } from './settle.ts'

/** What finding the owner of an address reads. */
export type DirectoryReads = Pick<DirectoryStore, 'domain' | 'domains' | 'owner' | 'wildcardAliases' | 'firstUser'>

/** Take note of what was looked at and what followed, for `postern check-address`. */
export type Note = (address: string, says: string) => void

/** Where an address stands: in a domain of ours, under its one name; or elsewhere. */
export type Place =
  | { readonly is: 'ours'; readonly local: string; readonly domain: string; readonly address: string }
  | { readonly is: 'elsewhere'; readonly address: Address }
  | { readonly is: 'no address' }

/**
 * Find where an address stands. A name without `@` (`postmaster`, RFC 5321 §4.1.1.3) is in the first domain; a domain alias is
 * its domain. NOTE: only one step of aliasing exists, the store refuses an alias of an alias.
 */
export function* placeOf(reads: Pick<DirectoryReads, 'domain' | 'domains'>, text: string, note?: Note): Asking<Place> {
  let address: Address | undefined
  if (text.includes('@')) {
    address = parseAddress(text)
  } else {
    const first = (yield* ask(reads.domains())).find(({ aliasOf }) => aliasOf === undefined)
    if (first !== undefined) {
      address = parseAddress(`${text}@${first.name}`)
      note?.(text, `no domain given: read as ${text}@${first.name}, in the first domain`)
    }
  }
  if (address === undefined) return { is: 'no address' }

  const row = yield* ask(reads.domain(address.domain))
  if (row === undefined) return { is: 'elsewhere', address }
  const local = normalizeLocal(address.local)
  if (row.aliasOf !== undefined) note?.(`${local}@${row.name}`, `${row.name} is an alias of ${row.aliasOf}`)
  const domain = row.aliasOf ?? row.name
  return { is: 'ours', local, domain, address: `${local}@${domain}` }
}

/**
 * Find who has an address of ours. What names it more closely wins: the exact address; a pattern that holds a `+`, for
 * `user+detail`; the user or whoever else stands before the `+`; the other patterns, `*` alone last; and for `postmaster` and
 * `abuse` the user that was added first (RFC 5321 §4.5.1, RFC 2142 §4, §5).
 */
export function* ownerOf(
  reads: DirectoryReads,
  { local, domain, address }: Extract<Place, { is: 'ours' }>,
  note?: Note,
): Asking<AddressOwner | undefined> {
  const exact = yield* ask(reads.owner(address))
  if (exact !== undefined) return exact

  const patterns = yield* ask(reads.wildcardAliases(domain))
  const plus = local.indexOf('+')
  for (const stage of plus > 0 ? (['with +', 'without +'] as const) : (['any'] as const)) {
    for (const alias of patterns) {
      const pattern = alias.address.slice(0, alias.address.lastIndexOf('@'))
      if (stage !== 'any' && pattern.includes('+') !== (stage === 'with +')) continue
      if (!matchesPattern(pattern, local)) continue
      note?.(address, `matches the alias ${alias.address}`)
      return { is: 'alias', alias }
    }
    if (stage === 'with +') {
      const base = `${local.slice(0, plus)}@${domain}`
      const owner = yield* ask(reads.owner(base))
      if (owner !== undefined) {
        note?.(address, `nobody has exactly this address: what follows the + is a detail, read as ${base}`)
        return owner
      }
    }
  }

  if (!isRole(local)) return undefined
  const user = yield* ask(reads.firstUser())
  if (user === undefined) return undefined
  note?.(address, `nobody has this address, which every domain must have: read as ${user.address}, the first user`)
  return { is: 'user', user }
}

/** Tell whether a local part must be deliverable in every domain. */
export function isRole(local: string): boolean {
  return local === 'postmaster' || local === 'abuse'
}
