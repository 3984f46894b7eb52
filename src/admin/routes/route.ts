import { readRecipient, readSender } from '#review/try.ts'
import { Problem } from '../problem.ts'
import type { RouteShown } from '../queue-api.ts'
import { ADDRESS, object, type Route } from '../route.ts'

export const ROUTE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/route',
    query: object({ sender: ADDRESS, recipient: ADDRESS }, ['sender', 'recipient']),
    run: async ({ query }, { delivery }): Promise<RouteShown> =>
      delivery.route(read(String(query.sender), readSender), read(String(query.recipient), readRecipient)),
  },
]

function read(address: string, reader: (text: string) => string | undefined): string {
  const read = reader(address)
  if (read !== undefined) return read
  throw new Problem(400, `Cannot read ${JSON.stringify(address)}: expected an address`)
}
