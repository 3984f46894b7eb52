import { matchesPattern } from '#base/pattern.ts'
import { type Answer, parseAnswers } from '#queue/answers.ts'
import { formatServer, formatTrouble } from '#review/fates.ts'
import type { PausedDomain, QueueEntry } from '#store/contract.ts'
import type { DomainState, Running } from '../delivery-desk.ts'
import type { AdminParts } from '../parts.ts'
import type { AnswerLine, DomainLine, PausedLine, QueueLine, RunningLine } from '../queue-api.ts'

/** What entries are seen against: what runs, what is paused, and the time. */
export interface Moment {
  readonly nowMs: number
  readonly running: readonly Running[]
  readonly runningIds: ReadonlySet<number>
  readonly paused: readonly PausedDomain[]
}

/** Read what entries are seen against. */
export async function momentOf({
  clock,
  delivery,
  store,
}: Pick<AdminParts, 'clock' | 'delivery' | 'store'>): Promise<Moment> {
  const [running, paused] = await Promise.all([delivery.running(), store.queue.paused()])
  return { nowMs: clock.nowMs(), running, runningIds: new Set(running.flatMap(({ ids }) => ids)), paused }
}

/** Give an entry as a line of the list. */
export function lineOf(entry: QueueEntry, moment: Moment): QueueLine {
  const { id, createdAtMs, dueAtMs, sizeBytes, sender, recipient, user, ip, attempts } = entry
  const state = stateOf(entry, moment)
  const last = parseAnswers(entry.answers).at(-1)
  return {
    id,
    createdAt: isoOf(createdAtMs),
    state,
    ...(dueAtMs === undefined ? {} : { dueAt: isoOf(dueAtMs), dueInMs: Math.max(0, dueAtMs - moment.nowMs) }),
    sizeBytes,
    sender,
    recipient,
    ...(user === undefined ? {} : { user }),
    ...(ip === undefined ? {} : { ip }),
    attempts,
    ...(last === undefined ? {} : { lastAnswer: formatTrouble(last) }),
  }
}

/** What runs goes on though it is held or paused meanwhile, so that is said first. */
function stateOf({ id, domain, held, dueAtMs }: QueueEntry, moment: Moment): QueueLine['state'] {
  if (moment.runningIds.has(id)) return 'running'
  if (held === true) return 'held'
  if (pauseOf(domain, moment.paused) !== undefined) return 'paused'
  return dueAtMs === undefined || dueAtMs <= moment.nowMs ? 'now' : 'later'
}

/** Find what stops mail to a domain. */
export function pauseOf(domain: string, paused: readonly PausedDomain[]): PausedDomain | undefined {
  return paused.find((one) => matchesPattern(one.domain, domain))
}

/** Give what the last tries of an entry came to, oldest first. */
export function answerLinesOf(entry: QueueEntry): readonly AnswerLine[] {
  return parseAnswers(entry.answers).map((answer) => ({ at: isoOf(answer.atMs), text: formatAnswer(answer) }))
}

function formatAnswer(answer: Answer): string {
  return `${formatTrouble(answer)}${formatServer(answer)}`
}

/** Give a delivery that goes on, with how far it is. */
export function runningLineOf(running: Running): RunningLine {
  const { sentBytes, sizeBytes } = running
  const share = sizeBytes === 0 ? 0 : sentBytes / sizeBytes
  // What is sent is longer than what is kept where dots are doubled.
  return { ...running, percent: Math.min(100, Math.floor(share * 100)) }
}

/** Give a paused domain as a line. */
export function pausedLineOf({ domain, sinceMs, author, why }: PausedDomain): PausedLine {
  return { domain, since: isoOf(sinceMs), author, ...(why === undefined ? {} : { why }) }
}

/** Give the state of a domain. */
export function domainLineOf(state: DomainState, paused: readonly PausedDomain[]): DomainLine {
  const { domain, site, underWay, window, down, shaped } = state
  return {
    domain,
    ...(site === undefined ? {} : { site }),
    underWay,
    window,
    ...(down === undefined ? {} : { down }),
    paused: pauseOf(domain, paused) !== undefined,
    ...(shaped === undefined ? {} : { shaped }),
  }
}

/** Write a moment, in milliseconds, as ISO 8601. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString()
}
