import { checkAddress } from '#directory/wanted.ts'
import type { GroupRow } from '#store/contract.ts'
import type { Group, Listing } from '../api.ts'
import { listingOf, PAGE_QUERY, pageOf } from '../listing.ts'
import type { AdminParts } from '../parts.ts'
import { notFound, Problem } from '../problem.ts'
import { ADDRESS, ADDRESSES, object, type Route } from '../route.ts'

function groupOf({ address, members }: GroupRow): Group {
  return { address, members }
}

async function look(text: string, { store }: AdminParts): Promise<Group | undefined> {
  const owner = await store.directory.owner(checkAddress(text))
  return owner?.is === 'group' ? groupOf(owner.group) : undefined
}

async function find(text: string, parts: AdminParts): Promise<Group> {
  const group = await look(text, parts)
  if (group === undefined) throw notFound('group', text, 'List them with: postern group list')
  return group
}

export const GROUP_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/groups',
    query: PAGE_QUERY,
    async run({ query }, { store }): Promise<Listing<Group>> {
      const page = pageOf(query)
      return listingOf((await store.directory.groups(page)).map(groupOf), page)
    },
  },
  {
    method: 'POST',
    path: '/api/groups',
    body: object({ address: ADDRESS, members: ADDRESSES }, ['address', 'members']),
    async run({ body }, parts): Promise<Group> {
      const group = body as Group
      if ((await look(group.address, parts)) !== undefined) {
        throw new Problem(409, `The group ${group.address} exists already`, 'Change it with: postern group set')
      }
      await parts.changes.putGroup(group)
      return find(group.address, parts)
    },
  },
  {
    method: 'GET',
    path: '/api/groups/:address',
    run: async ({ params }, parts) => find(params.address ?? '', parts),
  },
  {
    method: 'PUT',
    path: '/api/groups/:address',
    body: object({ members: ADDRESSES }, ['members']),
    async run({ params, body }, parts): Promise<Group> {
      const { address } = await find(params.address ?? '', parts)
      await parts.changes.putGroup({ address, members: (body as Group).members })
      return find(address, parts)
    },
  },
  {
    method: 'DELETE',
    path: '/api/groups/:address',
    async run({ params }, parts): Promise<unknown> {
      const { address } = await find(params.address ?? '', parts)
      await parts.changes.removeGroup(address)
      return { removed: address }
    },
  },
]
