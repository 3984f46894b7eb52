/** What goes over the administration's HTTP interface, as JSON: the types that the commands and the pages share. */

import type { Step } from '#directory/contract.ts'
import type { Story } from '#gate/story.ts'
import type { Audit } from '#review/audit.ts'
import type { Fate } from '#review/fates.ts'
import type { Trial } from '#review/try.ts'
import type { GroupEntry } from '#settings/ip-group-entries.ts'
import type { DecisionRecord, Forwarding } from '#store/contract.ts'

/** The answer to anything that failed: what failed and, where it helps, what to do. Never a secret. */
export interface ApiError {
  readonly error: string
  readonly todo?: string
}

export interface Status {
  readonly version: string
  readonly pid: number
  /** ISO 8601, as all times here. */
  readonly startedAt: string
  readonly dataDir: string
  readonly settingsVersion: number
}

// ---- settings -------------------------------------------------------------------------------------------------------

export interface SettingsDocument {
  readonly version: number
  readonly yaml: string
}

export interface SettingValue {
  readonly path: string
  /** As the settings file writes it. */
  readonly value: unknown
  /** The same as YAML, one line for a single setting. */
  readonly yaml: string
}

export interface SettingChange {
  readonly path: string
  readonly from: string
  readonly to: string
  /** When it is felt: `at once`, `next connection`, `next message`, `next start`. */
  readonly applies: string
}

/** What a change of settings may say beside the change itself. */
export interface Confirmable {
  /** The second, explicit yes to a change that was refused because it is dangerous. */
  readonly confirmed?: boolean
}

export interface Warned {
  /** What is allowed, and probably not meant; a sentence each. */
  readonly warnings: readonly string[]
}

export interface SettingsSaved extends Warned {
  readonly version: number
  /** Empty: it was so already, and no version was added. */
  readonly changes: readonly SettingChange[]
}

/** What a draft would change, and what there is to say of it. */
export interface SettingsDiff extends Warned {
  readonly changes: readonly SettingChange[]
}

export interface SettingsVersionInfo {
  readonly version: number
  readonly at: string
  readonly author: string
  readonly comment: string
}

// ---- directory ------------------------------------------------------------------------------------------------------

export interface Domain {
  readonly name: string
  readonly aliasOf?: string
}

export interface User {
  readonly address: string
  readonly name: string
  readonly disabled: boolean
  readonly addresses: readonly string[]
  readonly quotaBytes?: number
  readonly quotaMessages?: number
  readonly forwarding?: Forwarding
  readonly localDomainsOnly: boolean
  /** Sending is stopped: why, by which rule or whom, and the reference of the decision. */
  readonly frozen?: { readonly since: string; readonly why: string; readonly by: string; readonly ref?: string }
}

/** One user with what the mailbox holds. */
export interface UserDetails extends User {
  readonly messages: number
  readonly bytes: number
}

/** Fields of a user as a change names them: absent stays, null takes away. */
export interface UserFields {
  readonly name?: string
  readonly disabled?: boolean
  readonly addresses?: readonly string[]
  readonly quotaBytes?: number | null
  readonly quotaMessages?: number | null
  readonly forwarding?: Forwarding | null
  readonly localDomainsOnly?: boolean
}

export interface NewUserBody extends UserFields {
  readonly address: string
  readonly password?: string
}

export interface UserFreeze {
  readonly address: string
  /** Recipients of waiting mail that are held now. */
  readonly held: number
}

export interface UserRelease {
  readonly address: string
  /** False: nothing had stopped it. */
  readonly wasFrozen: boolean
  /** Recipients of held mail that go on their way, or were deleted. */
  readonly released: number
  readonly removed: number
}

export interface Imported {
  readonly added: number
}

export interface Group {
  readonly address: string
  readonly members: readonly string[]
}

export interface Alias {
  readonly address: string
  readonly to: readonly string[]
}

/** One page of a list; `next` is the address to continue after, when there is more. */
export interface Listing<T> {
  readonly items: readonly T[]
  readonly next?: string
}

export interface CheckedAddress {
  readonly address: string
  readonly ends: 'local' | 'external' | 'nobody' | 'disabled' | 'loop'
  readonly mailboxes: readonly string[]
  readonly external: readonly string[]
  /** The user whose mailbox is full. */
  readonly full?: string
  readonly steps: readonly Step[]
}

// ---- IP address groups ----------------------------------------------------------------------------------------------

export interface IpGroup {
  readonly name: string
  readonly entries: readonly GroupEntry[]
  /** Paths of the settings that name it. */
  readonly usedBy: readonly string[]
}

export interface IpGroupSaved extends IpGroup, Warned {}

/** What to change of some entries of a group: what is absent stays. */
export interface EntryChange extends Confirmable {
  readonly entries: readonly string[]
  readonly enabled?: boolean
  /** Null takes it away. */
  readonly description?: string | null
}

export interface IpGroupTest {
  readonly group: string
  readonly ip: string
  readonly member: boolean
}

// ---- blocks, trust, relay grants ------------------------------------------------------------------------------------

export interface BlockLine {
  readonly id: number
  readonly network: string
  readonly reason: string
  readonly evidence: string
  readonly since: string
  /** Absent: until it is lifted. */
  readonly until?: string
  readonly endsInMs?: number
  /** How many blocks of this network came before within a week. */
  readonly repeats: number
  readonly ref?: string
  readonly author?: string
}

export interface Blocks {
  /** How many stand in all; `items` may be fewer. */
  readonly count: number
  /** Newest first. */
  readonly items: readonly BlockLine[]
}

export interface NewBlock {
  readonly network: string
  /** Absent: until it is lifted. */
  readonly forMs?: number
  readonly why?: string
}

export interface BlocksLifted {
  readonly lifted: readonly BlockLine[]
}

export interface NeverBlocked {
  /** limits.neverBlock. */
  readonly entries: readonly string[]
  /** Where the administrator was last seen: never blocked either. */
  readonly administrator?: string
}

export interface NeverBlockedSaved extends NeverBlocked, Warned {}

/** A right that addresses have because of the group they are in. */
export interface TrustRole {
  readonly setting: string
  /** Absent: the setting names no group. */
  readonly group?: string
  readonly gives: string
  /** The first entries of it; `count` is how many there are. */
  readonly entries: readonly string[]
  readonly count: number
  /** The rules that do not judge its members. */
  readonly exemptFrom: readonly { readonly rule: string; readonly about: string }[]
}

export interface SuspensionLine {
  readonly ip: string
  readonly evidence: string
  readonly since: string
  readonly ref?: string
}

export interface Trust {
  readonly roles: readonly TrustRole[]
  readonly suspended: readonly SuspensionLine[]
}

/** The ways that POP3 logins have opened (relay.popBeforeSmtp). */
export interface RelayGrants {
  readonly enabled: boolean
  readonly minutes: number
  /** The newest first. */
  readonly items: readonly {
    readonly ip: string
    readonly at: string
    readonly until: string
    readonly endsInMs: number
  }[]
}

// ---- review ---------------------------------------------------------------------------------------------------------

export interface TryBody {
  readonly service?: 'smtp' | 'submission' | 'submissions'
  readonly ip: string
  readonly helo?: string
  readonly from: string
  readonly to: readonly string[]
  readonly as?: string
  /** The name of a login that would have failed before. */
  readonly failedLogin?: string
  /** It would have talked before the greeting. */
  readonly talkedEarly?: boolean
  readonly popBeforeMinutes?: number
  readonly tls?: boolean
  /** The header of the message, and the size of all of it. */
  readonly message?: { readonly header: string; readonly sizeBytes: number }
  /** Settings in the form of `postern settings export`, laid over today's. */
  readonly draft?: string
}

export interface Tried {
  readonly trial: Trial
  readonly text: string
}

export interface AuditBody {
  /** Settings in the form of `postern settings export`, laid over today's. */
  readonly draft?: string
  /** Ask the running server too, as a stranger would; not with a draft, which does not run. */
  readonly probe?: boolean
}

export type Audited = Audit

/** One record, short; `postern explain REF` tells all. */
export interface RecordLine {
  readonly reference: string
  readonly at: string
  readonly outcome: DecisionRecord['outcome']
  readonly service: string
  readonly ip: string
  readonly sender?: string
  readonly recipients: readonly string[]
  readonly reply: string
  /** Why, in the words of the rule that decided. */
  readonly because?: string
  /** The same came so often again, counted and not kept one by one; and when last. */
  readonly repeats?: { readonly count: number; readonly lastAt: string }
}

export interface Explained {
  readonly reference: string
  readonly record: Omit<DecisionRecord, 'story'> & { readonly story: Story }
  /** What became of its recipients elsewhere, where it was taken. */
  readonly fates: readonly Fate[]
  readonly text: string
}

// ---- backup ---------------------------------------------------------------------------------------------------------

export interface BackupMade {
  readonly file: string
  readonly bytes: number
}
