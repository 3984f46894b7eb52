import type { RecordLine } from '#admin/api.ts'
import { formatTable } from '#base/table.ts'
import { type Command, CommandError } from './command.ts'
import { limitOf } from './listing.ts'
import { parseSpan } from './quantities.ts'

const OUTCOMES = ['accepted', 'refused', 'deferred', 'ended', 'discarded'] as const
const HEADINGS = ['WHEN', 'REF', 'OUTCOME', 'CLIENT', 'SENDER', 'RECIPIENT', 'AGAIN', 'WHY']

function rowOf(record: RecordLine): readonly string[] {
  const { at, reference, outcome, ip, sender, recipients, repeats, because, reply } = record
  const [first = '-', ...others] = recipients
  return [
    at,
    reference,
    outcome,
    ip,
    sender === undefined ? '-' : sender === '' ? '<>' : sender,
    others.length === 0 ? first : `${first} and ${others.length} more`,
    repeats === undefined ? '-' : `${repeats.count}x`,
    because ?? reply.replace(/ \[ref \w+\]$/, ''),
  ]
}

export const RECORDS_COMMAND: Command = {
  name: 'records',
  summary: 'Find the records of sessions and messages, newest first; explain tells one of them in full.',
  takes: [],
  options: {
    ip: { value: 'IP', about: 'Only of this client.' },
    sender: { value: 'ADDRESS', about: 'Only of this sender; "" is the null sender of reports.' },
    recipient: { value: 'ADDRESS', about: 'Only those with this recipient.' },
    outcome: { value: 'OUTCOME', about: `Only those that ended so: ${OUTCOMES.join(', ')}.` },
    since: { value: 'SPAN', about: 'Only of the last so long, such as 2h or 1d.' },
    limit: { value: 'N', about: 'Show at most N (up to 10000), 100 when absent.' },
  },
  examples: [
    'postern records --outcome refused --since 1d',
    'postern records --sender someone@example.org --recipient anna@example.com',
  ],
  async run({ api, options }) {
    const outcome = options.text('outcome')
    if (outcome !== undefined && !(OUTCOMES as readonly string[]).includes(outcome)) {
      throw new CommandError(`Cannot use --outcome "${outcome}": expected ${OUTCOMES.join(', ')}`, 2)
    }
    const records = await api.get<RecordLine[]>('/api/records', {
      ip: options.text('ip'),
      sender: options.text('sender'),
      recipient: options.text('recipient'),
      outcome,
      withinMs: parseSpan(options.text('since'), '--since'),
      limit: limitOf(options, 10_000),
    })
    const text = records.length === 0 ? 'No record.' : formatTable(HEADINGS, records.map(rowOf))
    return { data: records, text }
  },
}
