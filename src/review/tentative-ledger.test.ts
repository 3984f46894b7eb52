import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Question } from '#ledger/contract.ts'
import { tentativeLedger } from './tentative-ledger.ts'

/** Counts for good, in the plainest way: one event an entry, time standing still. */
class PlainLedger {
  readonly #counts = new Map<string, { count: number; readonly distinct: Set<string> }>()

  ask(questions: readonly Question[], keeps = true): readonly number[] {
    return questions.map(({ of, by, withinMs, add = 0, distinct, most }) => {
      const key = `${of} ${by} ${withinMs}`
      const entry = this.#counts.get(key) ?? { count: 0, distinct: new Set() }
      const added = distinct !== undefined && entry.distinct.has(distinct) ? 0 : add
      const answer = entry.count + added
      if (keeps && added > 0 && (most === undefined || answer <= most)) {
        entry.count = answer
        if (distinct !== undefined) entry.distinct.add(distinct)
        this.#counts.set(key, entry)
      }
      return answer
    })
  }
}

const question: fc.Arbitrary<Question> = fc.record(
  {
    of: fc.constantFrom('a', 'b'),
    by: fc.constantFrom('x', 'y'),
    withinMs: fc.constantFrom(1000, 2000),
    add: fc.integer({ min: 1, max: 3 }),
    distinct: fc.constantFrom('p', 'q', 'r'),
    most: fc.integer({ min: 0, max: 4 }),
  },
  { requiredKeys: ['of', 'by', 'withinMs'] },
)

test('a trial counts as a real session would, and leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(question), fc.array(question), async (before, during) => {
      const real = new PlainLedger()
      const twin = new PlainLedger()
      real.ask(before)
      twin.ask(before)
      const tentative = tentativeLedger({ ask: (questions) => real.ask(questions, false) })
      for (const each of during) assert.deepEqual(await tentative.ask([each]), twin.ask([each]))
      const untouched = new PlainLedger()
      untouched.ask(before)
      const looks = during.map(({ of, by, withinMs }) => ({ of, by, withinMs }))
      assert.deepEqual(real.ask(looks), untouched.ask(looks))
    }),
    { numRuns: 300 },
  )
})
