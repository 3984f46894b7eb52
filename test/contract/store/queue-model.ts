import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import type { NewQueueEntry, QueueEntry, QueueFilter, Store } from '#store/contract.ts'
import type { StoreEngine } from './engine.ts'
import { makeMailboxes, sampleMessage } from './samples.ts'

/** What a queue is, in the fewest words: the store must not be told from it. */
interface Modelled {
  readonly id: number
  readonly domain: string
  readonly origin: string
  readonly user: string | undefined
  dueAtMs: number | undefined
  held: boolean
  attempts: number
}

type Act =
  | { readonly act: 'enqueue'; readonly entries: readonly NewQueueEntry[] }
  | { readonly act: 'settle'; readonly what: readonly (readonly [which: number, becomes: Becomes])[] }
  | { readonly act: 'wake'; readonly nowMs: number }
  | { readonly act: 'hold' | 'release' | 'retry' | 'remove'; readonly filter: Chosen }
  | { readonly act: 'tidy' }
  | { readonly act: 'restart' }
  | { readonly act: 'crowd' }

type Becomes = 'gone' | 'placed' | number

/** A filter whose numbers are places in the list of all entries there ever were. */
type Chosen = Omit<QueueFilter, 'ids'> & { readonly which?: readonly number[] }

const DOMAINS = ['a.example', 'b.example', 'c.example']
const USERS = ['u@here.example', 'v@here.example']
const CROWD = 'crowd.example'

const entry: fc.Arbitrary<NewQueueEntry> = fc.record(
  {
    recipient: fc.constantFrom(...DOMAINS).map((domain) => `r@${domain}`),
    user: fc.constantFrom(...USERS),
    ip: fc.constantFrom('192.0.2.1', '192.0.2.2'),
  },
  { requiredKeys: ['recipient'] },
)
const which = fc.nat({ max: 40 })
const becomes: fc.Arbitrary<Becomes> = fc.oneof(
  fc.constantFrom('gone' as const, 'placed' as const),
  fc.nat({ max: 20 }),
)
const filter: fc.Arbitrary<Chosen> = fc.record(
  {
    which: fc.array(which, { maxLength: 5 }),
    domain: fc.constantFrom(...DOMAINS, 'a*', '?.example'),
    user: fc.constantFrom(...USERS, 'u@*'),
    held: fc.boolean(),
  },
  { requiredKeys: [] },
)
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      act: fc.constant('enqueue' as const),
      entries: fc.array(entry, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      act: fc.constant('settle' as const),
      what: fc.array(fc.tuple(which, becomes), { maxLength: 6 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ act: fc.constant('wake' as const), nowMs: fc.nat({ max: 22 }) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      act: fc.constantFrom('hold' as const, 'release' as const, 'retry' as const, 'remove' as const),
      filter,
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ act: 'tidy' as const }, { act: 'restart' as const }) },
  { weight: 1, arbitrary: fc.constant({ act: 'crowd' as const }) },
)

/** What every engine must come to, whatever is done to its queue in whatever order. */
export function queueModelContract(engine: StoreEngine): void {
  it('agrees with a model of a dozen lines after any acts', async () => {
    let under = await engine.create()
    const [mailbox] = (await makeMailboxes(under.store, 1)) as [number]
    const model = new Map<number, Modelled>()
    let known: number[] = []
    let crowd = 0

    function matches(entry: Modelled, { ids, domain, user, held }: QueueFilter): boolean {
      const fits = (pattern: string | undefined, text: string | undefined) =>
        pattern === undefined ||
        (text !== undefined &&
          new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text))
      return (
        (ids === undefined || ids.includes(entry.id)) &&
        fits(domain, entry.domain) &&
        fits(user, entry.user) &&
        (held === undefined || held === entry.held)
      )
    }

    async function enqueue(entries: readonly NewQueueEntry[]): Promise<void> {
      await under.store.messages.accept(sampleMessage([], 'x', { queue: entries }))
      const came = await under.store.queue.find({}, { limit: entries.length, descending: true })
      for (const [at, { recipient, user, ip }] of entries.entries()) {
        const id = came[entries.length - 1 - at]?.id as number
        const domain = recipient.slice(2)
        model.set(id, { id, domain, origin: user ?? ip ?? '', user, dueAtMs: undefined, held: false, attempts: 0 })
        known.push(id)
      }
    }

    async function run(step: Act): Promise<void> {
      const { queue } = under.store
      const one = (place: number) => known[place % Math.max(known.length, 1)] ?? 1
      if (step.act === 'enqueue') await enqueue(step.entries)
      else if (step.act === 'settle') {
        const settlements = step.what.map(([place, next]) => ({ id: one(place), next }))
        for (const { id, next } of settlements) {
          const entry = model.get(id)
          if (typeof next === 'string') model.delete(id)
          else if (entry !== undefined) Object.assign(entry, { dueAtMs: next, attempts: next + 1 })
        }
        await queue.settle(
          settlements.map(({ id, next }) =>
            typeof next === 'number'
              ? { id, next: { is: 'waiting', dueAtMs: next, attempts: next + 1, warned: false, answers: '' } }
              : { id, next: next === 'gone' ? { is: 'gone' } : { is: 'placed', mailboxIds: [mailbox] } },
          ),
          [],
        )
      } else if (step.act === 'wake') {
        const woken = [...model.values()].filter(
          ({ held, dueAtMs }) => !held && dueAtMs !== undefined && dueAtMs <= step.nowMs,
        )
        for (const entry of woken) entry.dueAtMs = undefined
        const { domains, more } = await queue.wake(step.nowMs, 10_000)
        assert.deepEqual([[...domains].sort(), more], [[...new Set(woken.map(({ domain }) => domain))].sort(), false])
      } else if (step.act === 'tidy') await under.tidy()
      else if (step.act === 'restart') under = await under.restart()
      else if (step.act === 'crowd') {
        // So many that what came before them is old. They are not in the model.
        crowd += 4200
        const recipients = Array.from({ length: 4200 }, (_, at) => ({ recipient: `r${at}@${CROWD}` }))
        await under.store.messages.accept(sampleMessage([], 'x', { queue: recipients }))
      } else {
        const { which: places, ...rest } = step.filter
        const wanted: QueueFilter = places === undefined ? { ...rest } : { ...rest, ids: places.map(one) }
        // The crowd is never meant.
        const filter = Object.keys(wanted).every((key) => key === 'held') ? { ...wanted, domain: '?.example' } : wanted
        let touched = 0
        for (const entry of [...model.values()].filter((each) => matches(each, filter))) {
          if (step.act === 'remove') model.delete(entry.id)
          else if (step.act === 'retry') {
            if (entry.held || entry.dueAtMs === undefined) continue
            entry.dueAtMs = undefined
          } else {
            if (entry.held === (step.act === 'hold')) continue
            entry.held = !entry.held
          }
          touched += 1
        }
        const did =
          step.act === 'remove' ? await queue.remove(filter, { atMs: 1, story: '' }) : await queue[step.act](filter)
        assert.equal(did, touched, step.act)
      }
    }

    async function compare(store: Store): Promise<void> {
      const { queue } = store
      const all = [...model.values()].sort((a, b) => a.id - b.id)
      const seen = (entries: readonly QueueEntry[]) =>
        entries.map(({ id, domain, origin, user, dueAtMs, held = false, attempts }) => ({
          id,
          domain,
          origin,
          user,
          dueAtMs,
          held,
          attempts,
        }))
      const ids = (entries: readonly { readonly id: number }[]) => entries.map(({ id }) => id)
      assert.equal(await queue.count(), all.length + crowd, 'count')
      assert.deepEqual(seen(await queue.find({ domain: '?.example' }, { limit: 1000 })), all)
      for (const domain of DOMAINS) {
        const want = all.filter((each) => each.domain === domain)
        assert.deepEqual(seen(await queue.find({ domain }, { limit: 1000 })), want, domain)
      }
      for (const user of USERS) {
        const want = all.filter((each) => each.user === user)
        assert.deepEqual(seen(await queue.find({ user }, { limit: 1000 })), want, user)
      }
      const ready = all.filter(({ held, dueAtMs }) => !held && dueAtMs === undefined)
      const arrived = (await queue.arrivals(0, 100_000)).filter(({ domain }) => domain !== CROWD)
      assert.deepEqual(ids(arrived), ids(ready), 'arrivals')
      const domains = (await queue.readyDomains('', 100)).filter((domain) => domain !== CROWD)
      assert.deepEqual(domains, [...new Set(ready.map(({ domain }) => domain))].sort(), 'ready domains')
      for (const domain of domains) {
        const turn = {
          afterOrigin: USERS[0] as string,
          perOrigin: 2,
          limit: 1000,
          skip: new Set(ids(ready).slice(0, 1)),
        }
        const here = ready.filter((each) => each.domain === domain && !turn.skip.has(each.id))
        const origins = [...new Set(here.map(({ origin }) => origin))].sort()
        const inTurn = [
          ...origins.filter((one) => one > turn.afterOrigin),
          ...origins.filter((one) => one <= turn.afterOrigin),
        ]
        const want = inTurn.flatMap((origin) => here.filter((each) => each.origin === origin).slice(0, 2))
        assert.deepEqual(ids(await queue.ready(domain, turn)), ids(want), `ready of ${domain}`)
      }
      const due = all.flatMap(({ held, dueAtMs }) => (held || dueAtMs === undefined ? [] : [dueAtMs]))
      assert.equal(await queue.nextDueMs(), due.length === 0 ? undefined : Math.min(...due), 'next due')
    }

    try {
      await fc.assert(
        fc
          .asyncProperty(fc.array(act, { minLength: 5, maxLength: 15, size: 'max' }), async (acts) => {
            for (const step of acts) {
              await run(step)
              await compare(under.store)
            }
          })
          .beforeEach(async () => {
            await under.store.queue.remove({}, { atMs: 0, story: '' })
            model.clear()
            known = []
            crowd = 0
          }),
        { numRuns: 100 },
      )
    } finally {
      await under.close()
    }
  })
}
