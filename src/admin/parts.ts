import type { References } from '#base/reference.ts'
import type { DirectoryChanges } from '#directory/change.ts'
import type { Directory } from '#directory/contract.ts'
import type { Events } from '#events/contract.ts'
import type { FactReaders } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import type { SettingsKeeper } from '#settings/keeper.ts'
import type { Settings } from '#settings/schema.ts'
import type { Store } from '#store/contract.ts'

/** What the administration works on: the parts of the running server. */
export interface AdminParts {
  readonly version: string
  readonly startedAtMs: number
  readonly dataDir: string
  readonly store: Pick<Store, 'directory' | 'mailboxes' | 'decisions' | 'queue' | 'backup'>
  readonly settings: SettingsKeeper
  readonly directory: Directory
  readonly changes: DirectoryChanges
  /** Readers that change nothing, over these settings: today's, or those of a draft. */
  readonly facts: (settings: Settings) => FactReaders<Subject>
  readonly references: References
  /** The addresses of this machine's own interfaces, for the group entry `this-machine`. */
  readonly machineAddresses: () => readonly string[]
  readonly events: Pick<Events, 'faulted'>
}
