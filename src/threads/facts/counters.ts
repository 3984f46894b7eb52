/** What the ledger counts, by name: whoever counts, reads or forgets a count names it from here. */
import { EVIDENCE, type EvidenceKind } from '#gate/evidence.ts'
import { isSmtp, type Subject } from '#gate/subject.ts'
import { DAY_MS, HOUR_MS } from '#ledger/contract.ts'
import type { Settings } from '#settings/schema.ts'

/** Counts of one client, each by its networks (`clientNetworks`). */
export const CLIENT = {
  connections: 'connections',
  messages: 'messages',
} as const

/** Name the open connections of a network: those of SMTP and those of POP3 are counted apart, each to the same limit. */
export function connectionKey(service: Subject['service'], network: string): string {
  return isSmtp(service) ? network : `pop3 ${network}`
}

/** Evidence against a client, by its networks. */
export const EVIDENCE_COUNTER: Readonly<Record<EvidenceKind, string>> = {
  unknownRecipient: 'unknownRecipients',
  recipientProbe: 'recipientProbes',
  deniedRelay: 'deniedRelays',
  failedCommand: 'failedCommands',
  failedLogin: 'failedLogins',
}

/** Counts of one account, by its primary address. */
export const ACCOUNT = {
  messages: 'account.messages',
  recipients: 'account.recipients',
  newRecipients: 'account.newRecipients',
  bounces: 'account.bounces',
  returned: 'account.returned',
  networks: 'account.networks',
} as const

/** Signs that a trusted address hides strangers, by that one address. */
export const TRUST = {
  heloNames: 'trust.heloNames',
  senderDomains: 'trust.senderDomains',
  failedLoginNames: 'trust.failedLoginNames',
  unknownRecipients: 'trust.unknownRecipients',
  connections: 'trust.connections',
} as const

/** Clients with a public address, whichever: one count for the whole server. */
export const PUBLIC_CLIENTS = { of: 'publicClients', by: 'all' } as const

/** The counts behind a reason to act against a client, and the windows they are kept in. */
export interface CountersOfReason {
  readonly of: readonly string[]
  readonly withinMs: (settings: Settings) => readonly number[]
}

/**
 * What must be forgotten, by the reason of a block or of suspended trust, so that who lifts it gives the client a new start and
 * the next mistake does not bring it back. A reason that is not here (`by-hand`) rests on no count.
 */
export const COUNTERS_OF_REASON: Readonly<Record<string, CountersOfReason>> = {
  ...Object.fromEntries(
    Object.entries(EVIDENCE).map(([kind, { reason, withinMs }]) => [
      reason,
      { of: [EVIDENCE_COUNTER[kind as EvidenceKind]], withinMs: (settings: Settings) => [withinMs(settings)] },
    ]),
  ),
  'broken-trust': { of: Object.values(TRUST), withinMs: () => [HOUR_MS, DAY_MS] },
}
