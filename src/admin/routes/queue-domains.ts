import { Problem } from '../problem.ts'
import type { DomainLine, PausedLine, RunningLine } from '../queue-api.ts'
import { object, type Route, textUpTo } from '../route.ts'
import { domainLineOf, pausedLineOf, runningLineOf } from './queue-lines.ts'
import { readDomain } from './queue-selection.ts'

const DOMAIN = textUpTo(253)

export const QUEUE_DOMAIN_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/queue/running',
    async run(_asked, { delivery }): Promise<readonly RunningLine[]> {
      const running = await delivery.running()
      return running.map(runningLineOf).toSorted((a, b) => b.elapsedMs - a.elapsedMs)
    },
  },
  {
    method: 'GET',
    path: '/api/queue/domains',
    async run(_asked, { delivery, store }): Promise<readonly DomainLine[]> {
      const [domains, paused] = await Promise.all([delivery.domains(), store.queue.paused()])
      const lines = domains.map((state) => domainLineOf(state, paused))
      const known = new Set(domains.map(({ domain }) => domain))
      const idle = paused.filter(({ domain }) => !known.has(domain))
      return [...lines, ...idle.map(({ domain }) => ({ domain, underWay: 0, paused: true }))].toSorted((a, b) =>
        a.domain < b.domain ? -1 : 1,
      )
    },
  },
  {
    method: 'GET',
    path: '/api/queue/paused',
    async run(_asked, { store }): Promise<readonly PausedLine[]> {
      return (await store.queue.paused()).map(pausedLineOf)
    },
  },
  {
    method: 'POST',
    path: '/api/queue/paused',
    body: object({ domain: DOMAIN, why: textUpTo(500) }, ['domain']),
    async run({ body, author }, { store, delivery, clock }): Promise<PausedLine> {
      const { domain, why } = body as { domain: string; why?: string }
      const paused = {
        domain: readDomain(domain),
        sinceMs: clock.nowMs(),
        author,
        ...(why === undefined || why === '' ? {} : { why }),
      }
      await store.queue.pause(paused)
      delivery.lookAgain()
      return pausedLineOf(paused)
    },
  },
  {
    method: 'DELETE',
    path: '/api/queue/paused',
    query: object({ domain: DOMAIN }, ['domain']),
    async run({ query }, { store, delivery }): Promise<{ readonly domain: string }> {
      const domain = readDomain(String(query.domain))
      if (!(await store.queue.resume(domain))) {
        throw new Problem(404, `Mail to ${domain} is not paused`, 'See: postern queue paused')
      }
      delivery.lookAgain(/[*?]/.test(domain) ? 'all' : [domain])
      return { domain }
    },
  },
]
