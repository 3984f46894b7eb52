import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FactReaders } from './facts.ts'
import { judge } from './judge.ts'
import type { Subject } from './subject.ts'
import { one, six, USER } from './table-testing.ts'
import { defaults, readersOf, stranger } from './testing.ts'

function failing(error = new Error('the disk is away')): () => never {
  return () => {
    throw error
  }
}

test('a fact that cannot be read defers, by the rule that needed it, with the reason in the record', async () => {
  const readers = readersOf({ destination: failing() })
  const { verdict, findings } = await judge('recipient', stranger({ recipient: 'a@far.example' }), readers, defaults())
  assert.deepEqual(verdict, {
    is: 'defer',
    reply: 'recipientUnavailable',
    rule: 'relay',
    because: 'could not find out: the disk is away',
  })
  assert.equal(findings.at(-1)?.is, 'defer')
})

test('a fact that cannot be read is answered as fits the stage', async () => {
  const cases = [
    ['connect', { block: failing() }, 'bug'],
    ['login', { block: failing() }, 'loginUnavailable'],
    ['sender', { exemptGroup: failing() }, 'senderUnavailable'],
    ['message', { messageTaken: async () => failing()() }, 'fault'],
    ['command', { evidence: failing() }, 'bug'],
    ['command', { exemptGroup: failing() }, 'bug'],
    ['abandon', { evidence: async () => failing()() }, 'fault'],
  ] as const
  for (const [stage, facts, reply] of cases) {
    const { verdict } = await judge(stage, stranger({ abandoned: ['a@b'], sender: '' }), readersOf(facts), defaults())
    assert.deepEqual([verdict.is, 'reply' in verdict && verdict.reply], ['defer', reply])
  }
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

/** Count what is read, by name. */
function counting(readers: FactReaders<Subject>): { readers: FactReaders<Subject>; read: string[] } {
  const read: string[] = []
  return {
    read,
    readers: new Proxy(readers, {
      get(target, name: keyof FactReaders<Subject>) {
        read.push(name)
        return target[name]
      },
    }),
  }
}

test('past its block, a client learns nothing by time either: nothing of the recipient is looked up', async () => {
  const block = { network: '198.51.100.7', reason: 'unknown-recipients', evidence: '11' }
  const { readers, read } = counting(readersOf({ block: () => block }))
  await judge('recipient', stranger({ sender: '', recipient: 'a@here.example' }), readers, defaults())
  assert.deepEqual(read, ['block'])
})

test('DNS is not asked for who is spared, nor for who is refused without it', async () => {
  const member = () => ({ group: 'local-clients', member: true })
  const cases: readonly (readonly [Partial<FactReaders<Subject>>, Partial<Subject>])[] = [
    [{ relayGroup: member }, { sender: 'x@far.example' }],
    [{ senderOwner: () => ({ is: 'local', own: false }) }, { sender: 'x@here.example' }],
    [{ messagesInHour: () => one(10 ** 6) }, { sender: 'x@far.example' }],
    [{}, { sender: '' }],
    [{ senderOwner: () => ({ is: 'local', own: true }) }, { user: USER, sender: USER }],
  ]
  for (const [facts, subject] of cases) {
    const { readers, read } = counting(readersOf(facts))
    await judge('sender', stranger(subject), readers, defaults())
    assert.ok(!read.includes('senderDomain'), JSON.stringify(subject))
  }
  const settings = defaults({ sender: { requirePtr: true } })
  for (const facts of [{ relayGroup: member }, { clientConnections: () => one(21) }]) {
    const { readers, read } = counting(readersOf(facts))
    await judge('connect', stranger(), readers, settings)
    assert.ok(!read.includes('reverseName'))
  }
})

test('what waits and what does not give the same judgement', async () => {
  const facts = readersOf({})
  const waiting = Object.fromEntries(
    Object.entries(facts).map(([name, read]) => [
      name,
      async (...asked: [Subject, never]) => (read as (...asked: [Subject, never]) => unknown)(...asked),
    ]),
  ) as unknown as FactReaders<Subject>
  const subjects = {
    connect: {},
    login: { deniedLogin: { name: 'u', why: 'x' } },
    sender: { sender: 'x@far.example' },
    recipient: { sender: '', recipient: 'a@far.example' },
    message: { user: USER, messageBytes: 1, hops: 1 },
    command: { failedCommands: 11 },
    abandon: { abandoned: ['a@here.example'] },
  } as const
  for (const [stage, subject] of Object.entries(subjects)) {
    const ask = (readers: FactReaders<Subject>) =>
      judge(stage as keyof typeof subjects, stranger(subject), readers, defaults({ sender: { requirePtr: true } }))
    assert.deepEqual(await ask(waiting), await ask(facts), stage)
  }
})

test('a block names its network, its reason, what was seen and how long it lasts first', async () => {
  const readers = readersOf({ destination: () => ({ is: 'nobody' }), evidence: () => six(11, 41, 41) })
  const { sentences, findings } = await judge('recipient', stranger({ recipient: 'a@b' }), readers, defaults())
  const evidence = '41 unknown recipients from 2001:db8::/56 in 60 minutes, at most 40'
  assert.deepEqual(sentences, [
    { is: 'block', network: '2001:db8::/56', reason: 'unknown-recipients', evidence, forMs: 3_600_000 },
  ])
  assert.deepEqual(findings.at(-1), {
    stage: 'recipient',
    rule: 'unknown-recipients',
    is: 'defer',
    saw: evidence,
    setting: 'limits.unknownRecipients',
    of: 'a@b',
  })
})

test('a standing block is answered under its own reference', async () => {
  const block = { network: '198.51.100.7', reason: 'failed-logins', evidence: '11', endsInMs: 1, ref: '7K2M9QXA' }
  const { verdict } = await judge('connect', stranger(), readersOf({ block: () => block }), defaults())
  assert.equal('ref' in verdict && verdict.ref, '7K2M9QXA')
})

test('a freeze names the account, the rule and what was seen', async () => {
  const readers = readersOf({ accountNetworks: () => 51 })
  const { sentences } = await judge('login', stranger({ user: USER }), readers, defaults())
  assert.deepEqual(sentences, [
    {
      is: 'freeze',
      user: USER,
      rule: 'account-networks',
      evidence: `${USER} logged in from 51 networks in 24 hours, at most 50`,
    },
  ])
})

test('a rule that is off leaves no finding', async () => {
  const { findings } = await judge('connect', stranger(), readersOf({}), defaults())
  assert.deepEqual(
    findings.map(({ rule }) => rule),
    ['blocked', 'service-access', 'service-connections', 'client-connections', 'connections-per-minute'],
  )
})
