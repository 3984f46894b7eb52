/** A decision's row, as it crosses threads and stands in its table, and what it can be found by. */
import type { DecisionRecord } from '../contract.ts'
import { BloomFilter } from './bloom-filter.ts'

export type DecisionRow = readonly [id: number, atMs: number, head: string, story: string]

/** What a record is found by, and the little that is shown of each in a list. */
export type DecisionHead = readonly [
  outcome: DecisionRecord['outcome'],
  service: string,
  ip: string,
  sender: string | null,
  recipients: readonly string[],
  reply: string,
  repeats?: number,
  lastRepeatAtMs?: number,
]

/** Give the row of a record. */
export function decisionRow(record: DecisionRecord): DecisionRow {
  const { outcome, service, ip, sender = null, recipients, reply, repeats } = record
  const head: DecisionHead =
    repeats === undefined
      ? [outcome, service, ip, sender, recipients, reply]
      : [outcome, service, ip, sender, recipients, reply, repeats.count, repeats.lastAtMs]
  return [record.id, record.atMs, JSON.stringify(head), record.story]
}

/** Give the record of a row. */
export function decisionRecord([id, atMs, head, story]: DecisionRow): DecisionRecord {
  const [outcome, service, ip, sender, recipients, reply, count, lastAtMs] = JSON.parse(head) as DecisionHead
  return {
    id,
    atMs,
    outcome,
    service,
    ip,
    ...(sender === null ? {} : { sender }),
    recipients,
    reply,
    ...(count === undefined || lastAtMs === undefined ? {} : { repeats: { count, lastAtMs } }),
    story,
  }
}

/** What a search may ask for. */
export type Wanted = Readonly<Partial<Record<'outcome' | 'ip' | 'sender' | 'recipient', string>>>

/** Tell whether a record is what a search asks for. */
export function meets(record: DecisionRecord, { outcome, ip, sender, recipient }: Wanted): boolean {
  return (
    (outcome === undefined || record.outcome === outcome) &&
    (ip === undefined || record.ip === ip) &&
    (sender === undefined || sameAddress(record.sender, sender)) &&
    (recipient === undefined || record.recipients.some((one) => sameAddress(one, recipient)))
  )
}

function sameAddress(one: string | undefined, other: string): boolean {
  return one !== undefined && one.toLowerCase() === other.toLowerCase()
}

const OUTCOME = 0
const IP = 1
const SENDER = 2
const RECIPIENT = 3

/** Make the filter of records by their heads: what they can be found by. */
export function filterOf(heads: readonly DecisionHead[]): BloomFilter {
  let texts = 0
  for (const head of heads) texts += 2 + head[4].length
  const outcomes = new Set(heads.map(([outcome]) => outcome))
  const filter = BloomFilter.for(texts + outcomes.size)
  for (const outcome of outcomes) filter.add(OUTCOME, outcome)
  for (const [, , ip, sender, recipients] of heads) {
    filter.add(IP, ip)
    if (sender !== null) filter.add(SENDER, sender.toLowerCase())
    for (const recipient of recipients) filter.add(RECIPIENT, recipient.toLowerCase())
  }
  return filter
}

/** Tell whether a record that a search asks for may be among those of a filter; false is certain. */
export function mayMeet(filter: BloomFilter, { outcome, ip, sender, recipient }: Wanted): boolean {
  return (
    (outcome === undefined || filter.mayHold(OUTCOME, outcome)) &&
    (ip === undefined || filter.mayHold(IP, ip)) &&
    (sender === undefined || filter.mayHold(SENDER, sender.toLowerCase())) &&
    (recipient === undefined || filter.mayHold(RECIPIENT, recipient.toLowerCase()))
  )
}
