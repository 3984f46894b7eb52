/** Addresses of ours that lead elsewhere: by them anyone can make this server send, though only to where they lead. */
import type { AliasRow, DirectoryStore, GroupRow, UserRow } from '#store/contract.ts'
import type { AuditFinding } from '../audit.ts'
import { finding } from './settings-view.ts'

/** What an audit reads of the directory. */
export type DirectoryView = Pick<DirectoryStore, 'domains' | 'users' | 'groups' | 'aliases'>

/** Findings told of each kind of address; the rest are counted. */
const MOST_TOLD = 1000
const PAGE_ROWS = 1000

/**
 * Find every user, group and alias that leads to another domain. Reads the whole directory a page at a time and lets others run
 * in between.
 */
export async function outwardAddresses(directory: DirectoryView): Promise<readonly AuditFinding[]> {
  const ours = new Set((await directory.domains()).map(({ name }) => name))
  const findings: AuditFinding[] = []

  async function look<R extends { readonly address: string }>(
    kind: string,
    rows: (page: { readonly after?: string; readonly limit: number }) => readonly R[] | Promise<readonly R[]>,
    judge: (row: R) => AuditFinding | undefined,
  ): Promise<void> {
    let told = 0
    let untold = 0
    for await (const row of pages(rows)) {
      const found = judge(row)
      if (found === undefined) continue
      if (told < MOST_TOLD) findings.push(found)
      else untold += 1
      told += 1
    }
    if (untold > 0) {
      findings.push(finding('note', kind, `${untold.toLocaleString('en')} more ${kind} lead to other domains.`))
    }
  }

  await look('aliases', directory.aliases.bind(directory), (alias) => judgeAlias(alias, ours))
  await look('groups', directory.groups.bind(directory), (group) => judgeGroup(group, ours))
  await look('users', directory.users.bind(directory), (user) => judgeUser(user, ours))
  return findings
}

/** Give every row, page by page, a turn of the event loop between two. */
async function* pages<R extends { readonly address: string }>(
  rows: (page: { readonly after?: string; readonly limit: number }) => readonly R[] | Promise<readonly R[]>,
): AsyncGenerator<R> {
  let after: string | undefined
  for (;;) {
    const page = await rows({ limit: PAGE_ROWS, ...(after === undefined ? {} : { after }) })
    yield* page
    const last = page.at(-1)?.address
    // A page that does not go on would be asked for again and again.
    if (page.length < PAGE_ROWS || last === undefined || last === after) return
    after = last
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function judgeAlias({ address, to }: AliasRow, ours: ReadonlySet<string>): AuditFinding | undefined {
  const out = outside(to, ours)
  const local = address.slice(0, address.lastIndexOf('@'))
  if (!/[*?]/.test(local)) {
    return out.length === 0 ? undefined : finding('note', `alias ${address}`, leadsOut(address, out))
  }
  if (out.length > 0) {
    return finding(
      'note',
      `alias ${address}`,
      `Whatever matches ${address} leads out, to ${listed(out)}: every address a spammer makes up is sent on from here, spam with it, and none counts as unknown (limits.unknownRecipients). Name the addresses that are used instead.`,
    )
  }
  // A catch-all that stays at home sends nothing, but blinds the limit on guesses.
  if (local !== '*') return undefined
  return finding(
    'note',
    `alias ${address}`,
    `${address} takes every address of its domain: no recipient there is unknown, so limits.unknownRecipients never counts for it.`,
  )
}

function judgeGroup({ address, members }: GroupRow, ours: ReadonlySet<string>): AuditFinding | undefined {
  const out = outside(members, ours)
  return out.length === 0 ? undefined : finding('note', `group ${address}`, leadsOut(address, out))
}

function judgeUser({ address, disabled, forwarding }: UserRow, ours: ReadonlySet<string>): AuditFinding | undefined {
  if (disabled || forwarding === undefined) return undefined
  const out = outside(forwarding.to, ours)
  return out.length === 0 ? undefined : finding('note', `user ${address}`, leadsOut(address, out))
}

function leadsOut(address: string, out: readonly string[]): string {
  return `Mail to ${address} goes on to ${listed(out)}: anyone can make this server send there, spam too, but to no other address by this way.`
}

function outside(targets: readonly string[], ours: ReadonlySet<string>): readonly string[] {
  return targets.filter((target) => !ours.has(target.slice(target.lastIndexOf('@') + 1).toLowerCase()))
}

function listed(addresses: readonly string[]): string {
  const more = addresses.length - 5
  return `${addresses.slice(0, 5).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
