import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Subject } from '#gate/subject.ts'
import { stranger } from '#gate/testing.ts'
import { createFacts } from '../facts.ts'
import { ANNA, createWorld } from './testing.ts'

function anna(more: Partial<Subject> = {}): Subject {
  return stranger({ user: ANNA.address, ...more })
}

test('what the directory says of the account', async () => {
  const { sources, users } = createWorld()
  const facts = createFacts(sources)
  assert.deepEqual(await facts.account(anna()), { localDomainsOnly: false })
  users.set(ANNA.address, {
    ...ANNA,
    localDomainsOnly: true,
    frozen: { sinceMs: 0, why: '301 messages', by: 'account-messages' },
  })
  assert.deepEqual(await facts.account(anna()), { localDomainsOnly: true, frozen: '301 messages' })
  users.set(ANNA.address, { ...ANNA, disabled: true })
  assert.deepEqual(await facts.account(anna()), { localDomainsOnly: false, frozen: 'the account is disabled' })
  users.delete(ANNA.address)
  assert.deepEqual(await facts.account(anna()), { localDomainsOnly: true, frozen: 'the account is no longer there' })
})

test('a message counts with its recipients, the new ones among them, for the hour and the day', async () => {
  const { sources, clock } = createWorld()
  const facts = createFacts(sources)
  const first = await facts.accountMessageTaken(anna({ recipientCount: 3, newRecipientCount: 2 }))
  const expected = {
    messagesInHour: 1,
    messagesInDay: 1,
    recipientsInHour: 3,
    recipientsInDay: 3,
    newRecipientsInDay: 2,
    bouncesInDay: 0,
    returnedInDay: 0,
  }
  assert.deepEqual(first, expected)
  assert.deepEqual(await facts.accountCounts(anna()), expected)
  clock.advance(3_600_000)
  assert.deepEqual(await facts.accountCounts(anna()), { ...expected, messagesInHour: 0, recipientsInHour: 0 })
})

const LIMITS = [
  'messagesPerHour',
  'messagesPerDay',
  'recipientsPerHour',
  'recipientsPerDay',
  'newRecipientsPerDay',
] as const
for (const limit of LIMITS) {
  test(`a message past ${limit} is counted nowhere, and its count says by how much`, async () => {
    const most = limit.startsWith('messages') ? 1 : 3
    const { sources } = createWorld({ limits: { account: { [limit]: most } } })
    const facts = createFacts(sources)
    const subject = anna({ recipientCount: 3, newRecipientCount: 3 })
    const first = await facts.accountMessageTaken(subject)
    const second = await facts.accountMessageTaken(subject)
    assert.deepEqual(second, await facts.accountMessageTaken(subject))
    assert.equal(second?.messagesInHour, 2)
    assert.equal(second?.newRecipientsInDay, 6)
    assert.deepEqual(await facts.accountCounts(anna()), first)
  })
}

test('a message that adds nothing to a count that is past its limit is counted', async () => {
  const { sources } = createWorld({
    limits: { account: { newRecipientsPerDay: 1 } },
    rules: { accountNewRecipients: { action: 'observe' } },
  })
  await createFacts(sources).accountMessageTaken(anna({ recipientCount: 3, newRecipientCount: 3 }))
  const { sources: stricter } = createWorld({ limits: { account: { newRecipientsPerDay: 1 } } })
  const facts = createFacts({ ...stricter, ledger: sources.ledger })
  await facts.accountMessageTaken(anna({ recipientCount: 1, newRecipientCount: 0 }))
  assert.equal((await facts.accountCounts(anna()))?.messagesInHour, 2)
})

test('where a limit is only observed, the count goes on past it', async () => {
  const { sources } = createWorld({
    limits: { account: { messagesPerHour: 1 } },
    rules: { accountMessages: { action: 'observe' } },
  })
  const facts = createFacts(sources)
  for (let round = 1; round < 4; round += 1) {
    assert.equal((await facts.accountMessageTaken(anna()))?.messagesInHour, round)
  }
})

test('whatever it sends, an account is never past a limit by what was counted', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        recipientsPerHour: fc.integer({ min: 0, max: 20 }),
        newRecipientsPerDay: fc.integer({ min: 0, max: 20 }),
      }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 3_600_000 })), { maxLength: 20 }),
      async (account, messages) => {
        const { sources, clock } = createWorld({ limits: { account } })
        const facts = createFacts(sources)
        for (const [recipientCount, waitMs] of messages) {
          clock.advance(waitMs)
          await facts.accountMessageTaken(anna({ recipientCount, newRecipientCount: recipientCount }))
          const counts = await facts.accountCounts(anna())
          assert.ok((counts?.recipientsInHour ?? 0) <= account.recipientsPerHour)
          assert.ok((counts?.newRecipientsInDay ?? 0) <= account.newRecipientsPerDay)
        }
      },
    ),
    { numRuns: 100 },
  )
})

test('networks are counted by IPv4 /24 and IPv6 /48, each once a day', async () => {
  const facts = createFacts(createWorld().sources)
  const counts: unknown[] = []
  for (const ip of [
    '198.51.100.7',
    '198.51.100.8',
    '198.51.101.7',
    '2001:db8:1::1',
    '2001:db8:1:ffff::1',
    '2001:db8:2::1',
  ]) {
    counts.push(await facts.accountNetworks(anna({ ip })))
  }
  assert.deepEqual(counts, [1, 1, 2, 3, 3, 4])
})

test('a recipient is known when it is local, or the account wrote to it before', async () => {
  const { sources, contacts } = createWorld()
  const facts = createFacts(sources)
  contacts.add('7 old@far.example')
  const cases: readonly (readonly [Subject, boolean])[] = [
    [stranger({ recipient: 'new@far.example' }), true],
    [anna({ recipient: 'bob@here.example' }), true],
    [anna({ recipient: 'postmaster' }), true],
    [anna({ recipient: 'Old@Far.example' }), true],
    [anna({ recipient: 'new@far.example' }), false],
    [anna({ user: 'gone@here.example', recipient: 'old@far.example' }), false],
  ]
  for (const [subject, known] of cases)
    assert.equal(await facts.recipientKnown(subject), known, subject.recipient ?? '')
})
