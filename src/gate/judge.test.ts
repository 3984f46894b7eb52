import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { judge } from './judge.ts'
import { defaults, readersOf, stranger } from './testing.ts'

test('a fact that cannot be read defers, with the reason in the record', async () => {
  const readers = readersOf({
    destination: () => {
      throw new Error('the disk is away')
    },
  })
  const { verdict, findings } = await judge('recipient', stranger({ recipient: 'a@far.example' }), readers, defaults())
  assert.deepEqual(verdict, {
    is: 'defer',
    reply: 'recipientUnavailable',
    rule: 'relay',
    because: 'could not find out: the disk is away',
  })
  assert.equal(findings.at(-1)?.is, 'defer')
})

test('a fact is read at most once a stage, and not before a rule that needs it is reached', async () => {
  let reads = 0
  const readers = readersOf({
    destination: () => {
      reads += 1
      return { is: 'local', full: false }
    },
  })
  await judge('recipient', stranger({ recipient: 'a@here.example', recipientCount: 0 }), readers, defaults())
  assert.equal(reads, 1)
  await judge('recipient', stranger({ recipient: 'a@here.example', recipientCount: 100 }), readers, defaults())
  assert.equal(reads, 1)
})

test('observe records what would have been refused, and goes on', async () => {
  const settings = defaults({ rules: { hops: { action: 'observe' } } })
  const { verdict, findings } = await judge(
    'message',
    stranger({ messageBytes: 10, hops: 101 }),
    readersOf({}),
    settings,
  )
  assert.equal(verdict.is, 'accept')
  assert.equal(findings.find((finding) => finding.rule === 'hops')?.is, 'observe')
})

test('defer answers with a temporary reply', async () => {
  const settings = defaults({ rules: { hops: { action: 'defer' } } })
  const { verdict } = await judge('message', stranger({ messageBytes: 10, hops: 101 }), readersOf({}), settings)
  assert.deepEqual(verdict.is === 'defer' && verdict.reply, 'tooManyHopsDeferred')
})

test('no stranger relays: whatever the settings, an external recipient is accepted only by a condition that is met', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        mode: fc.constantFrom('controlled', 'open'),
        smtpAuth: fc.boolean(),
        groupAfterFailedLogin: fc.boolean(),
        popEnabled: fc.boolean(),
        minutes: fc.integer({ min: 1, max: 1440 }),
        member: fc.boolean(),
        user: fc.option(fc.constant('user1@here.example'), { nil: undefined }),
        loginFailed: fc.boolean(),
        sincePopLoginMs: fc.option(fc.integer({ min: 0, max: 100_000_000 }), { nil: undefined }),
      }),
      async (c) => {
        const settings = defaults({
          relay: {
            mode: c.mode,
            smtpAuth: c.smtpAuth,
            groupAfterFailedLogin: c.groupAfterFailedLogin,
            popBeforeSmtp: { enabled: c.popEnabled, minutes: c.minutes },
          },
        })
        const subject = stranger({
          recipient: 'x@far.example',
          loginFailed: c.loginFailed && c.user === undefined,
          ...(c.user === undefined ? {} : { user: c.user }),
        })
        const readers = readersOf({
          destination: () => ({ is: 'external', domain: 'far.example' }),
          relayGroup: () => ({ group: 'local-clients', member: c.member }),
          sincePopLoginMs: () => c.sincePopLoginMs,
        })
        const { verdict } = await judge('recipient', subject, readers, settings)
        const failed = subject.loginFailed
        const byGroup = c.member && (!failed || c.groupAfterFailedLogin)
        const byLogin = c.smtpAuth && c.user !== undefined
        const byPop =
          c.popEnabled && c.sincePopLoginMs !== undefined && c.sincePopLoginMs <= c.minutes * 60_000 && !failed
        const allowed = c.mode === 'open' || byGroup || byLogin || byPop
        assert.equal(verdict.is, allowed ? 'accept' : 'refuse')
      },
    ),
  )
})
