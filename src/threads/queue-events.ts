import type { References } from '#base/reference.ts'
import type { Events, QueueTag } from '#events/contract.ts'
import type { Hop } from '#queue/contract.ts'
import type { QueueEvents } from '#queue/events.ts'
import type { Shaped } from '#queue/pace.ts'
import { formatDuration } from '#settings/kinds.ts'
import type { QueueEntry } from '#store/contract.ts'

/** Tries since the start, a recipient each, by what they came to. */
export interface DeliveryTotals {
  delivered: number
  deferred: number
  failed: number
  expired: number
}

/** Write what happens in the queue into the logs, each recipient under the reference of its message, and count it. */
export function createQueueEvents(parts: {
  readonly events: Events
  readonly references: Pick<References, 'format'>
  readonly nowMs: () => number
  readonly totals: DeliveryTotals
}): QueueEvents {
  const { events, references, nowMs, totals } = parts

  function tagOf({ decision, sender, recipient, user }: QueueEntry, hop: Hop | undefined): QueueTag {
    const tls = hop?.tls
    return {
      ref: references.format(decision),
      sender,
      recipient,
      ...(user === undefined ? undefined : { user }),
      ...(hop === undefined ? undefined : { host: formatHop(hop) }),
      ...(tls === undefined ? undefined : { tls: formatTls(tls) }),
    }
  }

  return {
    deliveryEnded({ entry, outcome, became, dueAtMs }) {
      totals[became === 'placed' ? 'delivered' : became] += 1
      const tries = entry.attempts + 1
      if (outcome.is === 'placed') {
        events.messageDelivered({ ref: references.format(entry.decision), recipient: entry.recipient })
        return
      }
      const tag = tagOf(entry, outcome.hop)
      if (outcome.is === 'delivered') {
        const { code, text } = outcome.reply
        events.mailSent({ ...tag, reply: `${code} ${text}`, afterMs: nowMs() - entry.createdAtMs, tries })
        return
      }
      const { because, status } = outcome
      if (became === 'deferred') events.mailDeferred({ ...tag, because, status, tries, nextTryMs: dueAtMs ?? nowMs() })
      else events.mailFailed({ ...tag, because, status, tries, expired: became === 'expired' })
    },
    destinationDown: ({ name, trouble, forMs }) =>
      events.destinationDown({ destination: name, because: trouble.because, forMs: Math.round(forMs) }),
    destinationUp: ({ name }) => events.destinationUp({ destination: name }),
    destinationShaped: ({ name, shaped, answer }) =>
      events.destinationShaped({ destination: name, rule: shaped.rule, answer, what: formatShaped(shaped) }),
    faulted: events.faulted,
  }
}

function formatHop({ host, ip, port }: Hop): string {
  return `${host}${ip === undefined || ip === host ? '' : `[${ip}]`}:${port}`
}

function formatTls({ version, cipher, verifiedBy }: NonNullable<Hop['tls']>): string {
  return `${version} ${cipher}${verifiedBy === undefined ? '' : `, verified by ${verifiedBy}`}`
}

function formatShaped({ waitsMs, holdsMs, connections, perMinute }: Shaped): string {
  const says = [
    waitsMs === undefined ? undefined : `nothing for ${formatDuration(Math.round(waitsMs))}`,
    connections === undefined ? undefined : `at most ${connections} connections`,
    perMinute === undefined ? undefined : `at most ${perMinute} messages a minute`,
    holdsMs === undefined ? undefined : `the bounds hold for ${formatDuration(Math.round(holdsMs))}`,
  ]
  return says.filter((each) => each !== undefined).join(', ')
}
