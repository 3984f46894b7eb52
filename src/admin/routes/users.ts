import type { UserRow } from '#store/contract.ts'
import type { Imported, Listing, NewUserBody, User, UserDetails, UserFields, UserFreeze, UserRelease } from '../api.ts'
import { listingOf, PAGE_QUERY, pageOf } from '../listing.ts'
import type { AdminParts } from '../parts.ts'
import { notFound } from '../problem.ts'
import { ADDRESS, ADDRESSES, object, type Route, textUpTo } from '../route.ts'

const MOST_CSV_BYTES = 64 * 1024 * 1024

const PASSWORD = { type: 'string', minLength: 1, maxLength: 1024 } as const
const COUNT = { type: 'integer', minimum: 0, nullable: true } as const
const FIELDS = {
  name: textUpTo(256),
  disabled: { type: 'boolean' },
  addresses: ADDRESSES,
  quotaBytes: COUNT,
  quotaMessages: COUNT,
  forwarding: { ...object({ to: ADDRESSES, keepCopy: { type: 'boolean' } }, ['to', 'keepCopy']), nullable: true },
  localDomainsOnly: { type: 'boolean' },
} as const

/** The row without what is the store's own. */
function userOf({ id: _id, mailboxId: _mailboxId, frozen, ...user }: UserRow): User {
  if (frozen === undefined) return user
  const { sinceMs, ...rest } = frozen
  return { ...user, frozen: { since: new Date(sinceMs).toISOString(), ...rest } }
}

async function find(name: string, { directory, store }: AdminParts): Promise<UserDetails> {
  const row = await directory.findLogin(name)
  if (row === undefined) throw notFound('user', name, 'List them with: postern user list')
  const { messages, bytes } = await store.mailboxes.usage(row.mailboxId)
  return { ...userOf(row), messages, bytes }
}

export const USER_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/users',
    query: PAGE_QUERY,
    async run({ query }, { store }): Promise<Listing<User>> {
      const page = pageOf(query)
      return listingOf((await store.directory.users(page)).map(userOf), page)
    },
  },
  {
    method: 'POST',
    path: '/api/users',
    body: object({ address: ADDRESS, password: PASSWORD, ...FIELDS }, ['address']),
    async run({ body }, parts): Promise<UserDetails> {
      const user = body as NewUserBody
      await parts.changes.addUser(user)
      return find(user.address, parts)
    },
  },
  {
    method: 'POST',
    path: '/api/users/import',
    body: object({ csv: { type: 'string' } }, ['csv']),
    mostBytes: MOST_CSV_BYTES,
    run: async ({ body }, { changes }): Promise<Imported> => changes.importUsers((body as { csv: string }).csv),
  },
  {
    method: 'GET',
    path: '/api/users/:address',
    run: async ({ params }, parts) => find(params.address ?? '', parts),
  },
  {
    method: 'PUT',
    path: '/api/users/:address',
    body: object(FIELDS),
    async run({ params, body }, parts): Promise<UserDetails> {
      const { address } = await find(params.address ?? '', parts)
      await parts.changes.setUser(address, body as UserFields)
      return find(address, parts)
    },
  },
  {
    method: 'PUT',
    path: '/api/users/:address/password',
    body: object({ password: PASSWORD }, ['password']),
    async run({ params, body }, parts): Promise<unknown> {
      const { address } = await find(params.address ?? '', parts)
      await parts.changes.setPassword(address, (body as { password: string }).password)
      return { address }
    },
  },
  {
    method: 'POST',
    path: '/api/users/:address/freeze',
    body: object({ why: { ...textUpTo(500), minLength: 1 } }, ['why']),
    async run({ params, body, author }, parts): Promise<UserFreeze> {
      const { address } = await find(params.address ?? '', parts)
      const { why } = body as { why: string }
      return { address, ...(await parts.accounts.freeze(address, { why, by: author })) }
    },
  },
  {
    method: 'POST',
    path: '/api/users/:address/release',
    body: object({ deleteQueued: { type: 'boolean' } }),
    async run({ params, body, author }, parts): Promise<UserRelease> {
      const { address, frozen } = await find(params.address ?? '', parts)
      const { deleteQueued = false } = body as { deleteQueued?: boolean }
      const done = await parts.accounts.release(address, { by: author, deleteQueued })
      return { address, wasFrozen: frozen !== undefined, ...done }
    },
  },
  {
    method: 'DELETE',
    path: '/api/users/:address',
    async run({ params }, parts): Promise<unknown> {
      const address = params.address ?? ''
      await find(address, parts)
      await parts.changes.removeUser(address)
      return { removed: address }
    },
  },
]
