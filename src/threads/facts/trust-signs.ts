import type { FactReaders, TrustSigns } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import { type Awaitable, DAY_MS, HOUR_MS, type Question } from '#ledger/contract.ts'
import type { FactSources } from '../facts.ts'
import { PUBLIC_CLIENTS, TRUST } from './counters.ts'
import { type GroupFacts, isTrusted } from './groups.ts'
import { domainOf } from './sender.ts'
import { when } from './when.ts'

/**
 * Create the reader of the signs that a trusted address hides strangers. Asking counts this session's HELO name and the
 * sender's domain; what failed was counted with the evidence, and the connection when it began.
 */
export function createTrustSigns(
  { ledger, directory }: FactSources,
  groups: GroupFacts,
): Pick<FactReaders<Subject>, 'trustSigns'> {
  function foreignDomain({ sender }: Subject): Awaitable<string | undefined> {
    const domain = sender === undefined ? undefined : domainOf(sender)
    if (domain === undefined) return undefined
    return when(directory.isLocalDomain(domain), (isLocal) => (isLocal ? undefined : domain))
  }

  function ask({ ip, helo }: Subject, domain: string | undefined): Awaitable<TrustSigns> {
    const inHour = { by: ip, withinMs: HOUR_MS }
    const questions: readonly Question[] = [
      { of: TRUST.heloNames, ...inHour, ...counted(helo?.toLowerCase()) },
      { of: TRUST.senderDomains, ...inHour, ...counted(domain) },
      { of: TRUST.failedLoginNames, ...inHour },
      { of: TRUST.unknownRecipients, ...inHour },
      { of: TRUST.connections, by: ip, withinMs: DAY_MS },
      { ...PUBLIC_CLIENTS, withinMs: DAY_MS },
    ]
    return when(
      ledger.ask(questions),
      ([
        heloNames = 0,
        senderDomains = 0,
        failedLoginNames = 0,
        unknownRecipients = 0,
        connectionsInDay = 0,
        seen = 0,
      ]) => ({
        heloNames,
        senderDomains,
        failedLoginNames,
        unknownRecipients,
        connectionsInDay,
        publicClientSeen: seen > 0,
      }),
    )
  }

  return {
    trustSigns(subject) {
      if (!isTrusted(groups, subject)) return undefined
      return when(foreignDomain(subject), (domain) => ask(subject, domain))
    },
  }
}

function counted(text: string | undefined): { readonly add?: number; readonly distinct?: string } {
  return text === undefined ? {} : { add: 1, distinct: text }
}
