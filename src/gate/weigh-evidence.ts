/** From the counts of evidence against a client to the block that follows when they are too high. */
import type { Settings } from '#settings/schema.ts'
import type { EvidenceRow } from './evidence.ts'
import type { FactTable, Tally } from './facts.ts'
import { findPassed, spanText, tallyText } from './limit.ts'
import type { Finding, Sentence, Verdict } from './record.ts'
import type { Stage, Subject } from './subject.ts'
import { findingOf } from './weigh.ts'

export interface WeighedEvidence {
  /** Absent where nothing is held against this client. */
  readonly finding?: Finding
  readonly verdict?: Verdict
  readonly sentence?: Sentence
}

const NOTHING: WeighedEvidence = {}

/** Weigh the counts of one kind of evidence, the newest included. The widest network that has passed its limit is blocked. */
export function weighEvidence(
  row: EvidenceRow,
  tallies: readonly Tally[],
  stage: Stage,
  subject: Subject,
  { exemptGroup, neverBlocked }: Pick<FactTable, 'exemptGroup' | 'neverBlocked'>,
  settings: Settings,
): WeighedEvidence {
  const limit = row.limit(settings)
  const [narrowest] = tallies
  if (limit === 'unlimited' || narrowest === undefined) return NOTHING
  const finding = (is: Finding['is'], saw: string, setting: string) =>
    findingOf(row.reason, stage, subject, is, saw, setting)
  if (row.heedsNoGroup !== true) {
    // Who logged in answers with the account: the address may be a whole office's.
    if (subject.user !== undefined) return NOTHING
    if (exemptGroup.member) {
      return { finding: finding('pass', `${subject.ip} is in the group ${exemptGroup.group}`, 'limits.exemptGroup') }
    }
  }
  // No block could follow, so none is said to: the client hears what the rule itself has to say.
  if (neverBlocked) {
    return { finding: finding('pass', `${subject.ip} is on the never-block list`, 'limits.neverBlock') }
  }
  const passed = findPassed(tallies, limit)
  const saw = tallyText(passed ?? narrowest, row.what, spanText(row.withinMs(settings)), limit)
  if (passed === undefined) return { finding: finding('pass', saw, row.setting) }

  const action = row.action(settings)
  if (action === 'observe') return { finding: finding('observe', saw, row.setting) }
  return {
    finding: finding(action, saw, row.setting),
    verdict: { is: action, reply: blockReply(action), rule: row.reason, because: saw },
    sentence: {
      is: 'block',
      network: passed.network,
      reason: row.reason,
      evidence: saw,
      forMs: row.blockForMs(settings),
    },
  }
}

/** Give what a blocked client is told: to come back, unless the settings want it refused for good. */
export function blockReply(action: 'refuse' | 'defer'): 'addressRefused' | 'addressBlocked' {
  return action === 'refuse' ? 'addressRefused' : 'addressBlocked'
}
