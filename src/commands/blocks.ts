import type { BlockLine, Blocks, BlocksLifted, NeverBlocked, NeverBlockedSaved, NewBlock } from '#admin/api.ts'
import { formatTable } from '#base/table.ts'
import { type Answer, type Command, CommandError } from './command.ts'
import { CONFIRM_OPTION, confirmedBy } from './confirm.ts'
import { limitOf, PAGE_OPTIONS } from './listing.ts'
import { formatSpan, parseSpan } from './quantities.ts'

/** The longest block with an end, as the server takes it: ten years. */
const MOST_MS = 3660 * 86_400_000

const HEADINGS = ['ID', 'NETWORK', 'REASON', 'SINCE', 'ENDS', 'REPEATS', 'REF', 'BY', 'EVIDENCE']

function rowOf(block: BlockLine): readonly string[] {
  const { id, network, reason, since, until, endsInMs = 0, repeats, ref = '-', author = '-', evidence } = block
  const ends = until === undefined ? 'when lifted' : `in ${formatSpan(endsInMs)}`
  return [String(id), network, reason, since, ends, String(repeats), ref, author, evidence]
}

function neverText({ entries, administrator }: NeverBlocked): string {
  const rows = entries.map((entry) => [entry, 'limits.neverBlock'])
  if (administrator !== undefined) rows.push([administrator, "the administrator's last address"])
  return rows.length === 0 ? 'The never-block list is empty.' : formatTable(['NEVER BLOCKED', 'BECAUSE OF'], rows)
}

function neverAnswer(saved: NeverBlockedSaved): Answer {
  return { data: saved, text: neverText(saved), warnings: saved.warnings }
}

export const BLOCK_COMMANDS: readonly Command[] = [
  {
    name: 'blocks list',
    summary: 'List who is blocked, newest first: why, by what evidence, until when.',
    takes: [],
    options: {
      network: { value: 'NETWORK', about: 'Only blocks that hold against this address, or in this network.' },
      limit: PAGE_OPTIONS.limit,
    },
    about: 'The reference of a block leads to the decision that brought it about: postern explain REF',
    examples: ['postern blocks list', 'postern blocks list --network 198.51.100.7'],
    async run({ api, options }) {
      const network = options.text('network')
      const blocks = await api.get<Blocks>('/api/blocks', { network, limit: limitOf(options) })
      if (blocks.count === 0) {
        return { data: blocks, text: network === undefined ? 'Nobody is blocked.' : `Nothing blocks ${network}.` }
      }
      const more = blocks.count > blocks.items.length ? `\n\n${blocks.count} in all; show more with --limit N` : ''
      return { data: blocks, text: formatTable(HEADINGS, blocks.items.map(rowOf)) + more }
    },
  },
  {
    name: 'blocks add',
    summary: 'Block an address or a network; its sessions are refused from now on.',
    takes: ['NETWORK'],
    options: {
      for: { value: 'SPAN', about: 'How long, such as 1h or 7d; without it, until it is lifted.' },
      why: { value: 'TEXT', about: 'Why, for whoever reads the list.' },
    },
    examples: [
      'postern blocks add 198.51.100.7 --for 1d --why "keeps guessing passwords"',
      'postern blocks add 2001:db8::/48',
    ],
    async run({ api, args: [network = ''], options }) {
      const forMs = parseSpan(options.text('for'), '--for')
      if (forMs !== undefined && forMs > MOST_MS) {
        throw new CommandError(
          `Cannot use --for "${options.text('for')}": the longest is 3660d; leave it out for a block without end`,
          2,
        )
      }
      const why = options.text('why')
      const body: NewBlock = {
        network,
        ...(forMs === undefined ? {} : { forMs }),
        ...(why === undefined ? {} : { why }),
      }
      const block = await api.send<BlockLine>('POST', '/api/blocks', body)
      const end = block.until === undefined ? 'until it is lifted' : `until ${block.until}`
      return {
        data: block,
        text: `Blocked ${block.network} ${end}. Lift it with: postern blocks lift ${block.network}`,
      }
    },
  },
  {
    name: 'blocks lift',
    summary: 'Lift the blocks that hold against an address or network, the one of a number, or all.',
    takes: ['[NETWORK|ID]'],
    options: { all: { about: 'Every block that stands.' } },
    about: 'What was counted against it is forgotten too: it starts anew.',
    examples: ['postern blocks lift 198.51.100.7', 'postern blocks lift 17', 'postern blocks lift --all'],
    async run({ api, args: [which], options }) {
      const all = options.flag('all')
      if (all === (which !== undefined)) throw new CommandError('Name what to lift: NETWORK, ID, or --all', 2)
      if (which !== undefined && !/[\d:]/.test(which)) {
        throw new CommandError(`Cannot lift "${which}": name an address, a network, the ID of a block, or --all`, 2)
      }
      const query = all ? { all } : /^\d+$/.test(which ?? '') ? { id: Number(which) } : { network: which }
      const { lifted } = await api.remove<BlocksLifted>('/api/blocks', query)
      const lines = lifted.map(({ network, reason }) => `Lifted the block of ${network} (${reason}).`)
      return { data: lifted, text: lines.length === 0 ? 'Nobody is blocked.' : lines.join('\n') }
    },
  },
  {
    name: 'blocks never list',
    summary: 'List who is never blocked, whatever they do.',
    takes: [],
    options: {},
    examples: ['postern blocks never list'],
    async run({ api }) {
      const never = await api.get<NeverBlocked>('/api/blocks/never')
      return { data: never, text: neverText(never) }
    },
  },
  {
    name: 'blocks never add',
    summary: 'Never block these; what stands against them is lifted.',
    takes: ['ENTRY'],
    options: CONFIRM_OPTION,
    about: 'ENTRY is an address, a network A/PREFIX, this-machine, or group:NAME.',
    examples: ['postern blocks never add 203.0.113.5', 'postern blocks never add group:office'],
    async run({ api, args: [entry = ''], options }) {
      const body = { entry, ...confirmedBy(options) }
      return neverAnswer(await api.send<NeverBlockedSaved>('POST', '/api/blocks/never', body))
    },
  },
  {
    name: 'blocks never remove',
    summary: 'Take an entry off the never-block list.',
    takes: ['ENTRY'],
    options: CONFIRM_OPTION,
    examples: ['postern blocks never remove 203.0.113.5'],
    async run({ api, args: [entry = ''], options }) {
      const query = { entry, ...confirmedBy(options) }
      return neverAnswer(await api.remove<NeverBlockedSaved>('/api/blocks/never', query))
    },
  },
]
