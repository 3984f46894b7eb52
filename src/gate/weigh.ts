/** From one rule's opinion to what follows of it: the finding of the record, the verdict, the sentence. */
import type { Settings } from '#settings/schema.ts'
import { isDeferral, type ReplyName } from '#smtp/replies.ts'
import type { Finding, Sentence, Verdict } from './record.ts'
import type { Opinion, Rule } from './rule.ts'
import type { Stage, Subject } from './subject.ts'

export const ACCEPT: Verdict = { is: 'accept' }

export interface Weighed {
  readonly finding: Finding
  /** The verdict that ends the stage; undefined: the next rule is asked. */
  readonly verdict: Verdict | undefined
  readonly sentence: Sentence | undefined
}

/** Weigh an opinion by what the settings say of its rule: refuse, defer, observe, freeze or discard. */
export function weigh(rule: Rule, stage: Stage, opinion: Opinion, subject: Subject, settings: Settings): Weighed {
  const { saw, setting } = opinion
  const action = rule.action?.of(settings) ?? 'refuse'
  const sentence = action === 'observe' ? undefined : opinion.sentence
  if (opinion.is !== 'refuse') {
    const is = opinion.sentence !== undefined && action === 'observe' ? 'observe' : opinion.is
    return { finding: findingOf(rule.name, stage, subject, is, saw, setting), verdict: undefined, sentence }
  }
  const finding = (is: Finding['is']) => findingOf(rule.name, stage, subject, is, saw, setting)
  const because = { rule: rule.name, because: saw }
  switch (action) {
    case 'observe':
      return { finding: finding('observe'), verdict: undefined, sentence: undefined }
    case 'discard':
      return { finding: finding('refuse'), verdict: { is: 'discard', ...because }, sentence }
    case 'freeze': {
      const { user } = subject
      const freeze = user === undefined ? undefined : ({ is: 'freeze', user, rule: rule.name, evidence: saw } as const)
      return {
        finding: finding('defer'),
        // The answer to AUTH is one of its own (RFC 4954 §6).
        verdict: { is: 'defer', reply: stage === 'login' ? opinion.reply : 'accountFrozen', ...because },
        sentence: freeze ?? sentence,
      }
    }
    default: {
      const reply = replyOf(rule, action, opinion.reply)
      const is = isDeferral(reply) ? 'defer' : 'refuse'
      const ref = opinion.ref === undefined ? {} : { ref: opinion.ref }
      return { finding: finding(is), verdict: { is, reply, ...because, ...ref }, sentence }
    }
  }
}

/** Choose the reply for an action; an opinion that is a deferral by itself (DNS cannot be asked) is never made a refusal. */
export function replyOf(
  { action: row }: Pick<Rule, 'action'>,
  action: 'refuse' | 'defer',
  reply: ReplyName,
): ReplyName {
  if (action === 'refuse') return row?.refused ?? reply
  return isDeferral(reply) ? reply : (row?.deferred ?? reply)
}

/** Say that a rule could not be asked, since a fact it needs cannot be read: whatever it guards waits for a better moment. */
export function unanswered(
  rule: Rule,
  stage: Stage,
  subject: Subject,
  why: string,
): { readonly finding: Finding; readonly verdict: Verdict } {
  const saw = `could not find out: ${why}`
  return {
    finding: findingOf(rule.name, stage, subject, 'defer', saw, undefined),
    verdict: { is: 'defer', reply: LATER[stage], rule: rule.name, because: saw },
  }
}

const LATER: Readonly<Record<Stage, ReplyName>> = {
  connect: 'bug',
  greeting: 'bug',
  hello: 'fault',
  login: 'loginUnavailable',
  sender: 'senderUnavailable',
  recipient: 'recipientUnavailable',
  message: 'fault',
  command: 'bug',
  abandon: 'fault',
}

/** Write a finding; at `recipient` it says of whom. */
export function findingOf(
  rule: string,
  stage: Stage,
  { recipient }: Subject,
  is: Finding['is'],
  saw: string,
  setting: string | undefined,
): Finding {
  return {
    stage,
    rule,
    is,
    saw,
    ...(setting === undefined ? {} : { setting }),
    ...(stage === 'recipient' && recipient !== undefined ? { of: recipient } : {}),
  }
}
