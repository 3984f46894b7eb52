import type { Listing } from '#admin/api.ts'
import type { Query } from './api-client.ts'
import { CommandError, type OptionDeclaration, type ParsedOptions } from './command.ts'

export const PAGE_OPTIONS = {
  limit: { value: 'N', about: 'Show at most N, 1000 when absent.' },
  after: { value: 'ADDRESS', about: 'Begin after this address.' },
} as const satisfies Record<string, OptionDeclaration>

/** Give the query of a list command. */
export function pageQuery(options: ParsedOptions, match: string | undefined): Query {
  return { limit: limitOf(options, 10_000) ?? 1000, after: options.text('after'), match }
}

/** Read --limit, at most `most`; undefined when it is absent. */
export function limitOf(options: ParsedOptions, most = 999_999): number | undefined {
  const limit = options.text('limit')
  if (limit === undefined) return undefined
  if (/^[1-9]\d{0,5}$/.test(limit) && Number(limit) <= most) return Number(limit)
  throw new CommandError(`Cannot use --limit "${limit}": expected a whole number, 1 to ${most}`, 2)
}

/** Say how to see the rest of a list, when there is more. */
export function moreText(page: Listing<unknown>): string {
  return page.next === undefined ? '' : `\n\nThere are more: add --after ${page.next}`
}
