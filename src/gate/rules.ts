/**
 * The rules of each stage, in the order they judge. A block comes first: who is blocked is told nothing else, and costs no look-up.
 * Then what the session itself tells, then counts in memory, then the directory, then DNS. Rules that count what they permit
 * (`message`) come last, so that nothing is counted that another rule refuses.
 */
import type { Rule } from './rule.ts'
import { accountBounces } from './rules/account-bounces.ts'
import { accountFrozen } from './rules/account-frozen.ts'
import { accountMessages, accountMessagesTaken } from './rules/account-messages.ts'
import { accountNetworks } from './rules/account-networks.ts'
import { accountNewRecipients, accountNewRecipientsTaken } from './rules/account-new-recipients.ts'
import { accountRecipients, accountRecipientsTaken } from './rules/account-recipients.ts'
import { blocked } from './rules/blocked.ts'
import { brokenTrust } from './rules/broken-trust.ts'
import { clientConnections } from './rules/client-connections.ts'
import { connectionsPerMinute } from './rules/connections-per-minute.ts'
import { earlyTalker } from './rules/early-talker.ts'
import { failedCommands } from './rules/failed-commands.ts'
import { hops } from './rules/hops.ts'
import { localSender } from './rules/local-sender.ts'
import { mailbox } from './rules/mailbox.ts'
import { declaredSize, messageSize } from './rules/message-size.ts'
import { messagesPerHour, messagesPerHourTaken } from './rules/messages-per-hour.ts'
import { recipientCount } from './rules/recipient-count.ts'
import { recipientProbes } from './rules/recipient-probes.ts'
import { relay } from './rules/relay.ts'
import { reverseName } from './rules/reverse-name.ts'
import { senderDomain } from './rules/sender-domain.ts'
import { senderLogin } from './rules/sender-login.ts'
import { serviceAccess } from './rules/service-access.ts'
import { serviceConnections } from './rules/service-connections.ts'
import { signIn } from './rules/sign-in.ts'
import { submissionLogin } from './rules/submission-login.ts'
import { userScope } from './rules/user-scope.ts'
import { STAGES, type Stage } from './subject.ts'

export const RULES: readonly Rule[] = [
  blocked,

  // connect, greeting
  serviceAccess,
  serviceConnections,
  clientConnections,
  connectionsPerMinute,
  reverseName,
  earlyTalker,

  // login
  signIn,
  accountNetworks,

  // sender
  submissionLogin,
  declaredSize,
  accountFrozen,
  messagesPerHour,
  accountMessages,
  accountBounces,
  brokenTrust,
  localSender,
  senderLogin,
  senderDomain,

  // recipient
  recipientCount,
  relay,
  userScope,
  accountRecipients,
  accountNewRecipients,
  mailbox,

  // message
  messageSize,
  hops,
  messagesPerHourTaken,
  accountMessagesTaken,
  accountRecipientsTaken,
  accountNewRecipientsTaken,

  // command, abandon
  failedCommands,
  recipientProbes,
]

/** Give the stages at which a rule judges. */
export function stagesOf({ stage }: Rule): readonly Stage[] {
  return typeof stage === 'string' ? [stage] : stage
}

const BY_STAGE = Object.fromEntries(
  STAGES.map((stage) => [stage, RULES.filter((rule) => stagesOf(rule).includes(stage))]),
) as unknown as Readonly<Record<Stage, readonly Rule[]>>

/** Give the rules of a stage in their order. */
export function rulesOf(stage: Stage): readonly Rule[] {
  return BY_STAGE[stage]
}
