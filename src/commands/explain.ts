import type { Explained } from '#admin/api.ts'
import type { Command } from './command.ts'

export const EXPLAIN_COMMAND: Command = {
  name: 'explain',
  summary:
    'Show why a message or session was accepted or refused, and what became of it, by the reference in the reply or the log.',
  takes: ['REF'],
  options: {},
  examples: ['postern explain 7K2M9QXA'],
  async run({ api, args: [reference = ''] }) {
    // People copy the whole of it: [ref 7K2M9QXA].
    const bare = reference.replace(/^\[?\s*(ref\s+)?/i, '').replace(/\s*\]$/, '')
    const explained = await api.get<Explained>(`/api/explain/${encodeURIComponent(bare)}`)
    return { data: { ...explained.record, fates: explained.fates }, text: explained.text }
  },
}
