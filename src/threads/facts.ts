import type { Block, Suspension } from '#base/block.ts'
import type { Dns } from '#base/dns.ts'
import type { Directory } from '#directory/contract.ts'
import type { FactReaders, StandingBlock } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import type { Ledger, OpenConnections, PopLogins } from '#ledger/contract.ts'
import { destinationOf } from '#receive/commands/rcpt.ts'
import type { Settings } from '#settings/schema.ts'
import type { ContactStore, DirectoryStore } from '#store/contract.ts'
import { createAccountFacts } from './facts/account.ts'
import { createClientCounts } from './facts/client-counts.ts'
import { createEvidence } from './facts/evidence.ts'
import { createGroupFacts } from './facts/groups.ts'
import { createSenderFacts } from './facts/sender.ts'
import { createTrustSigns } from './facts/trust-signs.ts'
import { when } from './facts/when.ts'

/** What the readers read. `inGroup` answers by the compiled IP address groups of the same settings. */
export interface FactSources {
  readonly settings: () => Settings
  readonly inGroup: (group: string, ip: string) => boolean
  readonly directory: Pick<Directory, 'resolve' | 'isLocalDomain' | 'ownsAddress'>
  readonly store: { readonly directory: Pick<DirectoryStore, 'owner'>; readonly contacts: ContactStore }
  readonly ledger: Pick<Ledger, 'ask'>
  /** The SMTP connections open of each network, those entered by whoever asks included. */
  readonly openConnections: Pick<OpenConnections, 'look'>
  /** The connections open to a service, the one that asks included. */
  readonly connections: (service: Subject['service']) => number
  readonly popLogins: Pick<PopLogins, 'sinceMs'>
  readonly dns: Pick<Dns, 'mx' | 'addresses' | 'ptr'>
  /** The blocks that stand, those on the never-block list left out. */
  readonly blocks: {
    readonly standing: (ip: string) => Block | undefined
    readonly endsInMs: (block: Block) => number | undefined
    readonly neverBlocked: (ip: string) => boolean
  }
  readonly suspensions: { readonly of: (ip: string) => Suspension | undefined }
  readonly nowMs: () => number
  /** The session is only supposed (`try`): its connection is not among those open, and counts as one more. */
  readonly supposed?: true
}

/**
 * Create the readers behind a session's facts. Over `readOnly(ledger)` and with `supposed` the same readers count nothing and
 * answer what a real session would be told.
 */
export function createFacts(sources: FactSources): FactReaders<Subject> {
  const { directory, popLogins, blocks, nowMs } = sources
  const groups = createGroupFacts(sources)
  return {
    ...groups,
    ...createClientCounts(sources, groups),
    ...createSenderFacts(sources),
    ...createAccountFacts(sources),
    ...createTrustSigns(sources, groups),
    evidence: createEvidence(sources, groups),

    block({ ip }) {
      const block = blocks.standing(ip)
      return block === undefined ? undefined : standingBlock(block, blocks.endsInMs(block))
    },

    neverBlocked: ({ ip }) => blocks.neverBlocked(ip),

    destination({ recipient, declaredBytes, sender }) {
      if (recipient === undefined) return { is: 'nobody' }
      return when(directory.resolve(recipient, declaredBytes), (end) => destinationOf(end, sender))
    },

    sincePopLoginMs: ({ ip }) => popLogins.sinceMs(ip, nowMs()),
  }
}

function standingBlock({ network, reason, evidence, ref }: Block, endsInMs: number | undefined): StandingBlock {
  return {
    network,
    reason,
    evidence,
    ...(endsInMs === undefined ? {} : { endsInMs }),
    ...(ref === undefined ? {} : { ref }),
  }
}
