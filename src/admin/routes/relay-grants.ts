import { normalizeIp } from '#base/network-set.ts'
import type { RelayGrants } from '../api.ts'
import { Problem } from '../problem.ts'
import type { Route } from '../route.ts'

export const RELAY_GRANT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/relay/grants',
    async run(_asked, { settings, popLogins, clock }): Promise<RelayGrants> {
      const { enabled, minutes } = settings.current().settings.relay.popBeforeSmtp
      const nowMs = clock.nowMs()
      const items = enabled ? popLogins.list() : []
      return {
        enabled,
        minutes,
        items: items
          .map(({ ip, atMs }) => ({ ip, atMs, endsInMs: atMs + minutes * 60_000 - nowMs }))
          .filter(({ endsInMs }) => endsInMs > 0)
          .map(({ ip, atMs, endsInMs }) => ({
            ip,
            at: new Date(atMs).toISOString(),
            until: new Date(nowMs + endsInMs).toISOString(),
            endsInMs,
          })),
      }
    },
  },
  {
    method: 'DELETE',
    path: '/api/relay/grants/:ip',
    async run({ params }, { popLogins }): Promise<unknown> {
      const ip = normalizeIp(params.ip ?? '')
      if (ip === undefined) throw new Problem(400, `Cannot read ${JSON.stringify(params.ip)}: expected an IP address`)
      if (!(await popLogins.revoke(ip))) {
        throw new Problem(404, `No POP3 login from ${ip} opens the way`, 'See: postern relay grants list')
      }
      return { revoked: ip }
    },
  },
]
