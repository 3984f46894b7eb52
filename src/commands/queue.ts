import type { QueueLine, QueueList, QueueQuery } from '#admin/queue-api.ts'
import { formatTable } from '#base/table.ts'
import { type Command, CommandError } from './command.ts'
import { limitOf, PAGE_OPTIONS } from './listing.ts'
import { formatBytes, formatSpan, parseCount } from './quantities.ts'
import { QUEUE_ACT_COMMANDS } from './queue-acts.ts'
import { QUEUE_DOMAIN_COMMANDS } from './queue-domains.ts'
import { SEARCH_OPTIONS, searchOf } from './queue-selection.ts'
import { QUEUE_SHOW_COMMAND } from './queue-show.ts'

const HEADINGS = ['ID', 'SINCE', 'NEXT TRY', 'SIZE', 'SENDER', 'RECIPIENT', 'USER', 'CLIENT', 'TRIES', 'LAST ANSWER']
const MOST_LIMIT = 100_000
const ORDERS = ['id', 'due', 'size', 'attempts', 'sender', 'recipient'] as const
/** An answer is told whole by `queue show`; here it must leave the line readable. */
const MOST_ANSWER = 120

const LIST_COMMAND: Command = {
  name: 'queue list',
  summary: 'List what waits for other domains: who sent it, when it is tried next, what the last answer was.',
  takes: [],
  options: {
    ...SEARCH_OPTIONS,
    held: { about: 'Only what is held.' },
    waiting: { about: 'Only what is not held.' },
    sort: { value: 'ORDER', about: `By ${ORDERS.join(', ')}; by id, oldest first, when absent.` },
    desc: { about: 'The other way round.' },
    limit: PAGE_OPTIONS.limit,
    offset: { value: 'N', about: 'Pass over the first N.' },
  },
  about: 'In patterns * stands for any characters, ? for one; quote them. A line is one recipient of a message.',
  examples: [
    'postern queue list',
    "postern queue list --recipient '*@example.net' --sort due",
    'postern queue list --user anna@example.com --held',
  ],
  async run({ api, options }) {
    const queue = await api.get<QueueList>('/api/queue', { ...queryOf(options) })
    const { count, bytes, held, items } = queue
    if (count === 0) return { data: queue, text: 'Nothing waits.' }
    const sum = `${count === 1 ? '1 recipient waits' : `${count} recipients wait`}, ${formatBytes(bytes)} in all`
    const top = held === 0 ? sum : `${sum}; ${held} held`
    const more = count > items.length ? `\n\n${items.length} are shown; see others with --limit N and --offset N` : ''
    return { data: queue, text: `${top}\n\n${formatTable(HEADINGS, items.map(rowOf))}${more}` }
  },
}

export const QUEUE_COMMANDS: readonly Command[] = [
  LIST_COMMAND,
  QUEUE_SHOW_COMMAND,
  ...QUEUE_ACT_COMMANDS,
  ...QUEUE_DOMAIN_COMMANDS,
]

function queryOf(options: Parameters<typeof searchOf>[0]): QueueQuery {
  const [held, waiting] = [options.flag('held'), options.flag('waiting')]
  if (held && waiting) throw new CommandError('Say either --held or --waiting', 2)
  const sort = options.text('sort')
  const order = ORDERS.find((one) => one === sort)
  if (sort !== undefined && order === undefined) {
    throw new CommandError(`Cannot use --sort "${sort}": expected ${ORDERS.join(', ')}`, 2)
  }
  const offset = options.text('offset')
  const limit = limitOf(options, MOST_LIMIT)
  return {
    ...searchOf(options),
    ...(held || waiting ? { held } : {}),
    ...(order === undefined ? {} : { order }),
    ...(options.flag('desc') ? { descending: true } : {}),
    ...(offset === undefined ? {} : { offset: parseCount(offset, '--offset') ?? 0 }),
    ...(limit === undefined ? {} : { limit }),
  }
}

function rowOf(line: QueueLine): readonly string[] {
  const { id, createdAt, sizeBytes, sender, recipient, user, ip, attempts, lastAnswer = '-' } = line
  return [
    String(id),
    createdAt,
    formatNextTry(line),
    formatBytes(sizeBytes),
    sender === '' ? '<>' : sender,
    recipient,
    user ?? '-',
    ip ?? '-',
    String(attempts),
    lastAnswer.length > MOST_ANSWER ? `${lastAnswer.slice(0, MOST_ANSWER)}…` : lastAnswer,
  ]
}

/** Say when an entry is tried next: `now`, `in 12m`, `held`, `running`, `paused`. */
export function formatNextTry({ state, dueInMs = 0 }: Pick<QueueLine, 'state' | 'dueInMs'>): string {
  return state === 'later' ? `in ${formatSpan(dueInMs)}` : state
}
