import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FactName } from '#gate/facts.ts'
import { stranger } from '#gate/testing.ts'
import { createWorld, lookingOnly } from './facts/testing.ts'
import { createFacts } from './facts.ts'

test('a stranger, from the connection to the message', async () => {
  const facts = createFacts(createWorld().sources)
  const subject = stranger({
    helo: 'mx.far.example',
    sender: 'x@Far.example',
    recipient: 'nobody@here.example',
    recipientCount: 1,
    messageBytes: 10,
    hops: 1,
  })
  const network = '198.51.100.7'
  const expected: Partial<Record<FactName, unknown>> = {
    serviceGroup: { group: undefined, member: false },
    relayGroup: { group: 'local-clients', member: false },
    trustGroup: { group: 'local-clients', member: false },
    exemptGroup: { group: 'local-clients', member: false },
    block: undefined,
    neverBlocked: false,
    serviceConnections: 5,
    clientConnections: [{ network, times: 1, count: 3 }],
    connectionsInMinute: [{ network, times: 1, count: 1 }],
    reverseName: { is: 'found', what: 'host-198.51.100.7.example' },
    senderDomain: { is: 'found', what: 'MX mx.far.example' },
    senderOwner: { is: 'elsewhere' },
    messagesInHour: [{ network, times: 1, count: 0 }],
    messageTaken: [{ network, times: 1, count: 1 }],
    destination: { is: 'nobody' },
    sincePopLoginMs: 60_000,
    account: undefined,
    accountCounts: undefined,
    accountMessageTaken: undefined,
    accountNetworks: undefined,
    recipientKnown: true,
    trustSigns: undefined,
  }
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(await facts[name as FactName](subject), value, name)
  }
  assert.deepEqual(
    Object.keys(facts)
      .filter((name) => name !== 'evidence')
      .sort(),
    Object.keys(expected).sort(),
  )
})

test('what is in memory is answered without a promise, so that a session does not wait for it', () => {
  const facts = createFacts(createWorld().sources)
  const subject = stranger({ user: 'anna@here.example', sender: 'anna@here.example', recipient: 'x@far.example' })
  const inMemory = Object.keys(facts).filter((name) => name !== 'reverseName' && name !== 'senderDomain')
  for (const name of inMemory) {
    const answer = name === 'evidence' ? facts.evidence(subject, 'failedCommand') : facts[name as FactName](subject)
    assert.ok(!(answer instanceof Promise), name)
  }
})

test('each fact is one question to the ledger, all its counts at once', async () => {
  let asks = 0
  const { sources } = createWorld()
  const { ledger } = sources
  const counted = {
    ...sources,
    ledger: {
      ask: (questions: Parameters<typeof ledger.ask>[0]) => {
        asks += 1
        return ledger.ask(questions)
      },
    },
  }
  const facts = createFacts(counted)
  const subject = stranger({ ip: '10.0.0.1', helo: 'a.example', sender: 'x@far.example' })
  for (const name of ['connectionsInMinute', 'messagesInHour', 'messageTaken', 'trustSigns'] as const) {
    asks = 0
    await facts[name](subject)
    assert.equal(asks, 1, name)
  }
})

test('a block that stands, with its end and its reference', () => {
  const { sources } = createWorld(
    {},
    {
      blocks: {
        standing: (ip) =>
          ip === '198.51.100.7'
            ? {
                id: 1,
                network: ip,
                reason: 'failed-logins',
                evidence: 'what was seen',
                sinceMs: 0,
                untilMs: 9,
                repeats: 0,
                ref: '7K2M9QXA',
              }
            : undefined,
        endsInMs: () => 5,
        neverBlocked: () => false,
      },
    },
  )
  const facts = createFacts(sources)
  const block = {
    network: '198.51.100.7',
    reason: 'failed-logins',
    evidence: 'what was seen',
    endsInMs: 5,
    ref: '7K2M9QXA',
  }
  assert.deepEqual(facts.block(stranger()), block)
  assert.equal(facts.block(stranger({ ip: '198.51.100.8' })), undefined)
})

test('a supposed session counts nothing, and is told what a real one would be', async () => {
  const { sources, ledger } = createWorld()
  const live = createFacts(sources)
  const supposed = createFacts({ ...sources, ledger: lookingOnly(ledger), supposed: true })
  const subject = stranger({ helo: 'a.example', sender: 'x@far.example', recipient: 'y@here.example' })
  assert.equal(supposed.serviceConnections(subject), 6)
  assert.deepEqual(supposed.clientConnections(subject), [{ network: '198.51.100.7', times: 1, count: 4 }])
  for (let round = 1; round < 4; round += 1) {
    for (const name of ['connectionsInMinute', 'messageTaken'] as const) {
      assert.deepEqual(await supposed[name](subject), await live[name](subject), `${name}, round ${round}`)
    }
  }
})

test('a supposed message past the limit is told the same as a real one', async () => {
  const { sources, ledger } = createWorld({ limits: { messagesPerHour: 2 } })
  const live = createFacts(sources)
  const supposed = createFacts({ ...sources, ledger: lookingOnly(ledger), supposed: true })
  for (const subject of [stranger(), stranger({ ip: '2001:db8::1' })]) {
    for (let round = 0; round < 5; round += 1) {
      assert.deepEqual(await supposed.messageTaken(subject), await live.messageTaken(subject))
    }
  }
})
