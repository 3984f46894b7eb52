import type { Ledger, Question } from '#ledger/contract.ts'

/** What was counted in the course of one trial, and nowhere else. */
interface Supposed {
  count: number
  readonly distinct: Set<string>
}

/**
 * Lay a ledger over one that counts nothing and answers what it would have been: what is counted here is remembered here, so that
 * the third guess of one supposed session is its third. Make a new one for each trial.
 */
export function tentativeLedger(readOnly: Pick<Ledger, 'ask'>): Pick<Ledger, 'ask'> {
  const supposed = new Map<string, Supposed>()

  async function answer({ most, ...question }: Question): Promise<number> {
    const { of, by, withinMs, add, distinct } = question
    const [wouldBe = 0, stands = 0] = await readOnly.ask([question, { of, by, withinMs }])
    const key = JSON.stringify([of, by, withinMs])
    const before = supposed.get(key) ?? { count: 0, distinct: new Set() }
    const isNew = distinct === undefined || !before.distinct.has(distinct)
    const added = add === undefined || !isNew ? 0 : wouldBe - stands
    const count = stands + before.count + added
    if (added > 0 && (most === undefined || count <= most)) {
      before.count += added
      if (distinct !== undefined) before.distinct.add(distinct)
      supposed.set(key, before)
    }
    return count
  }

  return {
    async ask(questions) {
      const answers: number[] = []
      for (const question of questions) answers.push(await answer(question))
      return answers
    },
  }
}
