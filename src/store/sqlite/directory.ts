import type { DatabaseSync } from 'node:sqlite'
import type { AddressOwner, AliasRow, Credentials, DomainRow, GroupRow, Page, UserRow } from '../contract.ts'
import {
  ALIAS,
  type AliasRecord,
  type CredentialsRecord,
  type DomainRecord,
  GROUP,
  type GroupRecord,
  splitAddress,
  toAlias,
  toCredentials,
  toDomain,
  toGroup,
  toUser,
  USER,
  USER_COLUMNS,
  type UserRecord,
} from './directory-rows.ts'

export { DIRECTORY_WRITES, writeDirectory } from './directory-writes.ts'

/** Rows in one page at most, whatever is asked for. */
const MAX_PAGE = 1000
/** Domains whose patterns are kept sorted in memory: whoever guesses addresses asks for them each time. */
const MAX_CACHED = 200
const NONE: readonly AliasRow[] = Object.freeze([])

/** The reading half of DirectoryStore, synchronous. */
export interface DirectoryReads {
  domain(name: string): DomainRow | undefined
  domains(): readonly DomainRow[]
  owner(address: string): AddressOwner | undefined
  wildcardAliases(domain: string): readonly AliasRow[]
  credentials(userId: number): Credentials | undefined
  user(id: number): UserRow | undefined
  firstUser(): UserRow | undefined
  users(page: Page): readonly UserRow[]
  groups(page: Page): readonly GroupRow[]
  aliases(page: Page): readonly AliasRow[]
}

/** Open the directory's reads on a connection. Each is one or two look-ups by index. */
export function readDirectory(db: DatabaseSync): DirectoryReads {
  const domainByName = db.prepare('SELECT id, name, alias_of FROM domain WHERE name = ?')
  const allDomains = db.prepare('SELECT id, name, alias_of FROM domain ORDER BY id')
  // The user comes along in one statement: it is what nearly every recipient asks for.
  const ownerOf = db.prepare(
    `SELECT a.kind, a.owner, ${USER_COLUMNS.replaceAll(/\w+/g, 'u.$&')}
     FROM address a LEFT JOIN user u ON a.kind = ${USER} AND u.id = a.owner WHERE a.domain = ? AND a.local = ?`,
  )
  const userById = db.prepare(`SELECT ${USER_COLUMNS} FROM user WHERE id = ?`)
  const firstEnabled = db.prepare(`SELECT ${USER_COLUMNS} FROM user WHERE disabled = 0 ORDER BY id LIMIT 1`)
  const groupById = db.prepare('SELECT id, address, members FROM user_group WHERE id = ?')
  const aliasById = db.prepare('SELECT id, address, recipients FROM alias WHERE id = ?')
  const patterns = db.prepare('SELECT id, address, recipients FROM alias WHERE pattern_domain = ?')
  const patternState = db.prepare('SELECT id, pattern_changes FROM domain WHERE name = ?')
  const patternsOf = new Map<number, { readonly changes: number; readonly aliases: readonly AliasRow[] }>()
  const credentialsOf = db.prepare(
    'SELECT argon2id, scram_salt, scram_iterations, scram_stored_key, scram_server_key FROM credentials WHERE user_id = ?',
  )
  const userPage = db.prepare(`SELECT ${USER_COLUMNS} FROM user ${PAGE}`)
  const groupPage = db.prepare(`SELECT id, address, members FROM user_group ${PAGE}`)
  const aliasPage = db.prepare(`SELECT id, address, recipients FROM alias ${PAGE}`)
  for (const statement of [ownerOf, patternState, userById, firstEnabled, userPage]) statement.setReturnArrays(true)

  function user(id: number): UserRow | undefined {
    const row = userById.get(id) as unknown as UserRecord | undefined
    return row && toUser(row)
  }

  return {
    user,

    domain(name) {
      const row = domainByName.get(name) as unknown as DomainRecord | undefined
      return row && toDomain(row)
    },

    domains() {
      return (allDomains.all() as unknown as DomainRecord[]).map(toDomain)
    },

    owner(address) {
      const { local, domain } = splitAddress(address)
      const row = ownerOf.get(domain, local) as unknown as [kind: number, owner: number, ...UserRecord] | undefined
      if (row === undefined) return undefined
      const [kind, id, ...columns] = row
      if (kind === USER) return { is: 'user', user: toUser(columns) }
      if (kind === GROUP) return { is: 'group', group: toGroup(groupById.get(id) as unknown as GroupRecord) }
      if (kind === ALIAS) return { is: 'alias', alias: toAlias(aliasById.get(id) as unknown as AliasRecord) }
      return undefined
    },

    wildcardAliases(domain) {
      const state = patternState.get(domain) as unknown as [id: number, changes: number] | undefined
      // Most domains have never had one.
      if (state === undefined || state[1] === 0) return NONE
      const [id, changes] = state
      const kept = patternsOf.get(id)
      if (kept?.changes === changes) return kept.aliases
      const aliases = (patterns.all(domain) as unknown as AliasRecord[]).map(toAlias).sort(bySpecificity)
      if (patternsOf.size >= MAX_CACHED) patternsOf.clear()
      patternsOf.set(id, { changes, aliases })
      return aliases
    },

    credentials(userId) {
      const row = credentialsOf.get(userId) as unknown as CredentialsRecord | undefined
      return row && toCredentials(row)
    },

    firstUser() {
      const row = firstEnabled.get() as unknown as UserRecord | undefined
      return row && toUser(row)
    },

    users: (page) => (userPage.all(...pageArguments(page)) as unknown as UserRecord[]).map(toUser),
    groups: (page) => (groupPage.all(...pageArguments(page)) as unknown as GroupRecord[]).map(toGroup),
    aliases: (page) => (aliasPage.all(...pageArguments(page)) as unknown as AliasRecord[]).map(toAlias),
  }
}

const PAGE = 'WHERE address > ? AND address GLOB ? ORDER BY address LIMIT ?'

function pageArguments({ after, limit, match }: Page): [string, string, number] {
  // In GLOB only `[` means more than our patterns do.
  const glob = match === undefined || match === '' ? '*' : match.toLowerCase().slice(0, 400).replaceAll('[', '[[]')
  return [after ?? '', glob, Math.min(Math.max(Math.trunc(limit) || 0, 0), MAX_PAGE)]
}

/** Order patterns: more literal characters first, then more `?`, then fewer `*`, then by name; so `*` alone comes last. */
function bySpecificity(a: AliasRow, b: AliasRow): number {
  return (
    countOf(b, /[^*?]/g) - countOf(a, /[^*?]/g) ||
    countOf(b, /\?/g) - countOf(a, /\?/g) ||
    countOf(a, /\*/g) - countOf(b, /\*/g) ||
    (a.address < b.address ? -1 : 1)
  )
}

function countOf({ address }: AliasRow, characters: RegExp): number {
  return splitAddress(address).local.match(characters)?.length ?? 0
}
