import type { DatabaseSync } from 'node:sqlite'
import { Fault } from '#base/fault.ts'
import type { AliasRow, Credentials, DomainRow, GroupRow, NewUser, UserChange } from '../contract.ts'
import type { ContactKeeper } from './contacts.ts'
import { ALIAS, GROUP, isPattern, PATTERN, splitAddress, USER } from './directory-rows.ts'

/** What the directory asks of the mailboxes, in the same transaction. */
export interface MailboxWrites {
  create(): number
  remove(id: number): void
}

/** The directory's writes by name. */
export const DIRECTORY_WRITES = [
  'addDomain',
  'setDomain',
  'removeDomain',
  'addUsers',
  'setUser',
  'removeUser',
  'putGroup',
  'removeGroup',
  'putAlias',
  'removeAlias',
] as const

export type DirectoryWrites = ReturnType<typeof writeDirectory>

/** Users in one call of addUsers: a longer one would hold up the mail that waits for the same transaction. */
const MAX_USERS = 1000
/** Patterns in one domain: each unknown recipient is held against all of them. */
const MAX_PATTERNS = 1000

interface Owned {
  readonly kind: number
  readonly owner: number
}

/** Open the directory's writes on the writer's connection. */
export function writeDirectory(db: DatabaseSync, mailboxes: MailboxWrites, contacts: Pick<ContactKeeper, 'forget'>) {
  const domainByName = db.prepare('SELECT alias_of FROM domain WHERE name = ?')
  const insertDomain = db.prepare('INSERT INTO domain (name, alias_of) VALUES (?, ?)')
  const updateDomain = db.prepare('UPDATE domain SET alias_of = ? WHERE name = ?')
  const deleteDomain = db.prepare('DELETE FROM domain WHERE name = ?')
  const anyAliasOf = db.prepare('SELECT name FROM domain WHERE alias_of = ? LIMIT 1')
  const anyAddressIn = db.prepare('SELECT local FROM address WHERE domain = ? LIMIT 1')

  const ownerOf = db.prepare('SELECT kind, owner FROM address WHERE domain = ? AND local = ?')
  const insertAddress = db.prepare('INSERT INTO address (domain, local, kind, owner) VALUES (?, ?, ?, ?)')
  const deleteAddress = db.prepare('DELETE FROM address WHERE domain = ? AND local = ?')
  const nameOfOwner = db.prepare(
    `SELECT CASE ?1
       WHEN ${USER} THEN (SELECT 'the user ' || address FROM user WHERE id = ?2)
       WHEN ${GROUP} THEN (SELECT 'the group ' || address FROM user_group WHERE id = ?2)
       ELSE (SELECT 'the alias ' || address FROM alias WHERE id = ?2) END AS name`,
  )

  const userByAddress = db.prepare('SELECT id, mailbox_id, further FROM user WHERE address = ?')
  const insertUser = db.prepare(
    `INSERT INTO user (address, name, disabled, mailbox_id, quota_bytes, quota_messages, forward_to, forward_keeps_copy,
       local_domains_only, further, frozen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const deleteUser = db.prepare('DELETE FROM user WHERE id = ?')
  const setName = db.prepare('UPDATE user SET name = ? WHERE id = ?')
  const setDisabled = db.prepare('UPDATE user SET disabled = ? WHERE id = ?')
  const setQuotaBytes = db.prepare('UPDATE user SET quota_bytes = ? WHERE id = ?')
  const setQuotaMessages = db.prepare('UPDATE user SET quota_messages = ? WHERE id = ?')
  const setForwarding = db.prepare('UPDATE user SET forward_to = ?, forward_keeps_copy = ? WHERE id = ?')
  const setLocalOnly = db.prepare('UPDATE user SET local_domains_only = ? WHERE id = ?')
  const setFrozen = db.prepare('UPDATE user SET frozen = ? WHERE id = ?')
  const setFurther = db.prepare('UPDATE user SET further = ? WHERE id = ?')
  const putCredentials = db.prepare(
    `INSERT OR REPLACE INTO credentials (user_id, argon2id, scram_salt, scram_iterations, scram_stored_key, scram_server_key)
       VALUES (?, ?, ?, ?, ?, ?)`,
  )
  const deleteCredentials = db.prepare('DELETE FROM credentials WHERE user_id = ?')

  const groupByAddress = db.prepare('SELECT id FROM user_group WHERE address = ?')
  const insertGroup = db.prepare('INSERT INTO user_group (address, members) VALUES (?, ?)')
  const updateGroup = db.prepare('UPDATE user_group SET members = ? WHERE id = ?')
  const deleteGroup = db.prepare('DELETE FROM user_group WHERE id = ?')

  const aliasByAddress = db.prepare('SELECT id FROM alias WHERE address = ?')
  const insertAlias = db.prepare('INSERT INTO alias (address, recipients, pattern_domain) VALUES (?, ?, ?)')
  const updateAlias = db.prepare('UPDATE alias SET recipients = ? WHERE id = ?')
  const deleteAlias = db.prepare('DELETE FROM alias WHERE id = ?')
  const countPatterns = db.prepare('SELECT count(*) AS patterns FROM alias WHERE pattern_domain = ?')

  const patternsChanged = db.prepare('UPDATE domain SET pattern_changes = pattern_changes + 1 WHERE name = ?')

  function domainNamed(name: string): { alias_of: string | null } | undefined {
    return domainByName.get(name) as { alias_of: string | null } | undefined
  }

  /** Check what makes a domain an alias: it names a real domain, and holds nothing of its own. */
  function checkAliasOf(name: string, aliasOf: string): void {
    const cannot = `Cannot make ${name} an alias of ${aliasOf}`
    const target = domainNamed(aliasOf)
    if (aliasOf === name) throw refuse(`${cannot}: a domain is no alias of itself`)
    if (target === undefined) throw refuse(`${cannot}: there is no domain ${aliasOf}; add it first`)
    if (target.alias_of !== null)
      throw refuse(`${cannot}: ${aliasOf} is an alias itself, name ${target.alias_of} instead`)
    checkEmpty(name, cannot)
  }

  function checkEmpty(name: string, cannot: string): void {
    const address = anyAddressIn.get(name) as { local: string } | undefined
    if (address)
      throw refuse(`${cannot}: it still holds addresses, among them ${address.local}@${name}; remove them first`)
    const alias = anyAliasOf.get(name) as { name: string } | undefined
    if (alias) throw refuse(`${cannot}: ${alias.name} is an alias of it; remove that first`)
  }

  /** Check that an address can be given to somebody: its domain is a real one of ours, and nobody has it. */
  function checkFree(address: string): void {
    const { local, domain } = splitAddress(address)
    const row = domainNamed(domain)
    if (row === undefined) throw refuse(`Cannot add ${address}: there is no domain ${domain}; add it first`)
    if (row.alias_of !== null) {
      throw refuse(
        `Cannot add ${address}: ${domain} is an alias of ${row.alias_of}; add ${local}@${row.alias_of} instead`,
      )
    }
    const owned = ownerOf.get(domain, local) as Owned | undefined
    if (owned !== undefined) {
      const { name } = nameOfOwner.get(owned.kind, owned.owner) as { name: string }
      throw refuse(`Cannot add ${address}: it belongs to ${name} already`)
    }
  }

  /** Give an address to its owner. */
  function claim(address: string, kind: number, owner: number): void {
    checkFree(address)
    const { local, domain } = splitAddress(address)
    insertAddress.run(domain, local, kind, owner)
  }

  function free(address: string): void {
    const { local, domain } = splitAddress(address)
    deleteAddress.run(domain, local)
  }

  function keepCredentials(userId: number, { argon2id, scram }: Credentials): void {
    putCredentials.run(userId, argon2id, scram.salt, scram.iterations, scram.storedKey, scram.serverKey)
  }

  function addUser(user: NewUser): void {
    checkFree(user.address)
    const mailboxId = mailboxes.create()
    const inserted = insertUser.run(
      user.address,
      user.name,
      user.disabled ? 1 : 0,
      mailboxId,
      user.quotaBytes ?? null,
      user.quotaMessages ?? null,
      user.forwarding ? JSON.stringify(user.forwarding.to) : null,
      user.forwarding?.keepCopy ? 1 : 0,
      user.localDomainsOnly ? 1 : 0,
      listOrNull(user.addresses),
      user.frozen ? JSON.stringify(user.frozen) : null,
    )
    const id = Number(inserted.lastInsertRowid)
    claim(user.address, USER, id)
    for (const address of user.addresses) claim(address, USER, id)
    if (user.credentials) keepCredentials(id, user.credentials)
  }

  return {
    addDomain({ name, aliasOf }: Omit<DomainRow, 'id'>): void {
      if (domainNamed(name) !== undefined) throw refuse(`Cannot add the domain ${name}: it exists already`)
      if (aliasOf !== undefined) checkAliasOf(name, aliasOf)
      insertDomain.run(name, aliasOf ?? null)
    },

    setDomain(name: string, { aliasOf }: { readonly aliasOf: string | null }): void {
      if (domainNamed(name) === undefined) throw refuse(`Cannot change the domain ${name}: there is none`)
      if (aliasOf !== null) checkAliasOf(name, aliasOf)
      updateDomain.run(aliasOf, name)
    },

    removeDomain(name: string): void {
      const cannot = `Cannot remove the domain ${name}`
      if (domainNamed(name) === undefined) throw refuse(`${cannot}: there is none`)
      checkEmpty(name, cannot)
      deleteDomain.run(name)
    },

    addUsers(users: readonly NewUser[]): void {
      if (users.length > MAX_USERS) throw refuse(`Cannot add ${users.length} users at once: at most ${MAX_USERS}`)
      for (const user of users) addUser(user)
    },

    setUser(address: string, change: UserChange): void {
      const row = userByAddress.get(address) as { id: number; further: string | null } | undefined
      if (row === undefined) throw refuse(`Cannot change the user ${address}: there is none`)
      const { id } = row
      if (change.name !== undefined) setName.run(change.name ?? '', id)
      if (change.disabled !== undefined) setDisabled.run(change.disabled ? 1 : 0, id)
      if (change.quotaBytes !== undefined) setQuotaBytes.run(change.quotaBytes, id)
      if (change.quotaMessages !== undefined) setQuotaMessages.run(change.quotaMessages, id)
      if (change.localDomainsOnly !== undefined) setLocalOnly.run(change.localDomainsOnly ? 1 : 0, id)
      if (change.frozen !== undefined) setFrozen.run(change.frozen ? JSON.stringify(change.frozen) : null, id)
      if (change.forwarding !== undefined) {
        const to = change.forwarding ? JSON.stringify(change.forwarding.to) : null
        setForwarding.run(to, change.forwarding?.keepCopy ? 1 : 0, id)
      }
      if (change.addresses !== undefined) {
        for (const old of listOf(row.further)) free(old)
        for (const added of change.addresses ?? []) claim(added, USER, id)
        setFurther.run(listOrNull(change.addresses ?? []), id)
      }
      if (change.credentials === null) deleteCredentials.run(id)
      else if (change.credentials !== undefined) keepCredentials(id, change.credentials)
    },

    removeUser(address: string): void {
      const row = userByAddress.get(address) as { id: number; mailbox_id: number; further: string | null } | undefined
      if (row === undefined) throw refuse(`Cannot remove the user ${address}: there is none`)
      for (const owned of [address, ...listOf(row.further)]) free(owned)
      deleteCredentials.run(row.id)
      deleteUser.run(row.id)
      mailboxes.remove(row.mailbox_id)
      contacts.forget(row.id)
    },

    putGroup({ address, members }: Omit<GroupRow, 'id'>): void {
      const row = groupByAddress.get(address) as { id: number } | undefined
      if (row !== undefined) {
        updateGroup.run(JSON.stringify(members), row.id)
        return
      }
      claim(address, GROUP, Number(insertGroup.run(address, JSON.stringify(members)).lastInsertRowid))
    },

    removeGroup(address: string): void {
      const row = groupByAddress.get(address) as { id: number } | undefined
      if (row === undefined) throw refuse(`Cannot remove the group ${address}: there is none`)
      free(address)
      deleteGroup.run(row.id)
    },

    putAlias({ address, to }: Omit<AliasRow, 'id'>): void {
      const row = aliasByAddress.get(address) as { id: number } | undefined
      const { local, domain } = splitAddress(address)
      const pattern = isPattern(local)
      if (pattern) patternsChanged.run(domain)
      if (row !== undefined) {
        updateAlias.run(JSON.stringify(to), row.id)
        return
      }
      if (pattern && (countPatterns.get(domain) as { patterns: number }).patterns >= MAX_PATTERNS) {
        throw refuse(
          `Cannot add ${address}: ${domain} has ${MAX_PATTERNS} aliases with * or ? already, which is the most`,
        )
      }
      const inserted = insertAlias.run(address, JSON.stringify(to), pattern ? domain : null)
      claim(address, pattern ? PATTERN : ALIAS, Number(inserted.lastInsertRowid))
    },

    removeAlias(address: string): void {
      const row = aliasByAddress.get(address) as { id: number } | undefined
      if (row === undefined) throw refuse(`Cannot remove the alias ${address}: there is none`)
      free(address)
      deleteAlias.run(row.id)
      const { local, domain } = splitAddress(address)
      if (isPattern(local)) patternsChanged.run(domain)
    },
  }
}

function refuse(message: string): Fault {
  return new Fault(message, { temporary: false })
}

function listOf(json: string | null): readonly string[] {
  return json === null ? [] : (JSON.parse(json) as string[])
}

function listOrNull(list: readonly string[]): string | null {
  return list.length === 0 ? null : JSON.stringify(list)
}
