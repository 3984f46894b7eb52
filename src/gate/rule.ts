import type { Settings } from '#settings/schema.ts'
import type { ReplyName } from '#smtp/replies.ts'
import type { EvidenceKind } from './evidence.ts'
import type { FactName, FactTable } from './facts.ts'
import type { Sentence } from './record.ts'
import type { Stage, Subject } from './subject.ts'

interface Seen {
  readonly saw: string
  readonly setting?: string
  /** What this tells against the client: it is counted, and may be too much (`evidence.ts`). */
  readonly evidence?: EvidenceKind
  readonly sentence?: Sentence
}

/** What one rule says of what it saw. `pass` is "no opinion": the rule does not apply, or is content. */
export type Opinion =
  | (Seen & { readonly is: 'pass' | 'permit' })
  | (Seen & {
      readonly is: 'refuse'
      readonly reply: ReplyName
      /** See `Verdict.ref`. */
      readonly ref?: string
    })

/** What is done when a rule would refuse. */
export type Action = 'refuse' | 'defer' | 'observe' | 'freeze' | 'discard'

/** Who a rule does not judge, for the table of exemptions in the documentation. */
export type Exemption =
  | 'members of limits.exemptGroup'
  | 'members of the relay group'
  | 'members of the trust group'
  | 'users that logged in'
  | 'users that logged in before the block'
  | 'the never-block list'
  | 'other services than SMTP (port 25)'
  | 'other services than the three of SMTP'
  | 'other services than submission'
  | 'the null sender'
  | 'senders of local domains'
  | 'recipients in local domains'

/**
 * One rule: a pure function of the subject, the facts it names and the settings. It looks nothing up, knows no clock and
 * changes nothing, so the live session, `try` and `replay` get the same answer from the same facts.
 */
export interface Rule {
  /** kebab-case: what the record, the documentation and the metrics call it. Rules that share one look at one limit at two stages. */
  readonly name: string
  /** Where it judges; most at one stage. */
  readonly stage: Stage | readonly Stage[]
  /** One sentence for the administrator: what it guards against. */
  readonly about: string
  /** The settings it reads, as paths. */
  readonly reads: readonly string[]
  readonly needs: readonly FactName[]
  /** Whom it does not judge. */
  readonly exempts?: readonly Exemption[]
  /** Says who is spared before what is costly to find out (`needs`: DNS, counts) is looked up; undefined: go on. */
  readonly spares?: {
    readonly needs: readonly FactName[]
    readonly decide: (subject: Subject, facts: FactTable, settings: Settings) => Opinion | undefined
  }
  /** Tells whether it is switched on; a rule that is off leaves no finding and looks nothing up. Absent: always. */
  readonly applies?: (subject: Subject, settings: Settings) => boolean
  readonly decide: (subject: Subject, facts: FactTable, settings: Settings) => Opinion
  /** The replies that its own opinions name; `action` may put others in their place. */
  readonly replies: readonly ReplyName[]
  /** The setting that turns a refusal into something else, and the replies that go with it. */
  readonly action?: {
    readonly setting: string
    readonly of: (settings: Settings) => Action
    /** The reply when refused for good, where the opinion's own is the deferral. */
    readonly refused?: ReplyName
    /** The reply when deferred, where the opinion's own is the refusal. */
    readonly deferred?: ReplyName
  }
}
