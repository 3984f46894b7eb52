/** Runs a table of cases against one rule at one stage, through the whole judgement: one row a case. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FactReaders, Tally } from './facts.ts'
import { judge } from './judge.ts'
import type { Finding, Sentence, Verdict } from './record.ts'
import type { Stage, Subject } from './subject.ts'
import { defaults, readersOf, stranger } from './testing.ts'

export type Facts = Partial<FactReaders<Subject>>
export type Changes = Parameters<typeof defaults>[0]

export interface Given {
  readonly subject?: Partial<Subject>
  readonly facts?: Facts
  readonly settings?: Changes
}

/**
 * A case: what is given, the verdict (`accept`, `discard`, `defer NAME`, `refuse NAME`), what the rule's findings are (`silent`: it
 * leaves none; two where it and its evidence bear one name), and the sentences (`block 198.51.100.7`, `freeze u@here.example`, `suspendTrust 10.0.0.1`).
 */
export type Row = readonly [
  name: string,
  given: Given,
  verdict: string,
  is: Finding['is'] | 'silent' | `${Finding['is']} ${Finding['is']}`,
  ...sentences: string[],
]

/** Test each row of a table; `rule` is the rule, or the evidence, that the rows are about. */
export function table(rule: string, stage: Stage, rows: readonly Row[]): void {
  describe(`${rule} at ${stage}`, () => {
    for (const [name, { subject, facts, settings }, verdict, is, ...sentences] of rows) {
      test(name, async () => {
        const judgement = await judge(stage, stranger(subject), readersOf(facts ?? {}), defaults(settings))
        const found = judgement.findings.filter((finding) => finding.rule === rule)
        assert.deepEqual(
          {
            verdict: formatVerdict(judgement.verdict),
            is: found.map((finding) => finding.is).join(' ') || 'silent',
            sentences: judgement.sentences.map(formatSentence),
          },
          { verdict, is, sentences },
        )
        for (const finding of judgement.findings) {
          assert.equal(finding.stage, stage)
          assert.notEqual(finding.saw, '')
        }
        if (judgement.verdict.is === 'accept') return
        const decisive = judgement.verdict.rule
        assert.ok(judgement.findings.some((finding) => finding.rule === decisive && finding.is !== 'pass'))
      })
    }
  })
}

/** Write a verdict as a row has it. */
export function formatVerdict(verdict: Verdict): string {
  return 'reply' in verdict ? `${verdict.is} ${verdict.reply}` : verdict.is
}

/** Write a sentence as a row has it. */
export function formatSentence(sentence: Sentence): string {
  switch (sentence.is) {
    case 'block':
      return `block ${sentence.network}`
    case 'freeze':
      return `freeze ${sentence.user}`
    case 'suspendTrust':
      return `suspendTrust ${sentence.ip}`
  }
}

export const USER = 'u@here.example'
export const IN_EXEMPT_GROUP: Facts = { exemptGroup: () => ({ group: 'local-clients', member: true }) }
export const IN_RELAY_GROUP: Facts = { relayGroup: () => ({ group: 'local-clients', member: true }) }
export const IN_TRUST_GROUP: Facts = { trustGroup: () => ({ group: 'partners', member: true }) }

/** Give the count of an IPv4 client. */
export function one(count: number): readonly Tally[] {
  return [{ network: '198.51.100.7', count, times: 1 }]
}

/** Give the counts of an IPv6 client, narrowest network first. */
export function six(by64: number, by56: number, by48: number): readonly Tally[] {
  return [
    { network: '2001:db8:0:1::/64', count: by64, times: 1 },
    { network: '2001:db8::/56', count: by56, times: 4 },
    { network: '2001:db8::/48', count: by48, times: 16 },
  ]
}
