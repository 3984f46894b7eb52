import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVIDENCE, type EvidenceKind } from '#gate/evidence.ts'
import type { Subject } from '#gate/subject.ts'
import { defaults, stranger } from '#gate/testing.ts'
import { createFacts } from '../facts.ts'
import { COUNTERS_OF_REASON, EVIDENCE_COUNTER } from './counters.ts'
import { ANNA, createWorld } from './testing.ts'

async function countOf(facts: ReturnType<typeof createFacts>, subject: Subject, kind: EvidenceKind) {
  const tallies = await facts.evidence(subject, kind)
  return tallies[0]?.count
}

const CASES: readonly (readonly [
  string,
  EvidenceKind,
  readonly Partial<Subject>[],
  readonly (number | undefined)[],
])[] = [
  [
    'unknown recipients count once each, whatever their case',
    'unknownRecipient',
    [{ recipient: 'a@here.example' }, { recipient: 'A@Here.example' }, { recipient: 'b@here.example' }],
    [1, 1, 2],
  ],
  [
    'refused relays count once a recipient',
    'deniedRelay',
    [{ recipient: 'a@far.example' }, { recipient: 'a@far.example' }, { recipient: 'b@far.example' }],
    [1, 1, 2],
  ],
  [
    'recipients sent nothing count each, all of a transaction at once',
    'recipientProbe',
    [{ abandoned: ['a@here.example', 'b@here.example'] }, { abandoned: ['B@here.example', 'c@here.example'] }, {}],
    [2, 3, undefined],
  ],
  ['failed commands count every time', 'failedCommand', [{}, {}, {}], [1, 2, 3]],
  [
    'a guess counts once, however often it is tried',
    'failedLogin',
    [
      { deniedLogin: { name: 'a', why: '', guess: 'x' } },
      { deniedLogin: { name: 'a', why: '', guess: 'x' } },
      { deniedLogin: { name: 'a', why: '', guess: 'y' } },
      { deniedLogin: { name: 'b', why: '', guess: 'z' } },
    ],
    [1, 1, 2, 3],
  ],
  [
    'a failed login that shows no password counts every time',
    'failedLogin',
    [{ deniedLogin: { name: 'a', why: '' } }, { deniedLogin: { name: 'a', why: '' } }],
    [1, 2],
  ],
]

for (const [name, kind, subjects, counts] of CASES) {
  test(name, async () => {
    const facts = createFacts(createWorld().sources)
    const seen: (number | undefined)[] = []
    for (const more of subjects) seen.push(await countOf(facts, stranger(more), kind))
    assert.deepEqual(seen, counts)
  })
}

test('evidence counts in each network of the client, and in no other', async () => {
  const facts = createFacts(createWorld().sources)
  for (const [index, ip] of ['2001:db8:0:1::1', '2001:db8:0:2::1', '2001:db8:0:2::2'].entries()) {
    await facts.evidence(stranger({ ip, recipient: `a${index}@here.example` }), 'unknownRecipient')
  }
  assert.deepEqual(
    await facts.evidence(stranger({ ip: '2001:db8:0:2::3', recipient: 'a1@here.example' }), 'unknownRecipient'),
    [
      { network: '2001:db8:0:2::/64', times: 1, count: 2 },
      { network: '2001:db8::/56', times: 4, count: 3 },
      { network: '2001:db8::/48', times: 16, count: 3 },
    ],
  )
  assert.equal(await countOf(facts, stranger({ recipient: 'x@here.example' }), 'unknownRecipient'), 1)
})

test("a user's unknown recipients are the account's bounces, and nothing is held against the address", async () => {
  const facts = createFacts(createWorld().sources)
  const user = { user: ANNA.address }
  for (const kind of ['unknownRecipient', 'recipientProbe', 'deniedRelay', 'failedCommand'] as const) {
    const subject = stranger({ ...user, recipient: 'gone@far.example', abandoned: ['a@far.example'] })
    assert.deepEqual(await facts.evidence(subject, kind), [], kind)
  }
  assert.equal((await facts.accountCounts(stranger(user)))?.bouncesInDay, 1)
  assert.equal(await countOf(facts, stranger({ recipient: 'x@here.example' }), 'unknownRecipient'), 1)
})

test('of a trusted address, names guessed and unknown recipients are signs too', async () => {
  const { sources, ledger } = createWorld()
  const facts = createFacts(sources)
  const ip = '10.0.0.1'
  for (const [name, guess] of [
    ['a', '1'],
    ['A', '2'],
    ['b', '3'],
  ] as const) {
    await facts.evidence(stranger({ ip, deniedLogin: { name, why: '', guess } }), 'failedLogin')
  }
  for (const recipient of ['a@here.example', 'a@here.example', 'b@here.example']) {
    await facts.evidence(stranger({ ip, recipient }), 'unknownRecipient')
  }
  const signs = await facts.trustSigns(stranger({ ip }))
  assert.deepEqual([signs?.failedLoginNames, signs?.unknownRecipients], [2, 2])

  const before = ledger.asked.length
  await facts.evidence(stranger({ recipient: 'a@here.example' }), 'unknownRecipient')
  assert.ok(
    ledger.asked.slice(before).every(({ of }) => !of.startsWith('trust.')),
    'nothing more of a stranger',
  )
})

test('one transaction asks the ledger no endless question', async () => {
  const { sources, ledger } = createWorld()
  const abandoned = Array.from({ length: 50_000 }, (_, index) => `a${index}@here.example`)
  await createFacts(sources).evidence(stranger({ abandoned }), 'recipientProbe')
  assert.equal(ledger.asked.length, 1000)
})

test('each reason of a block names the counts it rests on, in the windows they are counted in', async () => {
  const settings = defaults()
  for (const [kind, { reason }] of Object.entries(EVIDENCE)) {
    const { sources, ledger } = createWorld()
    const subject = stranger({
      recipient: 'a@here.example',
      abandoned: ['a@here.example'],
      deniedLogin: { name: 'a', why: '' },
    })
    await createFacts(sources).evidence(subject, kind as EvidenceKind)
    assert.deepEqual(COUNTERS_OF_REASON[reason]?.of, [EVIDENCE_COUNTER[kind as EvidenceKind]])
    assert.deepEqual(
      ledger.asked.map(({ of, withinMs }) => [of, withinMs]),
      [[EVIDENCE_COUNTER[kind as EvidenceKind], COUNTERS_OF_REASON[reason]?.withinMs(settings)[0]]],
    )
  }
})
