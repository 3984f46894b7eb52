import { parseRange } from '#base/network-set.ts'
import { clientEntry } from '#settings/entries.ts'
import type { BlockLine, Blocks, BlocksLifted, Confirmable, NeverBlocked, NeverBlockedSaved, NewBlock } from '../api.ts'
import { changeSettings } from '../change-settings.ts'
import type { AdminParts } from '../parts.ts'
import { notFound, Problem } from '../problem.ts'
import { type Asked, object, type Route, textUpTo } from '../route.ts'

const NETWORK = textUpTo(100)
const ENTRY = textUpTo(256)
/** A block that is meant to be longer than ten years is one without an end. */
const MOST_MS = 10 * 366 * 86_400_000
const LIST_TODO = 'List them with: postern blocks list'

export const BLOCK_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/blocks',
    query: object({ network: NETWORK, limit: { type: 'integer', minimum: 1, maximum: 1_000_000 } }),
    async run({ query }, { blocks, clock }): Promise<Blocks> {
      const limit = typeof query.limit === 'number' ? query.limit : 1000
      const standing = blocks.blocks()
      const found = typeof query.network === 'string' ? standing.filter(holdsAgainst(query.network)) : standing
      const newest = found.toSorted((a, b) => b.sinceMs - a.sinceMs || b.id - a.id).slice(0, limit)
      return { count: found.length, items: newest.map((block) => lineOf(block, clock.nowMs())) }
    },
  },
  {
    method: 'POST',
    path: '/api/blocks',
    body: object(
      { network: NETWORK, forMs: { type: 'integer', minimum: 1000, maximum: MOST_MS }, why: textUpTo(500) },
      ['network'],
    ),
    async run({ body, author }, { blocks, clock }): Promise<BlockLine> {
      const { network, forMs, why = '' } = body as NewBlock
      const block = await blocks.block({ network, forMs, why: why === '' ? 'no reason was given' : why, author })
      return lineOf(block, clock.nowMs())
    },
  },
  {
    method: 'DELETE',
    path: '/api/blocks',
    query: object({ network: NETWORK, id: { type: 'integer', minimum: 0 }, all: { type: 'boolean' } }),
    async run({ query, author }, { blocks, clock }): Promise<BlocksLifted> {
      const lifted = []
      if (query.all === true) {
        for (const { id } of [...blocks.blocks()]) lifted.push(...(await blocks.lift({ id }, author)))
      } else if (typeof query.id === 'number') {
        lifted.push(...(await blocks.lift({ id: query.id }, author)))
        if (lifted.length === 0) throw notFound('block number', String(query.id), LIST_TODO)
      } else {
        const network = typeof query.network === 'string' ? query.network : ''
        rangeOf(network)
        lifted.push(...(await blocks.lift({ network }, author)))
        if (lifted.length === 0) throw new Problem(404, `No block holds against ${network}`, LIST_TODO)
      }
      return { lifted: lifted.map((block) => lineOf(block, clock.nowMs())) }
    },
  },
  {
    method: 'GET',
    path: '/api/blocks/never',
    run: async (_asked, parts): Promise<NeverBlocked> => neverBlocked(parts),
  },
  {
    method: 'POST',
    path: '/api/blocks/never',
    body: object({ entry: ENTRY, confirmed: { type: 'boolean' } }, ['entry']),
    async run(asked, parts): Promise<NeverBlockedSaved> {
      const { entry, confirmed } = asked.body as { entry: string } & Confirmable
      const parsed = clientEntry.parse(entry)
      if (!parsed.ok) throw new Problem(400, `Cannot take ${JSON.stringify(entry)}: wanted ${parsed.wanted}`)
      return save(asked, parts, confirmed, (entries) => (entries.includes(entry) ? entries : [...entries, entry]))
    },
  },
  {
    method: 'DELETE',
    path: '/api/blocks/never',
    query: object({ entry: ENTRY, confirmed: { type: 'boolean' } }, ['entry']),
    async run(asked, parts): Promise<NeverBlockedSaved> {
      const entry = String(asked.query.entry)
      return save(asked, parts, asked.query.confirmed === true, (entries) => {
        if (entries.includes(entry)) return entries.filter((other) => other !== entry)
        const what = `There is no entry ${JSON.stringify(entry)} on the never-block list`
        throw new Problem(404, what, 'See: postern blocks never list')
      })
    },
  },
]

function lineOf(
  { sinceMs, untilMs, ...block }: ReturnType<AdminParts['blocks']['blocks']>[number],
  nowMs: number,
): BlockLine {
  return {
    ...block,
    since: new Date(sinceMs).toISOString(),
    ...(untilMs === undefined
      ? {}
      : { until: new Date(untilMs).toISOString(), endsInMs: Math.max(0, untilMs - nowMs) }),
  }
}

/** Tell whether a block takes in an address or network, or lies in it. */
function holdsAgainst(network: string): (block: { readonly network: string }) => boolean {
  const named = rangeOf(network)
  return (block) => {
    const parsed = parseRange(block.network)
    if ('problem' in parsed) return false
    const { range } = parsed
    return range.family === named.family && range.first <= named.last && named.first <= range.last
  }
}

function rangeOf(network: string) {
  const parsed = parseRange(network)
  if ('range' in parsed) return parsed.range
  throw new Problem(400, `Cannot read ${JSON.stringify(network)}: expected ${parsed.problem}`)
}

function neverBlocked({ settings, administratorAddress }: AdminParts): NeverBlocked {
  const administrator = administratorAddress()
  const entries = settings.current().settings.limits.neverBlock
  return { entries, ...(administrator === undefined ? {} : { administrator }) }
}

async function save(
  asked: Asked,
  parts: AdminParts,
  confirmed: boolean | undefined,
  edit: (entries: readonly string[]) => readonly string[],
): Promise<NeverBlockedSaved> {
  const { warnings } = await changeSettings(parts, asked, confirmed, (options) => {
    const entries = edit(parts.settings.current().settings.limits.neverBlock)
    return parts.settings.set('limits.neverBlock', JSON.stringify(entries), options)
  })
  return { ...neverBlocked(parts), warnings }
}
