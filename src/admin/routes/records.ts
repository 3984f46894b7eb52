import { normalizeIp } from '#base/network-set.ts'
import { parseStory } from '#gate/story.ts'
import { formatEnding } from '#review/wording.ts'
import type { DecisionRecord } from '#store/contract.ts'
import type { RecordLine } from '../api.ts'
import type { AdminParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { ADDRESS, object, type Route, textUpTo } from '../route.ts'

const USUAL_LIMIT = 100
const MOST_LIMIT = 10_000

const OUTCOMES: readonly DecisionRecord['outcome'][] = ['accepted', 'refused', 'deferred', 'ended', 'discarded']

export const RECORD_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/records',
    query: object({
      ip: textUpTo(64),
      sender: ADDRESS,
      recipient: ADDRESS,
      outcome: { enum: OUTCOMES },
      withinMs: { type: 'integer', minimum: 1 },
      limit: { type: 'integer', minimum: 1, maximum: MOST_LIMIT },
    }),
    async run({ query }, { store, references, clock }): Promise<readonly RecordLine[]> {
      const { ip, sender, recipient, outcome, withinMs, limit } = query as RecordQuery
      const found = await store.decisions.find({
        ...(ip === undefined ? {} : { ip: readIp(ip) }),
        ...(sender === undefined ? {} : { sender: bare(sender) }),
        ...(recipient === undefined ? {} : { recipient: bare(recipient) }),
        ...(outcome === undefined ? {} : { outcome }),
        ...(withinMs === undefined ? {} : { sinceMs: clock.nowMs() - withinMs }),
        limit: limit ?? USUAL_LIMIT,
      })
      return found.map((record) => lineOf(record, references))
    },
  },
]

interface RecordQuery {
  readonly ip?: string
  readonly sender?: string
  readonly recipient?: string
  readonly outcome?: DecisionRecord['outcome']
  readonly withinMs?: number
  readonly limit?: number
}

function readIp(text: string): string {
  const ip = normalizeIp(text)
  if (ip === undefined) throw new Problem(400, `Cannot read ${JSON.stringify(text)}: expected an IP address`)
  return ip
}

/** The null sender may be written as SMTP has it. */
function bare(address: string): string {
  return address.replace(/^<(.*)>$/, '$1')
}

function lineOf(record: DecisionRecord, references: AdminParts['references']): RecordLine {
  const { id, atMs, outcome, service, ip, sender, recipients, reply, repeats } = record
  const { because } = parseStory(record.story)
  return {
    reference: references.format(id),
    at: new Date(atMs).toISOString(),
    outcome,
    service,
    ip,
    ...(sender === undefined ? {} : { sender }),
    recipients,
    reply,
    ...(because === undefined ? {} : { because: outcome === 'ended' ? formatEnding(because) : because }),
    ...(repeats === undefined
      ? {}
      : { repeats: { count: repeats.count, lastAt: new Date(repeats.lastAtMs).toISOString() } }),
  }
}
