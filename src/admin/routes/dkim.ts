import { object, type Route, textUpTo } from '../route.ts'
import type { DkimCheckBody, DkimLine, DkimRemoved, DkimShown } from '../secrets-api.ts'

const DOMAIN = textUpTo(255)

export const DKIM_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/dkim',
    async run(_asked, { dkim }): Promise<readonly DkimLine[]> {
      const domains = await dkim.list()
      return domains.map(({ domain, keys }) => ({
        domain,
        keys: keys.map(({ selector, algorithm, state }) => ({ selector, algorithm, state })),
      }))
    },
  },
  {
    method: 'POST',
    path: '/api/dkim',
    body: object({ domain: DOMAIN }, ['domain']),
    run: async ({ body }, { dkim }): Promise<DkimShown> => dkim.add((body as { readonly domain: string }).domain),
  },
  {
    method: 'GET',
    path: '/api/dkim/:domain',
    run: async ({ params: { domain = '' } }, { dkim }): Promise<DkimShown> => dkim.show(domain),
  },
  {
    method: 'POST',
    path: '/api/dkim/:domain/rotate',
    run: async ({ params: { domain = '' } }, { dkim }): Promise<DkimShown> => dkim.rotate(domain),
  },
  {
    method: 'POST',
    path: '/api/dkim/:domain/check',
    body: object({ activate: { type: 'boolean' }, force: { type: 'boolean' } }),
    async run({ params: { domain = '' }, body }, { dkim }): Promise<DkimShown> {
      const { activate = false, force = false } = body as DkimCheckBody
      return dkim.check(domain, { activate, force })
    },
  },
  {
    method: 'DELETE',
    path: '/api/dkim/:domain',
    query: object({ selector: textUpTo(63), force: { type: 'boolean' } }),
    async run({ params: { domain = '' }, query }, { dkim }): Promise<DkimRemoved> {
      const selector = typeof query.selector === 'string' ? query.selector : undefined
      return { domain, removed: await dkim.remove(domain, selector, query.force === true) }
    },
  },
]
