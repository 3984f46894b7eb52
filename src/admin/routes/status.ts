import type { Status } from '../api.ts'
import type { Route } from '../route.ts'

export const STATUS_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/status',
    async run(_asked, { version, startedAtMs, dataDir, settings }): Promise<Status> {
      return {
        version,
        pid: process.pid,
        startedAt: new Date(startedAtMs).toISOString(),
        dataDir,
        settingsVersion: settings.current().version,
      }
    },
  },
]
