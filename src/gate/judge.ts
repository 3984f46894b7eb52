import { messageOf } from '#base/fault.ts'
import type { Settings } from '#settings/schema.ts'
import type { FactName, FactReaders, FactTable } from './facts.ts'
import type { Finding, Judgement, Verdict } from './record.ts'
import type { Rule } from './rule.ts'
import { rulesOf } from './rules.ts'
import type { Stage, Subject } from './subject.ts'

const ACCEPT: Verdict = { is: 'accept' }

/**
 * Judge one stage: run its rules in order, look up what each needs when it is reached, and stop at the first that refuses or
 * defers. Never throws: a fact that cannot be read becomes a deferral by the rule that needed it.
 */
export async function judge(
  stage: Stage,
  subject: Subject,
  readers: FactReaders<Subject>,
  settings: Settings,
): Promise<Judgement> {
  const facts: Partial<Record<FactName, unknown>> = {}
  const findings: Finding[] = []
  for (const rule of rulesOf(stage)) {
    try {
      for (const name of rule.needs) {
        if (name in facts) continue
        const answer = readers[name](subject)
        facts[name] = answer instanceof Promise ? await answer : answer
      }
    } catch (error) {
      const saw = `could not find out: ${messageOf(error)}`
      findings.push(finding(rule, subject, 'defer', saw, undefined))
      return { verdict: { is: 'defer', reply: 'recipientUnavailable', rule: rule.name, because: saw }, findings }
    }
    const verdict = weigh(rule, subject, facts as unknown as FactTable, settings, findings)
    if (verdict !== undefined) return { verdict, findings }
  }
  return { verdict: ACCEPT, findings }
}

/** Ask one rule, write its finding, and give the verdict it ends the stage with, if it does. */
function weigh(
  rule: Rule,
  subject: Subject,
  facts: FactTable,
  settings: Settings,
  findings: Finding[],
): Verdict | undefined {
  const opinion = rule.decide(subject, facts, settings)
  if (opinion.is !== 'refuse') {
    findings.push(finding(rule, subject, opinion.is, opinion.saw, opinion.setting))
    return undefined
  }
  const action = rule.action?.of(settings) ?? 'refuse'
  const { saw, setting } = opinion
  findings.push(finding(rule, subject, action, saw, setting))
  if (action === 'observe') return undefined
  const reply = action === 'defer' && rule.action !== undefined ? rule.action.deferred : opinion.reply
  return { is: action, reply, rule: rule.name, because: saw }
}

function finding(rule: Rule, subject: Subject, is: Finding['is'], saw: string, setting: string | undefined): Finding {
  return {
    stage: rule.stage,
    rule: rule.name,
    is,
    saw,
    ...(setting === undefined ? {} : { setting }),
    ...(rule.stage === 'recipient' && subject.recipient !== undefined ? { of: subject.recipient } : {}),
  }
}
