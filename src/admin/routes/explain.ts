import { parseStory } from '#gate/story.ts'
import { explain } from '#review/explain.ts'
import { type Fate, fatesOf } from '#review/fates.ts'
import type { DecisionRecord } from '#store/contract.ts'
import type { Explained } from '../api.ts'
import type { AdminParts } from '../parts.ts'
import { notFound, Problem } from '../problem.ts'
import type { Route } from '../route.ts'

export const EXPLAIN_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/explain/:reference',
    async run({ params }, { store, references, settings }): Promise<Explained> {
      const text = params.reference ?? ''
      const id = references.parse(text)
      if (id === undefined) {
        throw new Problem(
          400,
          `${JSON.stringify(text)} is no reference`,
          'A reference has 8 letters and digits, as in [ref 7K2M9QXA] at the end of a refusal',
        )
      }
      const reference = references.format(id)
      const record = await store.decisions.get(id)
      if (record === undefined) {
        const { keep } = settings.current().settings.decisions
        const days = Math.max(1, Math.round(keep / 86_400_000))
        throw notFound('record', reference, `Records are kept for ${days} days (the setting decisions.keep)`)
      }
      const fates = await fatesIn(record, store.queue)
      return {
        reference,
        record: { ...record, story: parseStory(record.story) },
        fates,
        text: explain(record, reference, fates),
      }
    },
  },
]

/** More recipients of one message are not told of. */
const MOST_FATES = 1000

/** Only what was taken has a fate: the queue is not searched for what was refused. */
async function fatesIn({ id, outcome }: DecisionRecord, queue: AdminParts['store']['queue']): Promise<readonly Fate[]> {
  if (outcome !== 'accepted') return []
  return fatesOf(await queue.deliveries(id), await queue.find({ decision: id }, { limit: MOST_FATES }))
}
