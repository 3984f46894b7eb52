import { checkDomainName } from '#directory/wanted.ts'
import type { DomainRow } from '#store/contract.ts'
import type { Domain } from '../api.ts'
import type { AdminParts } from '../parts.ts'
import { notFound } from '../problem.ts'
import { object, type Route, textUpTo } from '../route.ts'

const NAME = textUpTo(255)

function domainOf({ name, aliasOf }: DomainRow): Domain {
  return { name, ...(aliasOf === undefined ? {} : { aliasOf }) }
}

async function find(name: string, { store }: AdminParts): Promise<Domain> {
  const row = await store.directory.domain(checkDomainName(name))
  if (row === undefined) throw notFound('local domain', name, 'List them with: postern domain list')
  return domainOf(row)
}

export const DOMAIN_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/domains',
    async run(_asked, { store }): Promise<readonly Domain[]> {
      return (await store.directory.domains()).map(domainOf)
    },
  },
  {
    method: 'POST',
    path: '/api/domains',
    body: object({ name: NAME, aliasOf: NAME }, ['name']),
    async run({ body }, parts): Promise<Domain> {
      const domain = body as Domain
      await parts.changes.addDomain(domain)
      return find(domain.name, parts)
    },
  },
  {
    method: 'GET',
    path: '/api/domains/:name',
    run: async ({ params }, parts) => find(params.name ?? '', parts),
  },
  {
    method: 'PUT',
    path: '/api/domains/:name',
    body: object({ aliasOf: { ...NAME, nullable: true } }, ['aliasOf']),
    async run({ params, body }, parts): Promise<Domain> {
      const { name } = await find(params.name ?? '', parts)
      await parts.changes.setDomain(name, body as { aliasOf: string | null })
      return find(name, parts)
    },
  },
  {
    method: 'DELETE',
    path: '/api/domains/:name',
    async run({ params }, parts): Promise<unknown> {
      const { name } = await find(params.name ?? '', parts)
      await parts.changes.removeDomain(name)
      return { removed: name }
    },
  },
]
