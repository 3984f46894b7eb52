import type { Block, Suspension } from '#base/block.ts'
import type { Clock } from '#base/clock.ts'
import type { References } from '#base/reference.ts'
import type { DirectoryChanges } from '#directory/change.ts'
import type { Directory } from '#directory/contract.ts'
import type { Events } from '#events/contract.ts'
import type { FactReaders } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import type { LedgerState, PopLogins } from '#ledger/contract.ts'
import type { Audit } from '#review/audit.ts'
import type { SettingsKeeper } from '#settings/keeper.ts'
import type { Settings } from '#settings/schema.ts'
import type { Store } from '#store/contract.ts'
import type { DeliveryDesk } from './delivery-desk.ts'
import type { CredentialsDesk, DkimDesk } from './secrets-desk.ts'

/** What the administration works on: the parts of the running server. */
export interface AdminParts {
  readonly version: string
  readonly clock: Pick<Clock, 'nowMs'>
  readonly startedAtMs: number
  readonly dataDir: string
  readonly store: Pick<Store, 'directory' | 'mailboxes' | 'messages' | 'decisions' | 'queue' | 'backup'>
  readonly settings: SettingsKeeper
  readonly directory: Directory
  readonly changes: DirectoryChanges
  /** Readers that change nothing, over these settings: today's, or those of a draft. */
  readonly facts: (settings: Settings) => FactReaders<Subject>
  readonly references: References
  /** The addresses of this machine's own interfaces, for the group entry `this-machine`. */
  readonly machineAddresses: () => readonly string[]
  readonly events: Pick<Events, 'faulted'>
  readonly blocks: BlockKeeper
  readonly accounts: AccountKeeper
  /** `revoke` closes the way in every thread. */
  readonly popLogins: Pick<PopLogins, 'list'> & { readonly revoke: (ip: string) => Promise<boolean> }
  /** Can a stranger relay, and by which way? `probe` also asks the running server, as a stranger would. */
  readonly audit: (settings: Settings, options: { readonly probe: boolean }) => Promise<Audit>
  readonly ledger: () => LedgerState
  /** The thread that delivers. */
  readonly delivery: DeliveryDesk
  /** Logins for other servers, and the keys that sign mail. */
  readonly credentials: CredentialsDesk
  readonly dkim: DkimDesk
  /** The administrator was last seen at this address: it is never blocked from now on, and no change may shut it out. */
  readonly administratorAt: (ip: string) => Promise<void>
  readonly administratorAddress: () => string | undefined
}

/** Who may not connect, and whose trust is suspended; each change holds in every thread when it resolves. */
export interface BlockKeeper {
  blocks(): readonly Block[]
  /** Block a network by hand; `undefined` for `forMs` is until it is lifted. Rejects with a Fault for what is on the never-block list. */
  block(wanted: {
    readonly network: string
    readonly forMs: number | undefined
    readonly why: string
    readonly author: string
  }): Promise<Block>
  /** Lift every block that holds against this address or network, or the one of this number; gives those lifted. */
  lift(which: { readonly network: string } | { readonly id: number }, author: string): Promise<readonly Block[]>
  suspensions(): readonly Suspension[]
  /** Give an address its trust back; false when it was not suspended. */
  restoreTrust(ip: string, author: string): Promise<boolean>
}

/** Stops a hijacked account as one act, and lets it go again. */
export interface AccountKeeper {
  /** Freeze sending, hold what waits, end the sessions, tell the owner and the administrator. Rejects with a Fault for no such user. */
  freeze(address: string, why: { readonly why: string; readonly by: string }): Promise<{ readonly held: number }>
  /** Let it send again; what waited goes on its way, or is deleted. */
  release(
    address: string,
    how: { readonly by: string; readonly deleteQueued: boolean },
  ): Promise<{ readonly released: number; readonly removed: number }>
}
