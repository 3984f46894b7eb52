import type { Queue } from '#admin/api.ts'
import { formatTable } from '#base/table.ts'
import type { Command } from './command.ts'
import { limitOf, PAGE_OPTIONS } from './listing.ts'
import { formatBytes } from './quantities.ts'

const HEADINGS = ['ID', 'SINCE', 'SIZE', 'SENDER', 'RECIPIENT', 'USER', 'CLIENT', 'STATE']

export const QUEUE_COMMANDS: readonly Command[] = [
  {
    name: 'queue list',
    summary: 'List what waits for other domains, oldest first: who sent it, and whether it is held.',
    takes: [],
    options: { limit: PAGE_OPTIONS.limit },
    examples: ['postern queue list'],
    async run({ api, options }) {
      const queue = await api.get<Queue>('/api/queue', { limit: limitOf(options, 100_000) })
      if (queue.count === 0) return { data: queue, text: 'Nothing waits.' }
      const rows = queue.items.map(({ id, createdAt, sizeBytes, sender, recipient, user, ip, held }) => [
        String(id),
        createdAt,
        formatBytes(sizeBytes),
        sender === '' ? '<>' : sender,
        recipient,
        user ?? '-',
        ip ?? '-',
        held ? 'held' : 'waiting',
      ])
      const more = queue.count > rows.length ? `\n\n${queue.count} wait in all; show more with --limit N` : ''
      return { data: queue, text: formatTable(HEADINGS, rows) + more }
    },
  },
]
