import type { Settings } from '#settings/schema.ts'
import type { QueueEntry, Settlement } from '#store/contract.ts'
import { addAnswer, formatStory, parseAnswers } from './answers.ts'
import type { Outcome, Report, Trouble } from './contract.ts'

/** What follows from a try, for one entry. */
export interface Decision {
  readonly settlement: Settlement
  /** What the sender is told, and what the report says of it. */
  readonly report?: { readonly kind: Report['kind']; readonly outcome: Outcome; readonly untilMs?: number }
}

/** Part of a wait that chance adds or takes, so that what failed together does not come back together. */
const JITTER = 0.1

/** Decide what becomes of an entry after a try. `random` gives numbers of [0, 1). */
export function decideNext(
  entry: QueueEntry,
  outcome: Outcome,
  nowMs: number,
  settings: Pick<Settings['queue'], 'retry' | 'warnAfter' | 'bounceAfter'>,
  random: () => number,
): Decision {
  const { id } = entry
  const tries = entry.attempts + 1
  switch (outcome.is) {
    case 'delivered': {
      const { hop, reply } = outcome
      const delivery = {
        ...kept(entry, nowMs),
        outcome: 'delivered',
        story: formatStory({ tries, is: 'delivered', hop, reply }),
      } as const
      // RFC 3461 §5.2.2: who hands on to a server without DSN tells of success itself, as `relayed`.
      const isAsked = !outcome.passedDsn && asks(entry, 'SUCCESS')
      return {
        settlement: { id, next: { is: 'gone' }, delivery },
        ...(isAsked && { report: { kind: 'relayed', outcome } }),
      }
    }
    case 'placed': {
      const delivery = {
        ...kept(entry, nowMs),
        outcome: 'delivered',
        story: formatStory({ tries, is: 'placed' }),
      } as const
      const { mailboxIds, forwards } = outcome
      const next = { is: 'placed', mailboxIds, ...(forwards && { forwards }) } as const
      return {
        settlement: { id, next, delivery },
        ...(asks(entry, 'SUCCESS') && { report: { kind: 'delivered', outcome } }),
      }
    }
    case 'failed':
      return ended(entry, outcome, nowMs, 'failed')
    case 'deferred':
      return deferred(entry, outcome, nowMs, settings, random)
  }
}

function deferred(
  entry: QueueEntry,
  trouble: Trouble,
  nowMs: number,
  settings: Pick<Settings['queue'], 'retry' | 'warnAfter' | 'bounceAfter'>,
  random: () => number,
): Decision {
  const untilMs = entry.createdAtMs + settings.bounceAfter
  if (nowMs >= untilMs) {
    const because = `it could not be delivered in time; the last try: ${trouble.because}`
    // RFC 3463 §3.5: X.4.7 is "delivery time expired".
    return ended(entry, { ...trouble, is: 'failed', status: '4.4.7', because }, nowMs, 'expired')
  }
  // The last interval is repeated; the last try is made when the time is up, whatever the interval.
  const wait = settings.retry[entry.attempts] ?? settings.retry.at(-1) ?? settings.bounceAfter
  const chance = 1 + JITTER * (2 * random() - 1)
  const dueAtMs = Math.min(Math.ceil(nowMs + wait * chance), untilMs)

  const { warnAfter } = settings
  const isLate = typeof warnAfter === 'number' && nowMs - entry.createdAtMs >= warnAfter
  const warns = isLate && entry.warned !== true && asks(entry, 'DELAY')
  const next = {
    is: 'waiting',
    dueAtMs,
    attempts: entry.attempts + 1,
    warned: warns || entry.warned === true,
    answers: addAnswer(entry.answers, trouble, nowMs),
  } as const
  return {
    settlement: { id: entry.id, next },
    ...(warns && { report: { kind: 'delayed', outcome: trouble, untilMs } }),
  }
}

/** It is over, and not well. */
function ended(entry: QueueEntry, trouble: Trouble, nowMs: number, outcome: 'failed' | 'expired'): Decision {
  const { scope, ...last } = trouble
  const before = parseAnswers(entry.answers)
  const story = formatStory({ tries: entry.attempts + 1, ...last, is: outcome, before })
  return {
    settlement: { id: entry.id, next: { is: 'gone' }, delivery: { ...kept(entry, nowMs), outcome, story } },
    ...(asks(entry, 'FAILURE') && { report: { kind: 'failed', outcome: trouble } }),
  }
}

function kept({ decision, recipient }: QueueEntry, atMs: number) {
  return { decision, atMs, recipient }
}

/** Tell whether the sender wants to hear of this (RFC 3461 §4.1); the null sender never hears anything (RFC 5321 §4.5.5). */
function asks(entry: QueueEntry, of: 'SUCCESS' | 'FAILURE' | 'DELAY'): boolean {
  if (entry.sender === '' || entry.returnPath === '') return false
  // RFC 3461 §4.1: without NOTIFY, failure is told, and delay where we choose to.
  if (entry.notify === undefined || entry.notify === '') return of !== 'SUCCESS'
  return entry.notify.toUpperCase().split(',').includes(of)
}
