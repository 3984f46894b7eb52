import type { EvidenceKind } from '#gate/evidence.ts'
import type { FactReaders, Tally } from '#gate/facts.ts'
import type { Finding, Sentence, Verdict } from '#gate/record.ts'
import type { Stage, Subject } from '#gate/subject.ts'
import type { ServiceName, Settings } from '#settings/schema.ts'
import { parseForwardPath, parseReversePath } from '#smtp/path.ts'
import { SupposedSession } from './supposed-session.ts'

/** A session that never was: who would come, and what it would say. */
export interface Hypothetical {
  readonly service: Extract<ServiceName, 'smtp' | 'submission' | 'submissions'>
  readonly ip: string
  readonly tls: boolean
  readonly helo?: string
  /** It would have talked before the greeting. */
  readonly talkedEarly?: true
  /** A login under this name would have failed first. */
  readonly failedLogin?: string
  /** The user (address) it would have logged in as. */
  readonly user?: string
  /** Minutes since a POP3 login from its address; absent: what is remembered of that address. */
  readonly popBeforeMinutes?: number
  /** The reverse path, `''` for the null sender. */
  readonly sender: string
  readonly recipients: readonly string[]
  /** Absent: no message is looked at, only its envelope. */
  readonly message?: { readonly sizeBytes: number; readonly hops: number }
}

/** One stage of the trial, as the gate judged it. */
export interface TrialStage {
  readonly stage: Stage
  /** The recipient, at that stage. */
  readonly of?: string
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  /** What would be counted against the client, this included. */
  readonly counted: readonly Counted[]
  /** What would follow beyond the answer: a block, a frozen account, trust suspended. */
  readonly sentences: readonly Sentence[]
  /** What the client would be told, without the reference; absent where it would be told nothing of note. */
  readonly reply?: string
}

/** Evidence as it would stand after this stage, by network. */
export interface Counted {
  readonly kind: EvidenceKind
  readonly tallies: readonly Tally[]
}

export interface Trial {
  /** `partly`: some recipients would be taken, others not. `discarded`: taken, and thrown away. */
  readonly outcome: 'accepted' | 'partly' | 'refused' | 'deferred' | 'discarded'
  readonly stages: readonly TrialStage[]
}

/**
 * Judge a session that never was, with the gate that judges real ones. `readers` must change nothing; a session that a stage
 * refuses ends there, as a real one would; recipients are judged one by one.
 */
export async function tryOut(asked: Hypothetical, readers: FactReaders<Subject>, settings: Settings): Promise<Trial> {
  const session = new SupposedSession(asked, readers, settings)
  const outcome = await session.hold()
  return { outcome, stages: session.stages }
}

/** Read a sender as a session would (with or without the angle brackets); undefined where it would answer with an error. */
export function readSender(text: string): string | undefined {
  const path = parseReversePath(bracketed(text))
  return path?.rest === '' ? path.address : undefined
}

/** Read a recipient as a session would; undefined where it would answer with an error. */
export function readRecipient(text: string): string | undefined {
  const path = parseForwardPath(bracketed(text))
  return path?.rest === '' ? path.address : undefined
}

function bracketed(text: string): string {
  return text.startsWith('<') ? text : `<${text}>`
}
