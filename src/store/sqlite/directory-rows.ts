/** The rows of the directory's tables, as SQLite gives them, and what the contract makes of them. */
import type { AliasRow, Credentials, DomainRow, Frozen, GroupRow, UserRow } from '../contract.ts'

/** What the `kind` column of `address` says its owner is. */
export const USER = 1
export const GROUP = 2
export const ALIAS = 3
export const PATTERN = 4

/** Split `local@domain` at its last `@`, which is where a domain begins whatever the local part holds. */
export function splitAddress(address: string): { readonly local: string; readonly domain: string } {
  const at = address.lastIndexOf('@')
  return { local: address.slice(0, at), domain: address.slice(at + 1) }
}

/** Tell whether a local part is a pattern. */
export function isPattern(local: string): boolean {
  return local.includes('*') || local.includes('?')
}

export interface DomainRecord {
  readonly id: number
  readonly name: string
  readonly alias_of: string | null
}

/** Give the contract's domain of a row. */
export function toDomain(row: DomainRecord): DomainRow {
  return row.alias_of === null ? { id: row.id, name: row.name } : { id: row.id, name: row.name, aliasOf: row.alias_of }
}

export const USER_COLUMNS =
  'id, address, name, disabled, mailbox_id, quota_bytes, quota_messages, forward_to, forward_keeps_copy, local_domains_only, further, frozen'

/** A row of `user` in the order of USER_COLUMNS: arrays, because each recipient reads one. */
export type UserRecord = [
  id: number,
  address: string,
  name: string,
  disabled: number,
  mailboxId: number,
  quotaBytes: number | null,
  quotaMessages: number | null,
  forwardTo: string | null,
  forwardKeepsCopy: number,
  localDomainsOnly: number,
  further: string | null,
  frozen: string | null,
]

const NONE: readonly string[] = Object.freeze([])

/** Give the contract's user of a row. */
export function toUser(row: UserRecord): UserRow {
  const [id, address, name, disabled, mailboxId, quotaBytes, quotaMessages, ...more] = row
  const [forwardTo, keepsCopy, localOnly, further, frozen] = more
  return {
    id,
    address,
    name,
    disabled: disabled !== 0,
    mailboxId,
    ...(quotaBytes === null ? undefined : { quotaBytes }),
    ...(quotaMessages === null ? undefined : { quotaMessages }),
    ...(forwardTo === null ? undefined : { forwarding: { to: JSON.parse(forwardTo), keepCopy: keepsCopy !== 0 } }),
    localDomainsOnly: localOnly !== 0,
    ...(frozen === null ? undefined : { frozen: JSON.parse(frozen) as Frozen }),
    addresses: further === null ? NONE : (JSON.parse(further) as string[]),
  }
}

export interface GroupRecord {
  readonly id: number
  readonly address: string
  readonly members: string
}

/** Give the contract's group of a row. */
export function toGroup(row: GroupRecord): GroupRow {
  return { id: row.id, address: row.address, members: JSON.parse(row.members) as string[] }
}

export interface AliasRecord {
  readonly id: number
  readonly address: string
  readonly recipients: string
}

/** Give the contract's alias of a row. */
export function toAlias(row: AliasRecord): AliasRow {
  return { id: row.id, address: row.address, to: JSON.parse(row.recipients) as string[] }
}

export interface CredentialsRecord {
  readonly argon2id: string
  readonly scram_salt: Uint8Array
  readonly scram_iterations: number
  readonly scram_stored_key: Uint8Array
  readonly scram_server_key: Uint8Array
}

/** Give the contract's credentials of a row. */
export function toCredentials(row: CredentialsRecord): Credentials {
  return {
    argon2id: row.argon2id,
    scram: {
      salt: row.scram_salt,
      iterations: row.scram_iterations,
      storedKey: row.scram_stored_key,
      serverKey: row.scram_server_key,
    },
  }
}
