import type { AuditBody, Audited } from '../api.ts'
import { draftSettings } from '../draft.ts'
import { Problem } from '../problem.ts'
import { object, type Route } from '../route.ts'

const MOST_BYTES = 16 * 1024 * 1024

export const AUDIT_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/audit',
    body: object({ draft: { type: 'string' }, probe: { type: 'boolean' } }),
    mostBytes: MOST_BYTES,
    async run({ body }, parts): Promise<Audited> {
      const { draft, probe = false } = body as AuditBody
      if (draft !== undefined && probe) throw new Problem(400, 'A draft cannot be probed: it does not run')
      return parts.audit(draftSettings(draft, parts), { probe })
    },
  },
]
