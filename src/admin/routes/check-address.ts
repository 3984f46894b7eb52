import type { CheckedAddress } from '../api.ts'
import { ADDRESS, object, type Route } from '../route.ts'

export const CHECK_ADDRESS_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/check-address',
    query: object({ address: ADDRESS }, ['address']),
    async run({ query }, { directory }): Promise<CheckedAddress> {
      const address = String(query.address)
      const resolution = await directory.resolve(address)
      const { is: ends, steps } = resolution
      if (resolution.is !== 'local') {
        return { address, ends, steps, mailboxes: [], external: resolution.is === 'external' ? [address] : [] }
      }
      const { mailboxes, external, full } = resolution
      return {
        address,
        ends,
        steps,
        mailboxes: mailboxes.map(({ user }) => user),
        external,
        ...(full === undefined ? {} : { full }),
      }
    },
  },
]
