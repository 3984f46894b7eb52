/** What somebody wants to stand in the directory, checked and brought to the form it is kept in. Each check throws a Fault. */
import { Fault } from '#base/fault.ts'
import { quote } from '#settings/problem.ts'
import type { AliasRow, DomainRow, Forwarding, GroupRow, NewUser, UserChange } from '#store/contract.ts'
import { checkOwnAddress, checkPattern, checkTarget, normalizeDomain } from './address.ts'

/** A user's fields as a change names them: absent stays, null takes away. */
export interface UserFields {
  readonly name?: string | null | undefined
  readonly disabled?: boolean | null | undefined
  /** Further addresses. */
  readonly addresses?: readonly string[] | null | undefined
  readonly quotaBytes?: number | null | undefined
  readonly quotaMessages?: number | null | undefined
  readonly forwarding?: Forwarding | null | undefined
  readonly localDomainsOnly?: boolean | null | undefined
}

/** A new user. Without a password nobody can log in as it. */
export interface WantedUser extends UserFields {
  readonly address: string
  readonly password?: string | undefined
}

const MAX_FURTHER_ADDRESSES = 100
const MAX_FORWARDS = 100
const MAX_ALIAS_TARGETS = 1000
/** As far as resolving goes. */
const MAX_MEMBERS = 9000
const MAX_NAME = 256

/** Check the name of a domain of ours. */
export function checkDomainName(text: string): string {
  const name = normalizeDomain(text)
  if (name === undefined || name.startsWith('[') || name.length > 253) {
    throw refuse(`Cannot use ${quote(text)} as a domain: expected a name such as example.com`)
  }
  return name
}

/** Check a domain. */
export function checkDomain({ name, aliasOf }: Omit<DomainRow, 'id'>): Omit<DomainRow, 'id'> {
  return aliasOf === undefined
    ? { name: checkDomainName(name) }
    : { name: checkDomainName(name), aliasOf: checkDomainName(aliasOf) }
}

/** Check the address of a user or a group. */
export function checkAddress(text: string): string {
  return addressOr(text, checkOwnAddress)
}

/** Check the address of an alias: its local part may hold `*` and `?`. */
export function checkAliasAddress(text: string): string {
  return addressOr(text, checkPattern)
}

/** Check a user's fields; only those that are named are in the result. */
export function checkFields(fields: UserFields): UserChange {
  return {
    ...(fields.name === undefined ? {} : { name: fields.name === null ? null : checkName(fields.name) }),
    ...(fields.disabled === undefined ? {} : { disabled: fields.disabled }),
    ...(fields.addresses === undefined
      ? {}
      : { addresses: list('addresses', fields.addresses ?? [], MAX_FURTHER_ADDRESSES, checkOwnAddress) }),
    ...(fields.quotaBytes === undefined ? {} : { quotaBytes: checkQuota('quotaBytes', fields.quotaBytes) }),
    ...(fields.quotaMessages === undefined ? {} : { quotaMessages: checkQuota('quotaMessages', fields.quotaMessages) }),
    ...(fields.forwarding === undefined ? {} : { forwarding: checkForwarding(fields.forwarding) }),
    ...(fields.localDomainsOnly === undefined ? {} : { localDomainsOnly: fields.localDomainsOnly }),
  }
}

/** Check a new user, all but the password. */
export function checkUser(user: WantedUser): Omit<NewUser, 'credentials'> {
  const change = checkFields(user)
  const address = checkAddress(user.address)
  const addresses = change.addresses ?? []
  if (addresses.includes(address)) throw refuse(`Cannot add ${address}: it is named twice among the user's addresses`)
  return {
    address,
    name: change.name ?? '',
    disabled: change.disabled ?? false,
    addresses,
    localDomainsOnly: change.localDomainsOnly ?? false,
    ...(change.quotaBytes == null ? {} : { quotaBytes: change.quotaBytes }),
    ...(change.quotaMessages == null ? {} : { quotaMessages: change.quotaMessages }),
    ...(change.forwarding == null ? {} : { forwarding: change.forwarding }),
  }
}

/** Check a group. It may be empty: then its address takes no mail. */
export function checkGroup({ address, members }: Omit<GroupRow, 'id'>): Omit<GroupRow, 'id'> {
  const group = { address: checkAddress(address), members: list('members', members, MAX_MEMBERS, checkTarget) }
  checkNotItself(group.address, group.members)
  return group
}

/** Check an alias. */
export function checkAlias({ address, to }: Omit<AliasRow, 'id'>): Omit<AliasRow, 'id'> {
  const alias = { address: checkAliasAddress(address), to: list('to', to, MAX_ALIAS_TARGETS, checkTarget) }
  if (alias.to.length === 0) throw refuse(`Cannot use the alias ${alias.address}: expected an address that it leads to`)
  checkNotItself(alias.address, alias.to)
  return alias
}

type Check = (text: string) => { readonly address: string } | { readonly wrong: string }

function addressOr(text: string, check: Check): string {
  const checked = check(text)
  if ('wrong' in checked) throw refuse(`Cannot use the address ${quote(text)}: ${checked.wrong}`)
  return checked.address
}

function list(what: string, texts: readonly string[], most: number, check: Check): readonly string[] {
  if (texts.length > most) throw refuse(`Cannot use ${texts.length} entries of ${what}: at most ${most}`)
  return [...new Set(texts.map((text) => addressOr(text, check)))]
}

function checkNotItself(address: string, targets: readonly string[]): void {
  if (targets.some((target) => target.toLowerCase() === address)) {
    throw refuse(`Cannot lead ${address} to itself: expected other addresses`)
  }
}

function checkName(name: string): string {
  if (name.length > MAX_NAME || /\p{C}/u.test(name)) {
    throw refuse(`Cannot use the name ${quote(name)}: expected at most ${MAX_NAME} characters, none of control`)
  }
  return name.trim()
}

function checkQuota(what: string, quota: number | null): number | null {
  if (quota === null) return null
  if (!Number.isSafeInteger(quota) || quota < 0) {
    throw refuse(`Cannot use ${quote(quota)} as ${what}: expected a whole number, or nothing for no quota`)
  }
  return quota
}

function checkForwarding(forwarding: Forwarding | null): Forwarding | null {
  if (forwarding === null) return null
  const to = list('forwarding', forwarding.to, MAX_FORWARDS, checkTarget)
  if (to.length === 0) throw refuse('Cannot forward to nobody: expected an address, or no forwarding at all')
  return { to, keepCopy: forwarding.keepCopy }
}

function refuse(message: string): Fault {
  return new Fault(message, { temporary: false })
}
