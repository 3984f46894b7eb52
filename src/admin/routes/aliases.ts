import { checkAliasAddress } from '#directory/wanted.ts'
import type { AliasRow } from '#store/contract.ts'
import type { Alias, Listing } from '../api.ts'
import { listingOf, PAGE_QUERY, pageOf } from '../listing.ts'
import type { AdminParts } from '../parts.ts'
import { notFound, Problem } from '../problem.ts'
import { ADDRESS, ADDRESSES, object, type Route } from '../route.ts'

const TARGETS = { ...ADDRESSES, minItems: 1 } as const

function aliasOf({ address, to }: AliasRow): Alias {
  return { address, to }
}

async function look(text: string, { store }: AdminParts): Promise<Alias | undefined> {
  const address = checkAliasAddress(text)
  const owner = await store.directory.owner(address)
  if (owner?.is === 'alias') return aliasOf(owner.alias)
  // One with * or ? is found among those of its domain.
  const wild = await store.directory.wildcardAliases(address.slice(address.lastIndexOf('@') + 1))
  const found = wild.find((alias) => alias.address === address)
  return found === undefined ? undefined : aliasOf(found)
}

async function find(text: string, parts: AdminParts): Promise<Alias> {
  const alias = await look(text, parts)
  if (alias === undefined) throw notFound('alias', text, 'List them with: postern alias list')
  return alias
}

export const ALIAS_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/aliases',
    query: PAGE_QUERY,
    async run({ query }, { store }): Promise<Listing<Alias>> {
      const page = pageOf(query)
      return listingOf((await store.directory.aliases(page)).map(aliasOf), page)
    },
  },
  {
    method: 'POST',
    path: '/api/aliases',
    body: object({ address: ADDRESS, to: TARGETS }, ['address', 'to']),
    async run({ body }, parts): Promise<Alias> {
      const alias = body as Alias
      if ((await look(alias.address, parts)) !== undefined) {
        throw new Problem(409, `The alias ${alias.address} exists already`, 'Change it with: postern alias set')
      }
      await parts.changes.putAlias(alias)
      return find(alias.address, parts)
    },
  },
  {
    method: 'GET',
    path: '/api/aliases/:address',
    run: async ({ params }, parts) => find(params.address ?? '', parts),
  },
  {
    method: 'PUT',
    path: '/api/aliases/:address',
    body: object({ to: TARGETS }, ['to']),
    async run({ params, body }, parts): Promise<Alias> {
      const { address } = await find(params.address ?? '', parts)
      await parts.changes.putAlias({ address, to: (body as Alias).to })
      return find(address, parts)
    },
  },
  {
    method: 'DELETE',
    path: '/api/aliases/:address',
    async run({ params }, parts): Promise<unknown> {
      const { address } = await find(params.address ?? '', parts)
      await parts.changes.removeAlias(address)
      return { removed: address }
    },
  },
]
