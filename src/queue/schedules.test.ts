import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StoreFull } from '#store/contract.ts'
import type { Outcome } from './contract.ts'
import { DELIVERED, entryOf, troubleOf, worldOf } from './testing.ts'

/** What the far end says to a try, and after how long. */
const ANSWERS: readonly Outcome[] = [
  DELIVERED,
  DELIVERED,
  { is: 'placed', mailboxIds: [1] },
  troubleOf({ status: '4.2.2' }),
  troubleOf({ is: 'failed', status: '5.1.1' }),
  troubleOf({ scope: 'server', stage: 'connect' }),
  troubleOf({ scope: 'domain', stage: 'dns' }),
  troubleOf({ scope: 'message', reply: { code: 421, text: 'too many connections' } }),
  troubleOf({ scope: 'message', reply: { code: 451, text: 'rate limit' } }),
]

const trial = fc.record({ answer: fc.constantFrom(...ANSWERS), afterMs: fc.constantFrom(undefined, 0, 1000, 20_000) })

const mail = fc.record({
  domain: fc.constantFrom('a.example', 'b.example', 'c.example'),
  user: fc.constantFrom('x@here.example', 'y@here.example'),
  message: fc.nat(5),
  by: fc.constantFrom('mx', 'relay', 'local', 'nowhere'),
})

const happening = fc.oneof(
  { weight: 4, arbitrary: fc.record({ is: fc.constant('mail' as const), mail: fc.array(mail, { maxLength: 10 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ is: fc.constant('time' as const), ms: fc.constantFrom(1000, 10_000, 3_600_000) }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constantFrom('lookAgain', 'tryNow', 'hold', 'pause', 'diskFull') }) },
)

test('whatever happens, every entry ends exactly once, and none is tried twice at once', async () => {
  const seen = { tries: 0, expired: 0, shaped: 0, down: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { minLength: 1, maxLength: 12 }),
      fc.array(trial, { minLength: 1, maxLength: 20 }),
      async (happenings, trials) => {
        let tries = 0
        const world = worldOf(
          ({ entries }) => {
            const { answer, afterMs } = trials[tries++ % trials.length] ?? { answer: DELIVERED, afterMs: undefined }
            const outcomes = entries.map(({ id }) => (id % 5 === 0 ? DELIVERED : answer))
            return { outcomes, ...(afterMs !== undefined && { afterMs }) }
          },
          {
            yaml: 'queue:\n  bounceAfter: 6h\n  threads: 4\n',
            plan: ({ domain, returnPath }) =>
              returnPath === 'nowhere'
                ? troubleOf({ is: 'failed', scope: 'domain', status: '5.1.10' })
                : returnPath === 'local'
                  ? { is: 'plan', site: 'local', way: 'local', local: true }
                  : returnPath === 'relay'
                    ? { is: 'plan', site: 'relay:smart.example:25', way: 'relay' }
                    : { is: 'plan', site: `mx:${domain}`, way: 'mx' },
          },
        )
        let lastId = 0
        world.scheduler.start()
        for (const what of happenings) {
          if (what.is === 'mail' && 'mail' in what) {
            for (const { domain, user, message, by } of what.mail) {
              const id = ++lastId
              world.queue.add(
                entryOf({ id, domain, user, messageId: message, returnPath: by, createdAtMs: world.clock.nowMs() }),
              )
            }
            world.scheduler.poke()
          } else if (what.is === 'time' && 'ms' in what) {
            await world.pass(what.ms, what.ms / 2)
          } else {
            if (what.is === 'diskFull') world.queue.settleFails = new StoreFull('full')
            if (what.is === 'hold') world.queue.hold('a.example', true)
            if (what.is === 'pause') world.queue.pauses = [{ domain: 'b.*', sinceMs: 0, author: 'admin' }]
            if (what.is === 'tryNow') world.scheduler.tryNow()
            else world.scheduler.lookAgain()
          }
        }
        // All is well again, and time enough passes for everything to end.
        world.queue.settleFails = undefined
        world.queue.hold('*', false)
        world.queue.pauses = []
        world.scheduler.lookAgain()
        await world.pass(9 * 3_600_000, 600_000)
        await world.pass(600_000, 60_000)

        const left = [...world.queue.entries.values()]
        assert.deepEqual(
          left,
          [],
          JSON.stringify({ left, domains: world.scheduler.domains(10), now: world.clock.nowMs() }),
        )
        assert.equal(world.queue.deliveries.length, lastId)
        assert.equal(new Set(world.queue.deliveries.map(({ decision }) => decision)).size, lastId)
        assert.deepEqual(world.doubles, [])
        assert.deepEqual(world.scheduler.running(), [])
        seen.tries += tries
        seen.expired += world.queue.deliveries.filter(({ outcome }) => outcome === 'expired').length
        seen.shaped += world.events.filter(({ name }) => name === 'destinationShaped').length
        seen.down += world.events.filter(({ name }) => name === 'destinationDown').length
      },
    ),
    { numRuns: 300 },
  )
  // The schedules were not all of the easy kind.
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 10, `${what}: ${count}`)
})
