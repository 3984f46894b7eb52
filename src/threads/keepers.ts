/** Who carries out what a judgement asks for, on the main thread: blocks, suspended trust, stopped accounts, and who is told. */
import type { Suspension } from '#base/block.ts'
import { clientNetworks } from '#base/client-networks.ts'
import type { Clock } from '#base/clock.ts'
import type { Directory } from '#directory/contract.ts'
import type { Events } from '#events/contract.ts'
import type { Sentence } from '#gate/record.ts'
import { formatStory } from '#gate/story.ts'
import type { Ledger, PopLogins } from '#ledger/contract.ts'
import type { Settings } from '#settings/schema.ts'
import { formatReply } from '#smtp/replies.ts'
import type { Store } from '#store/contract.ts'
import type { Records, Reference } from '#store/records.ts'
import { createAccountKeeper, type KeptAccounts } from './account-keeper.ts'
import { createBlockKeeper, type KeptBlocks } from './block-keeper.ts'
import { COUNTERS_OF_REASON } from './facts/counters.ts'
import type { Act } from './messages.ts'
import { createNotices, suspensionNotice } from './notices.ts'
import type { StandingBlocks } from './standing-blocks.ts'

export interface KeepersParts {
  readonly clock: Clock
  readonly settings: () => Settings
  readonly hostname: () => string
  readonly store: Pick<Store, 'blocks' | 'directory' | 'queue' | 'messages'>
  readonly directory: Directory
  readonly ledger: Ledger
  readonly standing: StandingBlocks
  readonly suspensions: Map<string, Suspension>
  readonly records: Records
  readonly nextReference: () => Reference
  readonly popLogins: Pick<PopLogins, 'revokeOf'>
  /** Do something in every session thread; resolves when it holds there. */
  readonly act: (act: Act) => Promise<void>
  /** Entries of the queue were held or released: the delivery thread is to look again. */
  readonly queueChanged: () => void
  readonly events: Events
}

export interface Keepers {
  readonly blocks: KeptBlocks
  readonly accounts: KeptAccounts
  /** Have a sentence carried out; nobody waits for it. */
  carryOut(sentence: Sentence, ref: string | undefined): void
  /** Lift the blocks that an address brought upon itself, and forget whatever was counted against it. */
  pardon(ip: string, author: string): Promise<void>
}

/** Create the keepers. */
export function createKeepers(parts: KeepersParts): Keepers {
  const { clock, settings, store, directory, ledger, standing, records, popLogins, act, events } = parts

  /** Forget what was counted against a network, so that lifting what followed from it is a new start. */
  function forgive(reason: string, network: string): void {
    const counters = COUNTERS_OF_REASON[reason]
    if (counters !== undefined) void ledger.forget(counters.of, network, counters.withinMs(settings()))
  }

  const notices = createNotices({
    directory,
    messages: store.messages,
    hostname: parts.hostname,
    clock,
    nextReference: parts.nextReference,
    events,
  })
  const blocks = createBlockKeeper({
    store: store.blocks,
    clock,
    settings,
    standing,
    suspensions: parts.suspensions,
    neverBlocked: standing.neverBlocked,
    spread: act,
    forgive,
    record: (block) => recordByHand(block, records),
    events,
    alarmed: (suspension) => void notices.send(suspensionNotice(suspension)),
  })
  const accounts = createAccountKeeper({
    directory,
    store: store.directory,
    queue: store.queue,
    endSessionsOf(user) {
      popLogins.revokeOf(user)
      return act({ is: 'endSessionsOf', user })
    },
    queueChanged: parts.queueChanged,
    notices,
    clock,
    events,
  })
  return {
    blocks,
    accounts,
    carryOut(sentence, ref) {
      void (sentence.is === 'freeze' ? accounts.carryOut(sentence, ref) : blocks.carryOut(sentence, ref))
    },
    async pardon(ip, author) {
      const networks = clientNetworks(ip).map(({ network }) => network)
      for (const { id, network, reason } of blocks.blocks()) {
        // What a person blocked is theirs to lift, be the address in it or not.
        if (networks.includes(network) && reason in COUNTERS_OF_REASON) await blocks.lift({ id }, author)
      }
      for (const reason of Object.keys(COUNTERS_OF_REASON)) {
        for (const network of networks) forgive(reason, network)
      }
    },
  }
}

/** Keep the record that the clients of a block made by hand are referred to. */
function recordByHand(
  { network, why, author }: { readonly network: string; readonly why: string; readonly author: string },
  records: Records,
): string {
  const occasion = { ip: network, rule: 'by-hand', outcome: 'refused', under: records.reserve() } as const
  const because = `blocked by ${author}: ${why}`
  return records.keep(occasion, (id, ref, atMs) => ({
    id,
    atMs,
    outcome: 'refused',
    service: 'admin',
    ip: network,
    recipients: [],
    reply: formatReply('addressRefused', ref),
    story: formatStory({ service: 'admin', stage: 'connect', rule: 'blocked', because, findings: [] }),
  }))
}
