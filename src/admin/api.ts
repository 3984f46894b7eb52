/** What goes over the administration's HTTP interface, as JSON: the types that the commands and the pages share. */

import type { Step } from '#directory/contract.ts'
import type { Story } from '#gate/story.ts'
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
}

export interface SettingsSaved {
  readonly version: number
  /** Empty: it was so already, and no version was added. */
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

export interface IpGroupTest {
  readonly group: string
  readonly ip: string
  readonly member: boolean
}

// ---- review ---------------------------------------------------------------------------------------------------------

export interface TryBody {
  readonly service?: 'smtp' | 'submission' | 'submissions'
  readonly ip: string
  readonly helo?: string
  readonly from: string
  readonly to: readonly string[]
  readonly as?: string
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

export interface Explained {
  readonly reference: string
  readonly record: Omit<DecisionRecord, 'story'> & { readonly story: Story }
  readonly text: string
}

// ---- queue, backup --------------------------------------------------------------------------------------------------

export interface QueueLine {
  readonly id: number
  readonly createdAt: string
  readonly sender: string
  readonly recipient: string
  readonly sizeBytes: number
}

export interface Queue {
  readonly count: number
  readonly items: readonly QueueLine[]
}

export interface BackupMade {
  readonly file: string
  readonly bytes: number
}
