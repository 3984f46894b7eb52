import { Fault } from '#base/fault.ts'
import type {
  AliasRow,
  Credentials,
  DirectoryStore,
  DomainRow,
  GroupRow,
  NewUser,
  UserChange,
  UserRow,
} from '#store/contract.ts'
import { loginAddress } from './directory.ts'
import { parseUsers, summary } from './import-users.ts'
import { settle } from './settle.ts'
import {
  checkAddress,
  checkAlias,
  checkAliasAddress,
  checkDomain,
  checkDomainName,
  checkFields,
  checkGroup,
  checkUser,
  type UserFields,
  type WantedUser,
} from './wanted.ts'

/** How passwords are kept: `#auth/credentials.ts`. */
export interface Passwords {
  makeCredentials(password: string): Promise<Credentials>
  matchesCredentials(password: string, credentials: Credentials): Promise<boolean>
}

/** What a step of provisioning did. */
export type Ensured = 'added' | 'changed' | 'same'

/** Changes to the directory. Each rejects with a Fault that says what is wrong, and then has changed nothing. */
export interface DirectoryChanges {
  addDomain(domain: Omit<DomainRow, 'id'>): Promise<void>
  setDomain(name: string, change: { readonly aliasOf: string | null }): Promise<void>
  removeDomain(name: string): Promise<void>

  addUser(user: WantedUser): Promise<void>
  /** The address may be any of the user's. */
  setUser(address: string, fields: UserFields): Promise<void>
  /** Set the password; null takes it away, and nobody can log in. */
  setPassword(address: string, password: string | null): Promise<void>
  /** Rejects for a user whose sending is frozen: nobody could release what is held of it any more. */
  removeUser(address: string): Promise<void>
  /** Add the users of a CSV text (see parseUsers). Checked as a whole first; should a batch still fail, earlier ones stay. */
  importUsers(csv: string): Promise<{ readonly added: number }>

  putGroup(group: Omit<GroupRow, 'id'>): Promise<void>
  removeGroup(address: string): Promise<void>
  putAlias(alias: Omit<AliasRow, 'id'>): Promise<void>
  removeAlias(address: string): Promise<void>

  /** Make it so that these stand in the directory, for provisioning: what is so already costs no write. */
  ensureDomain(domain: Omit<DomainRow, 'id'>): Promise<Ensured>
  /** Fields that are not named stay as they are; a password that is right already is not hashed anew. */
  ensureUsers(users: readonly WantedUser[]): Promise<readonly Ensured[]>
  ensureGroup(group: Omit<GroupRow, 'id'>): Promise<Ensured>
  ensureAlias(alias: Omit<AliasRow, 'id'>): Promise<Ensured>
}

/** Users that are written in one transaction, and passwords that are hashed at once. */
const BATCH = 500
const HASHING = 2

/** Create the directory's changes over a store. */
export function createDirectoryChanges(parts: {
  readonly store: DirectoryStore
  readonly passwords: Passwords
}): DirectoryChanges {
  const { store, passwords } = parts

  async function userAt(text: string): Promise<UserRow> {
    const address = (await settle(loginAddress(store, text))) ?? text
    const owner = await store.owner(address)
    if (owner?.is === 'user') return owner.user
    const what =
      owner === undefined ? 'there is none' : `this is the address of ${owner.is === 'group' ? 'a group' : 'an alias'}`
    throw refuse(`Cannot find the user ${address}: ${what}`)
  }

  async function credentialsOf(address: string, password: string): Promise<Credentials> {
    try {
      return await passwords.makeCredentials(password)
    } catch (cause) {
      if (!(cause instanceof Fault)) throw cause
      throw new Fault(`Cannot set the password of ${address}: ${cause.message}`, { temporary: cause.temporary, cause })
    }
  }

  async function newUser(user: WantedUser): Promise<NewUser> {
    const row = checkUser(user)
    return user.password === undefined ? row : { ...row, credentials: await credentialsOf(row.address, user.password) }
  }

  async function addAll(users: readonly WantedUser[]): Promise<void> {
    for (let at = 0; at < users.length; at += BATCH) {
      await store.addUsers(await inTurns(users.slice(at, at + BATCH), newUser))
    }
  }

  /** Name the lines whose addresses are taken or in no domain of ours, before any password is hashed. */
  async function checkImport(rows: ReturnType<typeof parseUsers>): Promise<void> {
    const errors: string[] = []
    for (const { line, user } of rows) {
      const { address, addresses } = checkUser(user)
      for (const owned of [address, ...addresses]) {
        const domain = owned.slice(owned.lastIndexOf('@') + 1)
        const row = await store.domain(domain)
        if (row === undefined) errors.push(`line ${line}: there is no domain ${domain}; add it first`)
        else if (row.aliasOf !== undefined) errors.push(`line ${line}: ${domain} is an alias of ${row.aliasOf}`)
        else if ((await store.owner(owned)) !== undefined) errors.push(`line ${line}: ${owned} exists already`)
      }
    }
    if (errors.length > 0) throw refuse(`Cannot import users: ${summary(errors)}`)
  }

  /** Give what must change of a user for it to be as wanted. */
  async function missing(row: UserRow, wanted: WantedUser): Promise<UserChange> {
    const { password } = wanted
    const named = Object.entries(checkFields(wanted)).filter(
      ([field, value]) => !same(row[field as keyof UserRow], value),
    )
    const change: UserChange = Object.fromEntries(named)
    if (password === undefined) return change
    const credentials = await store.credentials(row.id)
    const right = credentials !== undefined && (await passwords.matchesCredentials(password, credentials))
    return right ? change : { ...change, credentials: await credentialsOf(row.address, password) }
  }

  async function ensureOldUser(row: UserRow, wanted: WantedUser): Promise<Ensured> {
    const change = await missing(row, wanted)
    if (Object.keys(change).length === 0) return 'same'
    await store.setUser(row.address, change)
    return 'changed'
  }

  return {
    addDomain: async (domain) => store.addDomain(checkDomain(domain)),
    async setDomain(name, { aliasOf }) {
      await store.setDomain(checkDomainName(name), { aliasOf: aliasOf === null ? null : checkDomainName(aliasOf) })
    },
    removeDomain: async (name) => store.removeDomain(checkDomainName(name)),

    addUser: (user) => addAll([user]),
    async setUser(address, fields) {
      await store.setUser((await userAt(address)).address, checkFields(fields))
    },
    async setPassword(address, password) {
      const user = await userAt(address)
      await store.setUser(user.address, {
        credentials: password === null ? null : await credentialsOf(user.address, password),
      })
    },
    // Only by the primary address: removing a further address is not to remove the user.
    async removeUser(address) {
      const checked = checkAddress(address)
      const owner = await store.owner(checked)
      if (owner?.is === 'user' && owner.user.frozen !== undefined) {
        throw new Fault(
          `Cannot remove ${checked}: its sending is stopped, and what waits of it is held. Release it first: postern user release ${checked} --delete-queued`,
          { temporary: false },
        )
      }
      await store.removeUser(checked)
    },

    async importUsers(csv) {
      const rows = parseOrRefuse(csv)
      await checkImport(rows)
      await addAll(rows.map(({ user }) => user))
      return { added: rows.length }
    },

    putGroup: async (group) => store.putGroup(checkGroup(group)),
    removeGroup: async (address) => store.removeGroup(checkAddress(address)),
    putAlias: async (alias) => store.putAlias(checkAlias(alias)),
    removeAlias: async (address) => store.removeAlias(checkAliasAddress(address)),

    async ensureDomain(domain) {
      const wanted = checkDomain(domain)
      const row = await store.domain(wanted.name)
      if (row === undefined) {
        await store.addDomain(wanted)
        return 'added'
      }
      if (row.aliasOf === wanted.aliasOf) return 'same'
      await store.setDomain(wanted.name, { aliasOf: wanted.aliasOf ?? null })
      return 'changed'
    },

    async ensureUsers(users) {
      const owners = await Promise.all(users.map(async ({ address }) => store.owner(checkAddress(address))))
      // An address that somebody else has is refused by the store, with the owner's name.
      const old = owners.map((owner, index) => {
        const address = checkAddress(users[index]?.address ?? '')
        return owner?.is === 'user' && owner.user.address === address ? owner.user : undefined
      })
      await addAll(users.filter((_, index) => old[index] === undefined))
      return inTurns(users, async (user, index) => {
        const row = old[index]
        return row === undefined ? 'added' : ensureOldUser(row, user)
      })
    },

    async ensureGroup(group) {
      const wanted = checkGroup(group)
      const owner = await store.owner(wanted.address)
      if (owner?.is === 'group' && same(owner.group.members, wanted.members)) return 'same'
      await store.putGroup(wanted)
      return owner === undefined ? 'added' : 'changed'
    },

    async ensureAlias(alias) {
      const wanted = checkAlias(alias)
      const domain = wanted.address.slice(wanted.address.lastIndexOf('@') + 1)
      const owner = await store.owner(wanted.address)
      const row =
        owner?.is === 'alias'
          ? owner.alias
          : (await store.wildcardAliases(domain)).find(({ address }) => address === wanted.address)
      if (row !== undefined && same(row.to, wanted.to)) return 'same'
      await store.putAlias(wanted)
      return row === undefined ? 'added' : 'changed'
    },
  }
}

function parseOrRefuse(csv: string): ReturnType<typeof parseUsers> {
  try {
    return parseUsers(csv)
  } catch (error) {
    if (error instanceof Fault)
      throw new Fault(`Cannot import users: ${error.message}`, { temporary: false, cause: error })
    throw error
  }
}

/** Absent and null are the same, and so are lists of the same in the same order. */
function same(is: unknown, wanted: unknown): boolean {
  return JSON.stringify(is ?? null) === JSON.stringify(wanted ?? null)
}

/** Do a piece of work for each item, a few at once; the results in order. */
async function inTurns<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<readonly R[]> {
  const results = new Array<R>(items.length)
  let next = 0
  async function takeTurns(): Promise<void> {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index] as T, index)
    }
  }
  await Promise.all(Array.from({ length: HASHING }, takeTurns))
  return results
}

function refuse(message: string): Fault {
  return new Fault(message, { temporary: false })
}
