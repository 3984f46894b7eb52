/** Every command, in the order that `postern help` shows. */
import { ALIAS_COMMANDS } from './alias.ts'
import { AUDIT_COMMAND } from './audit.ts'
import { BACKUP_COMMANDS } from './backup.ts'
import { BLOCK_COMMANDS } from './blocks.ts'
import { CHECK_ADDRESS_COMMAND } from './check-address.ts'
import type { Command } from './command.ts'
import { CREDENTIAL_COMMANDS } from './credentials.ts'
import { DKIM_COMMANDS } from './dkim.ts'
import { DOMAIN_COMMANDS } from './domain.ts'
import { EXPLAIN_COMMAND } from './explain.ts'
import { GROUP_COMMANDS } from './group.ts'
import { IPGROUP_COMMANDS } from './ipgroup.ts'
import { LOGS_COMMAND } from './logs.ts'
import { QUEUE_COMMANDS } from './queue.ts'
import { RECORDS_COMMAND } from './records.ts'
import { RELAY_GRANT_COMMANDS } from './relay-grants.ts'
import { ROUTE_COMMAND } from './route.ts'
import { SERVE_COMMAND } from './serve.ts'
import { SETTINGS_COMMANDS } from './settings.ts'
import { TRUST_COMMANDS } from './trust.ts'
import { TRY_COMMAND } from './try.ts'
import { USER_COMMANDS } from './user.ts'
import { VERSION_COMMAND } from './version.ts'

export const COMMANDS: readonly Command[] = [
  SERVE_COMMAND,
  ...SETTINGS_COMMANDS,
  ...DOMAIN_COMMANDS,
  ...USER_COMMANDS,
  ...ALIAS_COMMANDS,
  ...GROUP_COMMANDS,
  ...IPGROUP_COMMANDS,
  ...BLOCK_COMMANDS,
  ...TRUST_COMMANDS,
  ...RELAY_GRANT_COMMANDS,
  CHECK_ADDRESS_COMMAND,
  TRY_COMMAND,
  AUDIT_COMMAND,
  RECORDS_COMMAND,
  EXPLAIN_COMMAND,
  ...QUEUE_COMMANDS,
  ROUTE_COMMAND,
  ...CREDENTIAL_COMMANDS,
  ...DKIM_COMMANDS,
  LOGS_COMMAND,
  ...BACKUP_COMMANDS,
  VERSION_COMMAND,
]
