/** The rules of each stage, in the order they judge: cheap ones first. */

import type { Rule } from './rule.ts'
import { failedCommands } from './rules/failed-commands.ts'
import { hops } from './rules/hops.ts'
import { mailbox } from './rules/mailbox.ts'
import { declaredSize, messageSize } from './rules/message-size.ts'
import { recipientCount } from './rules/recipient-count.ts'
import { relay } from './rules/relay.ts'
import { serviceAccess } from './rules/service-access.ts'
import { serviceConnections } from './rules/service-connections.ts'
import { submissionLogin } from './rules/submission-login.ts'
import { userScope } from './rules/user-scope.ts'
import type { Stage } from './subject.ts'

export const RULES: readonly Rule[] = [
  serviceAccess,
  serviceConnections,
  submissionLogin,
  declaredSize,
  recipientCount,
  relay,
  userScope,
  mailbox,
  messageSize,
  hops,
  failedCommands,
]

const BY_STAGE = Object.groupBy(RULES, (rule) => rule.stage)

/** Give the rules of a stage in their order. */
export function rulesOf(stage: Stage): readonly Rule[] {
  return BY_STAGE[stage] ?? []
}
