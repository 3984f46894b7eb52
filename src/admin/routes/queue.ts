import { normalizeDomain } from '#directory/address.ts'
import { formatStory } from '#queue/answers.ts'
import type { QueueFilter, QueueOrder } from '#store/contract.ts'
import type { AdminParts } from '../parts.ts'
import { notFound } from '../problem.ts'
import type { QueueActed, QueueList, QueueMeasured, QueueQuery, QueueSelection } from '../queue-api.ts'
import { type Asked, object, type Route } from '../route.ts'
import { lineOf, momentOf } from './queue-lines.ts'
import { filterOf, filtersOf, SEARCH, SELECTION } from './queue-selection.ts'

const USUAL_LIMIT = 1000
export const MOST_LIMIT = 100_000

const ORDERS: readonly QueueOrder[] = ['id', 'due', 'size', 'attempts', 'sender', 'recipient']

export const QUEUE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/queue',
    query: object({
      ...SEARCH,
      order: { enum: ORDERS },
      descending: { type: 'boolean' },
      offset: { type: 'integer', minimum: 0 },
      limit: { type: 'integer', minimum: 1, maximum: MOST_LIMIT },
    }),
    async run({ query }, parts): Promise<QueueList> {
      const asked = query as QueueQuery
      const filter = filterOf(asked)
      const { order = 'id', descending = false, offset = 0, limit = USUAL_LIMIT } = asked
      const { queue } = parts.store
      const [measured, entries, moment] = await Promise.all([
        queue.measure(filter),
        queue.find(filter, { order, descending, offset, limit }),
        momentOf(parts),
      ])
      const { entries: count, bytes, held } = measured
      return { count, bytes, held, items: entries.map((entry) => lineOf(entry, moment)) }
    },
  },
  {
    method: 'POST',
    path: '/api/queue/measure',
    body: object(SELECTION),
    async run({ body }, { store }): Promise<QueueMeasured> {
      let [entries, bytes] = [0, 0]
      for (const filter of filtersOf(body as QueueSelection)) {
        const measured = await store.queue.measure(filter)
        entries += measured.entries
        bytes += measured.bytes
      }
      return { entries, bytes }
    },
  },
  {
    method: 'POST',
    path: '/api/queue/retry',
    body: object(SELECTION),
    async run(asked, parts): Promise<QueueActed> {
      const { queue } = parts.store
      // Before they are due, since what is tried at once may be gone at once.
      const tryNow = await domainsOf(filtersOf(asked.body as QueueSelection), queue)
      return act(asked, parts, (filter) => queue.retry(filter), tryNow)
    },
  },
  {
    method: 'POST',
    path: '/api/queue/hold',
    body: object(SELECTION),
    run: (asked, parts): Promise<QueueActed> => act(asked, parts, (filter) => parts.store.queue.hold(filter)),
  },
  {
    method: 'POST',
    path: '/api/queue/release',
    body: object(SELECTION),
    run: (asked, parts): Promise<QueueActed> => act(asked, parts, (filter) => parts.store.queue.release(filter)),
  },
  {
    method: 'DELETE',
    path: '/api/queue',
    body: object({ ...SELECTION, bounce: { type: 'boolean' } }),
    async run(asked, parts): Promise<QueueActed> {
      const { bounce = false } = asked.body as QueueSelection
      const { author } = asked
      const removal = {
        atMs: parts.clock.nowMs(),
        story: formatStory({ tries: 0, is: 'removed', because: `by ${author}` }),
      }
      return act(asked, parts, (filter) =>
        bounce ? parts.delivery.bounce(filter, author) : parts.store.queue.remove(filter, removal),
      )
    },
  },
]

/** Do one thing to all that is selected, and have the thread that delivers look again. */
async function act(
  { body }: Asked,
  { store, delivery }: AdminParts,
  one: (filter: QueueFilter) => Promise<number>,
  tryNow?: 'all' | readonly string[],
): Promise<QueueActed> {
  const selection = body as QueueSelection
  const filters = filtersOf(selection)
  await refuseUnknown(selection.ids ?? [], store.queue)
  let entries = 0
  try {
    for (const filter of filters) entries += await one(filter)
  } finally {
    delivery.lookAgain(tryNow)
  }
  return { entries }
}

/** So many domains are tried by name though they were down; beyond it, all are. */
const MOST_NAMED = 20

/** Give the domains that filters mean, where they are few. */
async function domainsOf(
  filters: readonly QueueFilter[],
  queue: AdminParts['store']['queue'],
): Promise<'all' | readonly string[] | undefined> {
  const domains = new Set<string>()
  for (const filter of filters) {
    const { domain = filter.recipient?.replace(/^.*@/, ''), ids } = filter
    if (domain !== undefined && domain !== '' && !/[*?]/.test(domain))
      domains.add(normalizeDomain(domain) ?? domain.toLowerCase())
    else if (ids === undefined || ids.length > MOST_NAMED) return 'all'
    else for (const entry of await queue.find({ ids }, { limit: MOST_NAMED })) domains.add(entry.domain)
  }
  if (domains.size === 0) return undefined
  return domains.size > MOST_NAMED ? 'all' : [...domains]
}

/** A number that was mistyped must not pass for one that was done; where many are named, some are gone meanwhile by nature. */
async function refuseUnknown(ids: readonly number[], queue: AdminParts['store']['queue']): Promise<void> {
  if (ids.length > 10) return
  for (const id of ids) {
    if ((await queue.get(id)) === undefined) {
      throw notFound('queue entry', String(id), 'It may have been delivered meanwhile; see: postern queue list')
    }
  }
}
