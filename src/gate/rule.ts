import type { Settings } from '#settings/schema.ts'
import type { ReplyName } from '#smtp/replies.ts'
import type { FactName, FactTable } from './facts.ts'
import type { Stage, Subject } from './subject.ts'

/** What one rule says of what it saw. `pass` is "no opinion": the rule does not apply, or is content. */
export type Opinion =
  | { readonly is: 'pass' | 'permit'; readonly saw: string; readonly setting?: string }
  | { readonly is: 'refuse'; readonly saw: string; readonly setting?: string; readonly reply: ReplyName }

/**
 * One rule: a pure function of the subject, the facts it names and the settings. It looks nothing up, knows no clock and
 * changes nothing, so the live session, `try` and `replay` get the same answer from the same facts.
 */
export interface Rule {
  /** kebab-case, the file's name: what the record, the documentation and the metrics call it. */
  readonly name: string
  readonly stage: Stage
  /** One sentence for the administrator: what it guards against. */
  readonly about: string
  /** The settings it reads, as paths. */
  readonly reads: readonly string[]
  readonly needs: readonly FactName[]
  readonly decide: (subject: Subject, facts: FactTable, settings: Settings) => Opinion
  /** The setting that turns a refusal into a deferral or an observation, and the reply when deferred. */
  readonly action?: {
    readonly of: (settings: Settings) => 'refuse' | 'defer' | 'observe'
    readonly deferred: ReplyName
  }
}
