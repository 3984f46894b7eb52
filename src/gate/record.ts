import type { ReplyName } from '#smtp/replies.ts'
import type { Stage } from './subject.ts'

/** What one rule found, in the order the rules ran: a line of the decision record. */
export interface Finding {
  readonly stage: Stage
  readonly rule: string
  /** `observe`: it would have refused, and its action is to observe only. */
  readonly is: 'pass' | 'permit' | 'refuse' | 'defer' | 'observe'
  readonly saw: string
  /** The setting that made it so. */
  readonly setting?: string
  /** The recipient judged, at that stage. */
  readonly of?: string
}

export type Verdict =
  | { readonly is: 'accept' }
  | { readonly is: 'refuse' | 'defer'; readonly reply: ReplyName; readonly rule: string; readonly because: string }

export interface Judgement {
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
}
