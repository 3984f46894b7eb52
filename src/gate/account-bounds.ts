/** What the limits on an account share: its counts beside what each may reach, and the comparison. */
import type { Settings } from '#settings/schema.ts'
import type { AccountCounts } from './facts.ts'
import { atMost, type Limit } from './limit.ts'
import type { Opinion } from './rule.ts'

/** One count of an account, and what it may reach. */
export interface Bound {
  readonly setting: string
  readonly limit: Limit
  readonly count: number
  readonly what: string
}

type AccountLimits = Settings['limits']['account']

/** Give an account's messages beside their limits. */
export function messageBounds(
  { messagesInHour, messagesInDay }: AccountCounts,
  { messagesPerHour, messagesPerDay }: AccountLimits,
): readonly Bound[] {
  return [
    {
      setting: 'limits.account.messagesPerHour',
      limit: messagesPerHour,
      count: messagesInHour,
      what: 'messages in 60 minutes',
    },
    {
      setting: 'limits.account.messagesPerDay',
      limit: messagesPerDay,
      count: messagesInDay,
      what: 'messages in 24 hours',
    },
  ]
}

/** Give an account's recipients beside their limits. */
export function recipientBounds(
  { recipientsInHour, recipientsInDay }: AccountCounts,
  { recipientsPerHour, recipientsPerDay }: AccountLimits,
): readonly Bound[] {
  return [
    {
      setting: 'limits.account.recipientsPerHour',
      limit: recipientsPerHour,
      count: recipientsInHour,
      what: 'recipients in 60 minutes',
    },
    {
      setting: 'limits.account.recipientsPerDay',
      limit: recipientsPerDay,
      count: recipientsInDay,
      what: 'recipients in 24 hours',
    },
  ]
}

/** Give an account's recipients that it never wrote to before beside their limit. */
export function newRecipientBounds(
  { newRecipientsInDay }: AccountCounts,
  { newRecipientsPerDay }: AccountLimits,
): readonly Bound[] {
  return [
    {
      setting: 'limits.account.newRecipientsPerDay',
      limit: newRecipientsPerDay,
      count: newRecipientsInDay,
      what: 'recipients never written to before in 24 hours',
    },
  ]
}

/** Compare an account's counts with their bounds, `more` of them still to come. */
export function weighBounds(user: string | undefined, bounds: readonly Bound[], more = 0): Opinion {
  const passed = bounds.find(({ limit, count }) => limit !== 'unlimited' && count + more > limit)
  const shown = passed ?? bounds[0]
  if (shown === undefined) return { is: 'pass', saw: 'no limit' }
  const saw = `${user}: ${shown.count + more} ${shown.what}, ${atMost(shown.limit)}`
  const { setting } = shown
  return passed === undefined ? { is: 'pass', saw, setting } : { is: 'refuse', saw, setting, reply: 'accountTooMuch' }
}
