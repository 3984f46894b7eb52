import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import type { ManualClock } from '#base/clock.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, type Question } from '#ledger/contract.ts'
import type { LedgerEngine } from './engine.ts'
import { withLedger } from './with-ledger.ts'

interface Event {
  readonly atMs: number
  readonly amount: number
  readonly text: string | undefined
}

/** Every event, kept: what each count must be is then plain. */
class ExactCounts {
  readonly #events = new Map<string, Event[]>()

  /** Count what was added later than this. */
  since(asked: Question, afterMs: number): number {
    return this.#eventsOf(asked).reduce((sum, { atMs, amount }) => sum + (atMs > afterMs ? amount : 0), 0)
  }

  /** Tell whether this text was counted later than this. */
  has(asked: Question, afterMs: number): boolean {
    const { distinct } = asked
    return distinct !== undefined && this.#eventsOf(asked).some(({ atMs, text }) => text === distinct && atMs > afterMs)
  }

  add(asked: Question, atMs: number): void {
    this.#eventsOf(asked).push({ atMs, amount: asked.add ?? 0, text: asked.distinct })
  }

  forget(of: string, by: string, withinMs: number): void {
    this.#events.delete(keyOf({ of, by, withinMs }))
  }

  /** Forget what need not outlive a process. */
  forgetShort(): void {
    for (const key of this.#events.keys()) {
      if (Number(key.slice(key.lastIndexOf(' '))) < HOUR_MS) this.#events.delete(key)
    }
  }

  #eventsOf(asked: Question): Event[] {
    const events = this.#events.get(keyOf(asked)) ?? []
    this.#events.set(keyOf(asked), events)
    return events
  }
}

function keyOf({ of, by, withinMs }: Question): string {
  return `${of} ${by} ${withinMs}`
}

type Deed =
  | { readonly is: 'wait'; readonly ms: number }
  | { readonly is: 'ask'; readonly question: Question }
  | { readonly is: 'forget'; readonly of: string; readonly by: string; readonly withinMs: number }
  | { readonly is: 'restart' }

const key = {
  of: fc.constantFrom('messages', 'failedLogins'),
  by: fc.constantFrom('192.0.2.1', '2001:db8::/64', 'anna@here.example'),
  withinMs: fc.constantFrom(1000, MINUTE_MS, HOUR_MS, DAY_MS, 61_007),
}
const question: fc.Arbitrary<Question> = fc.record(
  {
    ...key,
    add: fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, fc.constantFrom(3, 65_535, 100_000)),
    distinct: fc.constantFrom('a', 'b', 'c'),
    most: fc.constantFrom(0, 2, 5, 65_540),
  },
  { requiredKeys: ['of', 'by', 'withinMs'] },
)
const wait = fc.constantFrom(
  1,
  7,
  599,
  600,
  601,
  30_000,
  59_999,
  60_000,
  60_600,
  HOUR_MS / 2,
  HOUR_MS,
  HOUR_MS + 36_000,
)
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ is: fc.constant('ask' as const), question }) },
  { weight: 4, arbitrary: fc.record({ is: fc.constant('wait' as const), ms: wait }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('forget' as const), ...key }) },
  { weight: 1, arbitrary: fc.constant({ is: 'restart' as const }) },
)

/** Whatever is asked in whatever order: never below what the window holds, never above what a window of a hundredth more holds. */
export function modelContract(engine: LedgerEngine): void {
  it('counts as one that keeps every event', () =>
    fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 60 }), (deeds) =>
        withLedger(engine, async (first, clock) => {
          let under = first
          const exact = new ExactCounts()
          for (const [index, each] of deeds.entries()) {
            switch (each.is) {
              case 'wait':
                clock.advance(each.ms)
                break
              case 'restart':
                under = under.restart()
                exact.forgetShort()
                break
              case 'forget':
                await under.ledger.forget([each.of], each.by, [each.withinMs])
                exact.forget(each.of, each.by, each.withinMs)
                break
              case 'ask': {
                const ledger = index % 3 === 0 ? under.another() : under.ledger
                const [answer = Number.NaN] = await ledger.ask([each.question])
                check(each.question, answer, exact, clock)
              }
            }
          }
          // The first one's folder is this one's.
          if (under !== first) under.shut()
        }),
      ),
      { numRuns: 200 },
    ))
}

function check(asked: Question, answer: number, exact: ExactCounts, clock: ManualClock): void {
  const { withinMs, add = 0, most = Number.POSITIVE_INFINITY } = asked
  const windowMs = clock.nowMs() - withinMs
  const added = exact.has(asked, windowMs) ? 0 : add
  const least = exact.since(asked, windowMs) + added
  const greatest = exact.since(asked, windowMs - Math.max(1, withinMs / 100) - 1) + added
  assert.ok(
    answer >= least && answer <= greatest,
    `${JSON.stringify(asked)}: ${answer} is not in ${least}..${greatest}`,
  )
  if (added > 0 && answer <= most) exact.add(asked, clock.nowMs())
}
