import type { Node, YAMLMap } from 'yaml'
import { isMap, isSeq } from 'yaml'
import { NAME_ENTRY } from '#settings/entries.ts'
import type { Entry, Parsed } from '#settings/kinds.ts'
import { parseSize } from '#settings/kinds.ts'
import { type Draft, loadChangesAt } from '#settings/load.ts'
import { MOST_PROBLEMS, type Position, type Problem, quote } from '#settings/problem.ts'
import { nearest } from '#settings/suggest.ts'
import { nodeUnder, parseYaml, type YamlSource } from '#settings/yaml-source.ts'
import type { Forwarding } from '#store/contract.ts'

export interface ProvisionDomain {
  readonly name: string
  readonly aliasOf?: string
}

export interface ProvisionUser {
  readonly address: string
  readonly password?: string
  readonly name?: string
  readonly disabled?: boolean
  readonly addresses?: readonly string[]
  readonly quotaBytes?: number | null
  readonly quotaMessages?: number | null
  readonly forwarding?: Forwarding
  readonly localDomainsOnly?: boolean
}

export interface ProvisionGroup {
  readonly address: string
  readonly members: readonly string[]
}

export interface ProvisionAlias {
  readonly address: string
  readonly to: readonly string[]
}

export interface ProvisionCredentials {
  readonly name: string
  readonly user: string
  readonly password: string
}

/** A domain whose mail is signed. */
export interface ProvisionDkim {
  readonly domain: string
}

/** A value and where it stands in the file. */
export interface Placed<T> {
  readonly value: T
  readonly at: Position
}

/** What a provisioning file names. */
export interface ProvisionFile {
  readonly settings: Draft | undefined
  readonly domains: readonly Placed<ProvisionDomain>[]
  readonly users: readonly Placed<ProvisionUser>[]
  readonly groups: readonly Placed<ProvisionGroup>[]
  readonly aliases: readonly Placed<ProvisionAlias>[]
  readonly credentials: readonly Placed<ProvisionCredentials>[]
  readonly dkim: readonly Placed<ProvisionDkim>[]
}

export type ParsedProvision =
  | { readonly ok: true; readonly file: ProvisionFile }
  | { readonly ok: false; readonly problems: readonly Problem[] }

type Reader<T> = Pick<Entry<T>, 'accepts' | 'parse'> & {
  readonly needed?: boolean
  readonly secret?: boolean
  /** The property it becomes, where that has another name. */
  readonly as?: string
}

const ADDRESS: Reader<string> = reader('an address', (value) => isText(value, 512) && value.includes('@'))
const ADDRESSES: Reader<readonly string[]> = reader(
  'a list of addresses',
  (value) => Array.isArray(value) && value.length <= 10_000 && value.every((entry) => isText(entry, 512)),
)
const FLAG: Reader<boolean> = reader('true or false', (value) => typeof value === 'boolean')

const DOMAIN_FIELDS = {
  name: { ...reader<string>('a domain name', (value) => isText(value, 255)), needed: true },
  aliasOf: reader<string>('a domain name', (value) => isText(value, 255)),
} satisfies Record<string, Reader<unknown>>

// The value never gets into a message.
const PASSWORD: Reader<string> = {
  ...reader<string>('a text in quotes', (value) => isText(value, 1024)),
  secret: true,
}

const USER_FIELDS = {
  address: { ...ADDRESS, needed: true },
  password: PASSWORD,
  name: reader<string>('a text', (value) => isText(value, 200)),
  disabled: FLAG,
  addresses: ADDRESSES,
  quotaSize: { ...quota('a size such as 2GB', parseSize), as: 'quotaBytes' },
  quotaMessages: quota('a whole number', (value) => (isCount(value) ? value : undefined)),
  forwarding: { accepts: '{ to: [ADDRESS, …], keepCopy: true or false }', parse: parseForwarding },
  localDomainsOnly: FLAG,
} satisfies Record<string, Reader<unknown>>

const GROUP_FIELDS = {
  address: { ...ADDRESS, needed: true },
  members: { ...ADDRESSES, needed: true },
} satisfies Record<string, Reader<unknown>>

const ALIAS_FIELDS = {
  address: { ...ADDRESS, needed: true },
  to: { ...ADDRESSES, needed: true },
} satisfies Record<string, Reader<unknown>>

const CREDENTIALS_FIELDS = {
  name: { ...NAME_ENTRY, needed: true },
  user: { ...reader<string>('a text', (value) => isText(value, 1024)), needed: true },
  password: { ...PASSWORD, needed: true },
} satisfies Record<string, Reader<unknown>>

const DKIM_FIELDS = {
  domain: { ...reader<string>('a domain name', (value) => isText(value, 255)), needed: true },
} satisfies Record<string, Reader<unknown>>

/** Read a provisioning file; every problem has its line and column. Never throws, whatever the text. */
export function parseProvision(text: string): ParsedProvision {
  const parsed = parseYaml(text)
  if (!parsed.ok) return parsed
  const { source } = parsed
  const problems: Problem[] = []
  const parts = sections(source, problems)

  const settingsNode = parts.get('settings')
  const settings = settingsNode === undefined ? undefined : loadChangesAt(source, settingsNode)
  if (settings?.ok === false) problems.push(...settings.problems)

  const read = <T>(name: string, fields: Readonly<Record<string, Reader<unknown>>>, plainField?: string) =>
    entries(source, name, parts.get(name) ?? null, problems).flatMap(({ path, node }): Placed<T>[] => {
      const value = entry(source, path, node, fields, plainField, problems)
      return value === undefined ? [] : [{ value: value as T, at: source.at(node) }]
    })
  const file: ProvisionFile = {
    settings: settings?.ok === true ? settings : undefined,
    domains: read<ProvisionDomain>('domains', DOMAIN_FIELDS, 'name'),
    users: read<ProvisionUser>('users', USER_FIELDS),
    groups: read<ProvisionGroup>('groups', GROUP_FIELDS),
    aliases: read<ProvisionAlias>('aliases', ALIAS_FIELDS),
    credentials: read<ProvisionCredentials>('credentials', CREDENTIALS_FIELDS),
    dkim: read<ProvisionDkim>('dkim', DKIM_FIELDS, 'domain'),
  }
  return problems.length > 0 ? { ok: false, problems: problems.slice(0, MOST_PROBLEMS) } : { ok: true, file }
}

const SECTIONS = ['settings', 'domains', 'users', 'groups', 'aliases', 'credentials', 'dkim']

function sections(source: YamlSource, problems: Problem[]): ReadonlyMap<string, Node | null> {
  const { root } = source
  if (root === null || source.plainNull(root)) return new Map()
  if (!isMap(root)) {
    problems.push(source.problem('', root, `Cannot take ${source.quote(root)}: wanted ${SECTIONS.join(', ')}.`))
    return new Map()
  }
  return new Map(known(source, root, '', SECTIONS, problems).map(({ key, node }) => [key, node]))
}

/** Give the entries of a map whose keys are known; the others are problems. */
function known(source: YamlSource, map: YAMLMap, path: string, names: readonly string[], problems: Problem[]) {
  return source.pairs(map, path, problems).filter(({ key, keyNode }) => {
    if (names.includes(key)) return true
    const near = nearest(key, names)
    const hint = near === undefined ? `here may stand ${names.join(', ')}.` : `did you mean ${near}?`
    problems.push(source.problem(path, keyNode, `There is no key ${quote(key)}: ${hint}`))
    return false
  })
}

function entries(source: YamlSource, name: string, node: Node | null, problems: Problem[]) {
  if (node === null || source.plainNull(node)) return []
  if (!isSeq<Node | null>(node)) {
    problems.push(source.problem(name, node, `Cannot take this: wanted a list, each entry after "- ".`))
    return []
  }
  return node.items.map((item, index) => ({ path: `${name}[${index}]`, node: item }))
}

/** Read one entry by its fields; `plainField` is the one that a plain text stands for. */
function entry(
  source: YamlSource,
  path: string,
  node: Node | null,
  fields: Readonly<Record<string, Reader<unknown>>>,
  plainField: string | undefined,
  problems: Problem[],
): Record<string, unknown> | undefined {
  const before = problems.length
  const value: Record<string, unknown> = {}
  const take = (name: string, at: Node | null) => {
    const field = fields[name] as Reader<unknown>
    const start = problems.length
    const plain = source.plain(at, path, problems)
    if (problems.length > start) {
      // What is said of an alias or a key quotes it, and it may be the secret itself.
      const says = `Cannot take this: wanted ${field.accepts}.`
      if (field.secret === true) problems.splice(start, Infinity, source.problem(`${path}.${name}`, at, says))
      return
    }
    const parsed = field.parse(plain)
    if (parsed.ok) value[field.as ?? name] = parsed.value
    else {
      const wrong = nodeUnder(at, parsed.path ?? [])
      const shown = field.secret === true ? 'this' : source.quote(wrong)
      problems.push(source.problem(`${path}.${name}`, wrong, `Cannot take ${shown}: wanted ${parsed.wanted}.`))
    }
  }
  if (isMap(node)) {
    for (const { key, node: at } of known(source, node, path, Object.keys(fields), problems)) take(key, at)
    const missing = Object.keys(fields).find((name) => fields[name]?.needed === true && !(name in value))
    if (missing !== undefined && problems.length === before) {
      problems.push(source.problem(path, node, `${missing} is missing here.`))
    }
  } else if (plainField !== undefined) take(plainField, node)
  else problems.push(source.problem(path, node, `Cannot take this: wanted { ${Object.keys(fields).join(', ')} }.`))
  return problems.length > before ? undefined : value
}

// ---- readers --------------------------------------------------------------------------------------------------------

function reader<T>(accepts: string, accept: (value: unknown) => boolean): Reader<T> {
  return {
    accepts,
    parse: (value): Parsed<T> => (accept(value) ? { ok: true, value: value as T } : { ok: false, wanted: accepts }),
  }
}

function quota(accepts: string, read: (value: unknown) => number | undefined): Reader<number | null> {
  const wanted = `${accepts}, or unlimited`
  return {
    accepts: wanted,
    parse(value): Parsed<number | null> {
      if (value === 'unlimited') return { ok: true, value: null }
      const amount = read(value)
      return amount === undefined ? { ok: false, wanted } : { ok: true, value: amount }
    },
  }
}

function parseForwarding(value: unknown): Parsed<Forwarding> {
  const wanted = '{ to: [ADDRESS, …], keepCopy: true or false }'
  if (typeof value !== 'object' || value === null) return { ok: false, wanted }
  const { to, keepCopy = false, ...rest } = value as Record<string, unknown>
  const addresses = ADDRESSES.parse(to)
  if (!addresses.ok || typeof keepCopy !== 'boolean' || Object.keys(rest).length > 0) return { ok: false, wanted }
  return { ok: true, value: { to: addresses.value, keepCopy } }
}

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= most
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
