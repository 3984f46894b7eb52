import { messageOf } from '#base/fault.ts'
import type { Settings } from '#settings/schema.ts'
import { EVIDENCE, type EvidenceKind } from './evidence.ts'
import type { FactName, FactReaders, FactTable } from './facts.ts'
import type { Finding, Judgement, Sentence, Verdict } from './record.ts'
import type { Opinion, Rule } from './rule.ts'
import { rulesOf } from './rules.ts'
import type { Stage, Subject } from './subject.ts'
import { ACCEPT, unanswered, weigh } from './weigh.ts'
import { weighEvidence } from './weigh-evidence.ts'

/** One judgement while it is made. */
interface Case {
  readonly stage: Stage
  readonly subject: Subject
  readonly readers: FactReaders<Subject>
  readonly settings: Settings
  /** The facts read so far; a rule sees no other. */
  readonly facts: FactTable
  readonly findings: Finding[]
  readonly sentences: Sentence[]
}

/**
 * Judge one stage: run its rules in order, look up what each needs when it is reached, and stop at the first that decides. Evidence
 * that a rule names is counted and weighed with it. Never throws: a fact that cannot be read becomes a deferral by the rule that
 * needed it.
 */
export async function judge(
  stage: Stage,
  subject: Subject,
  readers: FactReaders<Subject>,
  settings: Settings,
): Promise<Judgement> {
  const all: Case = { stage, subject, readers, settings, facts: {} as FactTable, findings: [], sentences: [] }
  let verdict: Verdict | undefined
  let trouble: { readonly trouble: unknown } | undefined
  for (const rule of rulesOf(stage)) {
    if (rule.applies !== undefined && !rule.applies(subject, settings)) continue
    try {
      // Most rules need what was read before, or what is in memory: they wait for nothing.
      const opinion = spare(rule, all) ?? ask(rule, all)
      const known = opinion instanceof Promise ? await opinion : opinion
      verdict = note(rule, known, all)
      if (known.evidence !== undefined) verdict = (await weighCounted(known.evidence, all)) ?? verdict
    } catch (error) {
      trouble = { trouble: error }
      verdict = noteUnanswered(rule, error, all)
    }
    if (verdict !== undefined) break
  }
  return { verdict: verdict ?? ACCEPT, findings: all.findings, sentences: all.sentences, ...trouble }
}

/** Let a rule spare the subject before what is costly is looked up; where that has to wait, the whole opinion is given. */
function spare(rule: Rule, all: Case): Opinion | Promise<Opinion> | undefined {
  const { spares } = rule
  if (spares === undefined) return undefined
  const reading = read(spares.needs, all)
  if (reading === undefined) return spares.decide(all.subject, all.facts, all.settings)
  return reading.then(() => spares.decide(all.subject, all.facts, all.settings) ?? ask(rule, all))
}

function ask(rule: Rule, all: Case): Opinion | Promise<Opinion> {
  const reading = read(rule.needs, all)
  if (reading === undefined) return rule.decide(all.subject, all.facts, all.settings)
  return reading.then(() => rule.decide(all.subject, all.facts, all.settings))
}

/** Read the facts that were not read before; gives a promise only if one of them has to be waited for. */
function read(names: readonly FactName[], all: Case): Promise<void> | undefined {
  const facts = all.facts as Record<FactName, unknown>
  for (const [index, name] of names.entries()) {
    if (name in facts) continue
    const answer = all.readers[name](all.subject)
    if (answer instanceof Promise) {
      return answer.then((value) => {
        facts[name] = value
        return read(names.slice(index + 1), all)
      })
    }
    facts[name] = answer
  }
  return undefined
}

/** Write down what follows from an opinion; gives the verdict if it ends the stage. */
function note(rule: Rule, opinion: Opinion, { stage, subject, settings, findings, sentences }: Case) {
  const { finding, verdict, sentence } = weigh(rule, stage, opinion, subject, settings)
  findings.push(finding)
  if (sentence !== undefined) sentences.push(sentence)
  return verdict
}

/** Count evidence, and write down what follows from the counts; gives the verdict if they are too high. */
async function weighCounted(kind: EvidenceKind, all: Case): Promise<Verdict | undefined> {
  const { stage, subject, readers, settings, facts, findings, sentences } = all
  const row = EVIDENCE[kind]
  const tallies = await readers.evidence(subject, kind)
  await read(row.heedsNoGroup === true ? ['neverBlocked'] : ['exemptGroup', 'neverBlocked'], all)
  const { finding, verdict, sentence } = weighEvidence(row, tallies, stage, subject, facts, settings)
  if (finding !== undefined) findings.push(finding)
  if (sentence !== undefined) sentences.push(sentence)
  return verdict
}

function noteUnanswered(rule: Rule, error: unknown, { stage, subject, findings }: Case): Verdict {
  const { finding, verdict } = unanswered(rule, stage, subject, messageOf(error))
  findings.push(finding)
  return verdict
}
