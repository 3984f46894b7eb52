import { Fault, messageOf } from '#base/fault.ts'
import { parseSize } from '#settings/kinds.ts'
import { quote } from '#settings/problem.ts'
import { parseCsv } from './csv.ts'
import { checkUser, type WantedUser } from './wanted.ts'

/** A user of the file, with its line. */
export interface ImportedUser {
  readonly line: number
  readonly user: WantedUser
}

const MAX_USERS = 100_000
const MAX_ERRORS = 20

/** Each column by the name in the header row. Lists are separated by blanks or semicolons. */
const COLUMNS: Readonly<Record<string, (value: string) => Partial<WantedUser>>> = {
  address: (value) => ({ address: value.trim() }),
  password: (value) => ({ password: value }),
  name: (value) => ({ name: value }),
  addresses: (value) => ({ addresses: words(value) }),
  disabled: (value) => ({ disabled: flag(value) }),
  quota: (value) => ({ quotaBytes: bytes(value) }),
  quotaMessages: (value) => ({ quotaMessages: count(value) }),
  forward: (value) => ({ forwarding: { to: words(value), keepCopy: false } }),
  keepCopy: () => ({}),
  localDomainsOnly: (value) => ({ localDomainsOnly: flag(value) }),
}
const BY_HEADER = new Map(Object.entries(COLUMNS).map(([name, read]) => [name.toLowerCase(), { name, read }]))

/**
 * Read users from CSV whose first row names the columns: `address`, and any of `password`, `name`, `addresses`, `disabled`,
 * `quota` (as 500MB), `quotaMessages`, `forward`, `keepCopy`, `localDomainsOnly`. An empty field is as none. Everything is
 * checked before anything is given: one Fault names the first lines that are wrong.
 */
export function parseUsers(csv: string): readonly ImportedUser[] {
  const records = parseCsv(csv)
  if (typeof records === 'string') throw refuse(records)
  const [header, ...rows] = records
  if (header === undefined) throw refuse('line 1: expected a row that names the columns, such as address,password,name')
  if (rows.length > MAX_USERS) throw refuse(`it holds ${rows.length} users: at most ${MAX_USERS} at once, split it`)
  const columns = header.fields.map((field) => {
    const column = BY_HEADER.get(field.trim().toLowerCase())
    if (column !== undefined) return column
    throw refuse(
      `line ${header.line}: there is no column ${quote(field)}; there are ${Object.keys(COLUMNS).join(', ')}`,
    )
  })
  if (!columns.some(({ name }) => name === 'address')) throw refuse(`line ${header.line}: expected a column address`)
  const twice = columns.find(({ name }, index) => columns.findIndex((other) => other.name === name) !== index)
  if (twice !== undefined) throw refuse(`line ${header.line}: the column ${twice.name} stands twice`)

  const errors: string[] = []
  const lineOf = new Map<string, number>()
  const users: ImportedUser[] = []
  for (const { line, fields } of rows) {
    try {
      if (fields.length > columns.length)
        throw refuse(`${fields.length} fields, but the header names ${columns.length}`)
      const user = userOf(columns, fields)
      const { address, addresses } = checkUser(user)
      for (const owned of [address, ...addresses]) {
        const earlier = lineOf.get(owned)
        if (earlier !== undefined) throw refuse(`${owned} stands on line ${earlier} already`)
        lineOf.set(owned, line)
      }
      users.push({ line, user })
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      errors.push(`line ${line}: ${messageOf(error)}`)
    }
  }
  if (errors.length > 0) throw refuse(summary(errors))
  return users
}

/** Put the errors of a file in one text, the first ones named. */
export function summary(errors: readonly string[]): string {
  const more = errors.length - MAX_ERRORS
  return [...errors.slice(0, MAX_ERRORS), ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

function userOf(
  columns: readonly { name: string; read: (value: string) => object }[],
  fields: readonly string[],
): WantedUser {
  let user: WantedUser = { address: '' }
  let keepCopy = false
  for (const [index, { name, read }] of columns.entries()) {
    const value = fields[index] ?? ''
    if (value === '') continue
    if (name === 'keepCopy') keepCopy = flag(value)
    user = { ...user, ...read(value) }
  }
  return user.forwarding ? { ...user, forwarding: { ...user.forwarding, keepCopy } } : user
}

function words(value: string): readonly string[] {
  return value.split(/[\s;]+/).filter((word) => word !== '')
}

function flag(value: string): boolean {
  const word = value.trim().toLowerCase()
  if (['yes', 'true', '1'].includes(word)) return true
  if (['no', 'false', '0'].includes(word)) return false
  throw refuse(`cannot read ${quote(value)}: expected yes or no`)
}

function bytes(value: string): number {
  const size = parseSize(value.trim()) ?? count(value)
  return size
}

function count(value: string): number {
  if (/^\d{1,15}$/.test(value.trim())) return Number(value)
  throw refuse(`cannot read ${quote(value)}: expected a whole number, or for quota a size such as 500MB`)
}

function refuse(what: string): Fault {
  return new Fault(what, { temporary: false })
}
