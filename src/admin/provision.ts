import { readFile } from 'node:fs/promises'
import { Fault, messageOf } from '#base/fault.ts'
import type { DirectoryChanges, Ensured } from '#directory/change.ts'
import type { SettingsKeeper } from '#settings/keeper.ts'
import { formatProblem, type Problem } from '#settings/problem.ts'
import { type Placed, type ProvisionFile, parseProvision } from './provision-file.ts'
import type { CredentialsDesk, DkimDesk } from './secrets-desk.ts'

export interface ProvisionParts {
  readonly settings: SettingsKeeper
  readonly changes: DirectoryChanges
  readonly credentials: Pick<CredentialsDesk, 'put'>
  readonly dkim: Pick<DkimDesk, 'ensure'>
}

/** What a provisioning file has changed; all 0 when everything was so already. */
export interface Provisioned {
  readonly settings: number
  readonly domains: number
  readonly users: number
  readonly groups: number
  readonly aliases: number
  readonly credentials: number
  readonly dkim: number
}

/** Users are made ready a batch at a time. */
const BATCH = 500

/**
 * Make the server as a provisioning file says: what it names is set, the rest stays, and a second time changes nothing. Throws
 * a Fault that names line and column; before the file as a whole has been checked nothing is changed.
 */
export async function provision(file: string, parts: ProvisionParts): Promise<Provisioned> {
  const { settings, changes, credentials, dkim } = parts
  const parsed = parseProvision(await read(file))
  if (!parsed.ok) throw refuse(file, parsed.problems)
  const wanted = parsed.file
  const settingsChanged = await applySettings(file, wanted, settings)

  const domains = inOrder(wanted.domains)
  return {
    settings: settingsChanged,
    domains: await each(file, domains, (domain) => changes.ensureDomain(domain)),
    users: await eachUser(file, wanted, changes),
    groups: await each(file, wanted.groups, (group) => changes.ensureGroup(group)),
    aliases: await each(file, wanted.aliases, (alias) => changes.ensureAlias(alias)),
    credentials: await each(file, wanted.credentials, ({ name, ...login }) => credentials.put(name, login)),
    dkim: await each(file, wanted.dkim, ({ domain }) => dkim.ensure(domain)),
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new Fault(`Cannot read the provisioning file ${file}: ${messageOf(cause)}`, { temporary: false, cause })
  }
}

async function applySettings(
  file: string,
  { settings: named }: ProvisionFile,
  keeper: SettingsKeeper,
): Promise<number> {
  if (named === undefined) return 0
  const applied = await keeper.apply(named, { author: 'provisioning', comment: `provisioned from ${file}` })
  if (!applied.ok) throw refuse(file, applied.problems)
  return applied.differences.length
}

/** Domains before those that are aliases of them. */
function inOrder(domains: ProvisionFile['domains']): ProvisionFile['domains'] {
  const [own, aliases] = [
    domains.filter(({ value }) => value.aliasOf === undefined),
    domains.filter(({ value }) => value.aliasOf !== undefined),
  ]
  return [...own, ...aliases]
}

async function each<T>(
  file: string,
  wanted: readonly Placed<T>[],
  ensure: (value: T) => Promise<Ensured>,
): Promise<number> {
  let changed = 0
  for (const { value, at } of wanted) {
    try {
      if ((await ensure(value)) !== 'same') changed += 1
    } catch (error) {
      throw placed(file, error, at)
    }
  }
  return changed
}

/** Users come in numbers: a batch is one write, and only one that fails is gone through to find out which entry it was. */
async function eachUser(file: string, { users }: ProvisionFile, changes: DirectoryChanges): Promise<number> {
  let changed = 0
  for (let at = 0; at < users.length; at += BATCH) {
    const batch = users.slice(at, at + BATCH)
    try {
      const done = await changes.ensureUsers(batch.map(({ value }) => value))
      changed += done.filter((ensured) => ensured !== 'same').length
    } catch (error) {
      if (!(error instanceof Fault) || error.temporary) throw error
      changed += await each(file, batch, async (user) => (await changes.ensureUsers([user]))[0] ?? 'same')
    }
  }
  return changed
}

function placed(file: string, error: unknown, at: { readonly line: number; readonly column: number }): unknown {
  if (!(error instanceof Fault)) return error
  const message = `Cannot use the provisioning file ${file}: line ${at.line}, column ${at.column}: ${error.message}`
  return new Fault(message, { temporary: error.temporary, cause: error })
}

function refuse(file: string, problems: readonly Problem[]): Fault {
  const lines = problems.map(formatProblem)
  const text = lines.length === 1 ? ` ${lines[0]}` : `\n${lines.map((line) => `  ${line}`).join('\n')}`
  return new Fault(`Cannot use the provisioning file ${file}:${text}`, { temporary: false })
}
