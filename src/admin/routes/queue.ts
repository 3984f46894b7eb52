import type { Queue } from '../api.ts'
import { object, type Route } from '../route.ts'

export const QUEUE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/queue',
    query: object({ limit: { type: 'integer', minimum: 1, maximum: 100_000 } }),
    async run({ query }, { store }): Promise<Queue> {
      const limit = typeof query.limit === 'number' ? query.limit : 1000
      const [count, entries] = await Promise.all([store.queue.count(), store.queue.list(limit)])
      return {
        count,
        items: entries.map(({ id, createdAtMs, sender, recipient, sizeBytes, user, ip, held }) => ({
          id,
          createdAt: new Date(createdAtMs).toISOString(),
          sender,
          recipient,
          sizeBytes,
          ...(user === undefined ? {} : { user }),
          ...(ip === undefined ? {} : { ip }),
          held: held === true,
        })),
      }
    },
  },
]
