/** The administration's table: every resource, a file each. */
import type { Route } from './route.ts'
import { ALIAS_ROUTES } from './routes/aliases.ts'
import { AUDIT_ROUTES } from './routes/audit.ts'
import { BACKUP_ROUTES } from './routes/backup.ts'
import { BLOCK_ROUTES } from './routes/blocks.ts'
import { CHECK_ADDRESS_ROUTES } from './routes/check-address.ts'
import { CREDENTIAL_ROUTES } from './routes/credentials.ts'
import { DKIM_ROUTES } from './routes/dkim.ts'
import { DOMAIN_ROUTES } from './routes/domains.ts'
import { EXPLAIN_ROUTES } from './routes/explain.ts'
import { GROUP_ROUTES } from './routes/groups.ts'
import { IPGROUP_ROUTES } from './routes/ipgroups.ts'
import { QUEUE_ROUTES } from './routes/queue.ts'
import { QUEUE_DOMAIN_ROUTES } from './routes/queue-domains.ts'
import { QUEUE_ENTRY_ROUTES } from './routes/queue-entry.ts'
import { RECORD_ROUTES } from './routes/records.ts'
import { RELAY_GRANT_ROUTES } from './routes/relay-grants.ts'
import { ROUTE_ROUTES } from './routes/route.ts'
import { SETTINGS_ROUTES } from './routes/settings.ts'
import { STATUS_ROUTES } from './routes/status.ts'
import { TRUST_ROUTES } from './routes/trust.ts'
import { TRY_ROUTES } from './routes/try.ts'
import { USER_ROUTES } from './routes/users.ts'

export const ROUTES: readonly Route[] = [
  ...STATUS_ROUTES,
  ...SETTINGS_ROUTES,
  ...DOMAIN_ROUTES,
  ...USER_ROUTES,
  ...ALIAS_ROUTES,
  ...GROUP_ROUTES,
  ...IPGROUP_ROUTES,
  ...BLOCK_ROUTES,
  ...TRUST_ROUTES,
  ...RELAY_GRANT_ROUTES,
  ...CHECK_ADDRESS_ROUTES,
  ...TRY_ROUTES,
  ...AUDIT_ROUTES,
  ...RECORD_ROUTES,
  ...EXPLAIN_ROUTES,
  ...QUEUE_ROUTES,
  ...QUEUE_DOMAIN_ROUTES,
  ...QUEUE_ENTRY_ROUTES,
  ...ROUTE_ROUTES,
  ...CREDENTIAL_ROUTES,
  ...DKIM_ROUTES,
  ...BACKUP_ROUTES,
]
