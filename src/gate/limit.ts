/** What the rules that compare a count with a limit share: the comparison, and its words. */
import type { Tally } from './facts.ts'

export type Limit = number | 'unlimited'

/** Find the widest network whose count has passed the limit, times what it may reach. */
export function findPassed(tallies: readonly Tally[], limit: Limit): Tally | undefined {
  if (limit === 'unlimited') return undefined
  return tallies.findLast(({ count, times }) => count > limit * times)
}

/** Say what may be reached: `at most 500`, `no limit`. */
export function atMost(limit: Limit, times = 1): string {
  return limit === 'unlimited' ? 'no limit' : `at most ${limit * times}`
}

/** Say a count of a network with its limit: `11 unknown recipients from 198.51.100.7 in 60 minutes, at most 10`. */
export function tallyText({ network, count, times }: Tally, what: string, span: string, limit: Limit): string {
  return `${count} ${what} from ${network}${span === '' ? '' : ` in ${span}`}, ${atMost(limit, times)}`
}

/** Say a span: `60 seconds`, `60 minutes`, `24 hours`. */
export function spanText(spanMs: number): string {
  if (spanMs < 120_000) return `${Math.round(spanMs / 1000)} seconds`
  if (spanMs < 7_200_000) return `${Math.round(spanMs / 60_000)} minutes`
  return `${Math.round(spanMs / 3_600_000)} hours`
}
