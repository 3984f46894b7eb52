import type { Page } from '#store/contract.ts'
import type { Listing } from './api.ts'
import { ADDRESS, object } from './route.ts'

const USUAL_LIMIT = 1000

export const PAGE_QUERY = object({
  limit: { type: 'integer', minimum: 1, maximum: 10_000 },
  after: ADDRESS,
  match: ADDRESS,
})

/** Give the page that a query asks for, and one row more, which tells whether there are others behind it. */
export function pageOf({ limit, after, match }: Readonly<Record<string, unknown>>): Page {
  return {
    limit: (typeof limit === 'number' ? limit : USUAL_LIMIT) + 1,
    ...(typeof after === 'string' ? { after: after.toLowerCase() } : {}),
    ...(typeof match === 'string' ? { match: match.toLowerCase() } : {}),
  }
}

/** Give what was asked for of a page's rows, and where the next page begins. */
export function listingOf<T extends { readonly address: string }>(rows: readonly T[], { limit }: Page): Listing<T> {
  if (rows.length < limit) return { items: rows }
  const items = rows.slice(0, -1)
  const last = items.at(-1)
  return last === undefined ? { items } : { items, next: last.address }
}
