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
  /** The message is taken, and thrown away (`rules.messagesPerHour.action: discard`). */
  | { readonly is: 'discard'; readonly rule: string; readonly because: string }
  | {
      readonly is: 'refuse' | 'defer'
      readonly reply: ReplyName
      readonly rule: string
      readonly because: string
      /** The record that tells why already stands, under this reference (a block's): no other is to be kept. */
      readonly ref?: string
    }

/** What follows from a judgement beyond its answer; the session hands it on, and whoever keeps blocks and accounts carries it out. */
export type Sentence =
  | {
      readonly is: 'block'
      readonly network: string
      /** The evidence's `reason`. */
      readonly reason: string
      readonly evidence: string
      /** How long the first such block lasts; repeats are longer. */
      readonly forMs: number
    }
  | { readonly is: 'freeze'; readonly user: string; readonly rule: string; readonly evidence: string }
  | { readonly is: 'suspendTrust'; readonly ip: string; readonly evidence: string }

export interface Judgement {
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  readonly sentences: readonly Sentence[]
  /** What a rule or a reader of facts threw, where that made the verdict a deferral: for the log of whoever asked. */
  readonly trouble?: unknown
}
