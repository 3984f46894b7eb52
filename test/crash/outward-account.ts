/** The books of the way out: what was acknowledged against what came to the other server. */
import { type Attempt, idOf, isAcknowledged, messageBytes } from './message.ts'

/** One recipient of one message, taken by the other server. */
export interface Arrival {
  readonly id: string
  readonly recipient: string
  /** How often the server had been started before the connection was made that it came over. */
  readonly life: number
  /** Recipients that came in one transaction have the same. */
  readonly transaction: number
}

export interface OutwardAccount {
  readonly acknowledged: number
  readonly arrived: number
  /** Transactions that were repeated after a kill, as they may be. */
  readonly repeated: number
  /** Sentences; none means that all is well. */
  readonly findings: readonly string[]
}

export interface Ending {
  readonly signal: NodeJS.Signals
}

/** Compare a message that came with what was sent; gives what is wrong with it. */
export function findingsOf(content: Buffer, attempts: ReadonlyMap<string, Attempt>): readonly string[] {
  const named = idOf(content)
  const attempt = named === undefined ? undefined : attempts.get(named.id)
  if (named === undefined || attempt === undefined) {
    return [`foreign: a message came that nobody sent: ${JSON.stringify(content.toString('latin1', 0, 300))}`]
  }
  if (content.subarray(named.startsAt).equals(messageBytes(attempt))) return []
  return [`CHANGED: message ${attempt.id} (${attempt.by}, ${attempt.sizeBytes} bytes)`]
}

/**
 * Settle the account: all that was acknowledged came, once; again only what was under way when the server was killed, at most
 * `atOnce` transactions for each kill. `endings` says how each life ended.
 */
export function settleOutward(
  attempts: readonly Attempt[],
  arrivals: readonly Arrival[],
  endings: readonly Ending[],
  atOnce: number,
): OutwardAccount {
  const findings: string[] = []
  const arrivalsOf = Map.groupBy(arrivals, ({ id, recipient }) => `${id} ${recipient}`)
  const repeatedAt = endings.map(() => new Set<number>())
  for (const attempt of attempts) {
    for (const recipient of attempt.recipients) {
      // What an ended server has sent may be read after the first words of the next one.
      const came = (arrivalsOf.get(`${attempt.id} ${recipient}`) ?? []).toSorted((a, b) => a.life - b.life)
      const about = `message ${attempt.id} to ${recipient} (answered ${attempt.reply ?? 'nothing'})`
      if (came.length === 0 && isAcknowledged(attempt)) findings.push(`LOST: ${about}`)
      if (came.length > 0 && attempt.reply !== undefined && !isAcknowledged(attempt))
        findings.push(`sent though refused: ${about}`)
      for (const [index, { life, transaction }] of came.entries()) {
        const next = came[index + 1]
        if (next === undefined) continue
        if (next.life === life || endings[life]?.signal !== 'SIGKILL')
          findings.push(`doubled: ${about} came in lives ${came.map((one) => one.life).join(', ')}`)
        else repeatedAt[life]?.add(transaction)
      }
    }
  }
  for (const [life, repeated] of repeatedAt.entries()) {
    if (repeated.size > atOnce)
      findings.push(
        `doubled: ${repeated.size} transactions after the end of life ${life}, at most ${atOnce} were under way`,
      )
  }
  return {
    acknowledged: attempts.filter(isAcknowledged).length,
    arrived: arrivals.length,
    repeated: repeatedAt.reduce((sum, { size }) => sum + size, 0),
    findings,
  }
}
