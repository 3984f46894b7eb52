/** What the gate's verdicts do to sessions, where a dialogue cannot show it: many of them, and what changes while they last. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StandingBlock } from '#gate/facts.ts'
import { type Client, turns, World, type WorldOptions } from './testing.ts'

const BLOCK: StandingBlock = { network: '198.51.100.7', reason: 'unknown-recipients', evidence: '11', ref: '7K2M9QXA' }

async function say(client: Client, line: string): Promise<string> {
  client.send(`${line}\r\n`)
  return (await client.reply()) ?? ''
}

/** Connect, and say these. */
async function reach(world: World, lines: readonly string[], ip = '198.51.100.7'): Promise<Client> {
  const client = world.connect({}, { ip })
  await client.reply()
  for (const line of lines) await say(client, line)
  return client
}

const MAIL = ['EHLO c', 'MAIL FROM:<a@far.example>']

describe('a block that came while the session lasted', () => {
  /** Be blocked in the middle of a transaction, and ask for this recipient. */
  async function ask(recipient: string) {
    let block: StandingBlock | undefined
    let lookUps = 0
    const world = new World({
      facts: { block: () => block },
      directory: {
        resolve: () => {
          lookUps += 1
          return { is: 'nobody', steps: [] }
        },
      },
    })
    const client = await reach(world, MAIL)
    block = BLOCK
    const answer = await say(client, `RCPT TO:<${recipient}>`)
    await turns()
    await world.pass(1000)
    return { answer, lookUps, closed: client.isClosed, records: world.records.length }
  }

  test('is answered alike for who exists and who does not, without a look-up or a record', async () => {
    const existing = await ask('user1@here.example')
    assert.deepEqual(existing, {
      answer: '421 4.7.1 Your address is blocked for a while, closing the connection [ref 7K2M9QXA]',
      lookUps: 0,
      closed: true,
      records: 0,
    })
    assert.deepEqual(await ask('nobody@here.example'), existing)
  })

  test('does not hold against a user who logged in', async () => {
    let block: StandingBlock | undefined
    const world = new World({ facts: { block: () => block } })
    const client = await reach(world, ['EHLO c', 'AUTH PLAIN AHVzZXIxAHNlY3JldA=='], '127.0.0.1')
    block = BLOCK
    assert.match(await say(client, 'MAIL FROM:<user1@here.example>'), /^250 /)
    assert.match(await say(client, 'RCPT TO:<user2@here.example>'), /^250 /)
  })

  test('holds against one who logs in only now', async () => {
    let block: StandingBlock | undefined
    const world = new World({ facts: { block: () => block } })
    const client = await reach(world, ['EHLO c'], '127.0.0.1')
    block = BLOCK
    assert.match(await say(client, 'AUTH PLAIN AHVzZXIxAGd1ZXNz'), /^421 4\.7\.1 .* \[ref 7K2M9QXA\]$/)
  })
})

test('a blocked client that keeps coming writes nothing', async () => {
  const world = new World({ facts: { block: () => BLOCK } })
  for (let times = 0; times < 1000; times++) {
    assert.match((await world.connect().reply()) ?? '', /^421 4\.7\.1 .* \[ref 7K2M9QXA\]$/)
  }
  await world.pass(61_000)
  await world.receiver.stop()
  assert.equal(world.records.length, 0)
  assert.equal(world.events.filter(({ name }) => name === 'refused').length, 0)
})

test('what a client does over and over is counted with one record, whose reference its replies bear', async () => {
  const world = new World()
  const client = await reach(world, MAIL)
  const refs = new Map<string, number>()
  for (let times = 0; times < 60; times++) {
    const [, ref = ''] = /\[ref (\w+)\]$/.exec(await say(client, 'RCPT TO:<full@here.example>')) ?? []
    refs.set(ref, (refs.get(ref) ?? 0) + 1)
  }
  await world.receiver.stop()
  const last = world.records.at(-1)
  assert.equal(world.records.length, refs.size)
  assert.ok(refs.size < 30, `${refs.size} records`)
  assert.equal(last?.repeats?.count, 60 - refs.size)
  assert.equal([...refs.values()].at(-1), 61 - refs.size)
})

test('sessions that do nothing leave a handful of records, however many there are', async () => {
  const world = new World()
  for (let times = 0; times < 100; times++) {
    const client = await reach(world, [])
    await say(client, 'QUIT')
  }
  await world.receiver.stop()
  assert.ok(world.records.length <= 10, `${world.records.length} records`)
  const counted = world.records.reduce((sum, { repeats }) => sum + 1 + (repeats?.count ?? 0), 0)
  assert.equal(counted, 100)
  assert.ok(world.records.every(({ outcome }) => outcome === 'ended'))
})

test('messages that are discarded leave a handful of records', async () => {
  const world = new World({
    settings: { rules: { messagesPerHour: { action: 'discard' } } },
    facts: { messageTaken: ({ ip }) => [{ network: ip, count: 501, times: 1 }] },
  })
  const client = await reach(world, ['EHLO c'])
  for (let times = 0; times < 100; times++) {
    client.send('MAIL FROM:<a@far.example>\r\nRCPT TO:<user1@here.example>\r\nDATA\r\n')
    for (let replies = 0; replies < 3; replies++) await client.reply()
    assert.match(await say(client, 'x\r\n.'), /^250 2\.0\.0 Ok: kept as REF/)
  }
  await say(client, 'QUIT')
  await world.receiver.stop()
  assert.equal(world.kept.length, 0)
  assert.ok(world.records.length < 30, `${world.records.length} records`)
  const counted = world.records.reduce((sum, { repeats }) => sum + 1 + (repeats?.count ?? 0), 0)
  assert.equal(counted, 100)
})

test('a message that is larger than the limit, where that is only observed, counts once', async () => {
  let taken = 0
  const world = new World({
    settings: { session: { maxMessageSize: 64 * 1024 }, rules: { messageSize: { action: 'observe' } } },
    facts: {
      messageTaken: ({ ip }) => {
        taken += 1
        return [{ network: ip, count: taken, times: 1 }]
      },
    },
  })
  const client = await reach(world, [...MAIL, 'RCPT TO:<user1@here.example>', 'DATA'])
  client.send(`${'x'.repeat(990)}\r\n`.repeat(100))
  assert.match(await say(client, '.'), /^250 /)
  assert.equal(taken, 1)
})

describe('a reply that is held back', () => {
  const held: WorldOptions = {
    settings: { session: { tarpit: 60_000, tarpitAfter: 0, maxFailedCommands: 'unlimited' } },
  }

  test('ends with the server, at once', async () => {
    const world = new World(held)
    const client = await reach(world, [])
    client.send('WHAT\r\nNOOP\r\n')
    await turns()
    await world.receiver.stop()
    assert.match((await client.reply()) ?? '', /^500 /)
    assert.match((await client.reply()) ?? '', /^421 4\.3\.2 /)
  })

  test('ends with the client, at once', async () => {
    const world = new World(held)
    const client = await reach(world, [])
    client.send('WHAT\r\n'.repeat(1000))
    await turns()
    client.socket.destroy()
    await turns()
    assert.equal(world.events.at(-1)?.name, 'sessionClosed')
  })

  test('is not held back from members of limits.exemptGroup', async () => {
    const world = new World({ ...held, facts: { exemptGroup: () => ({ group: 'local-clients', member: true }) } })
    const client = await reach(world, [])
    assert.match(await say(client, 'WHAT'), /^500 /)
  })

  test('keeps no more of what the client goes on sending than the wire reads ahead', async () => {
    const world = new World(held)
    const client = await reach(world, [])
    client.send('WHAT\r\n')
    await turns()
    for (let times = 0; times < 100; times++) {
      client.send('NOOP x\r\n'.repeat(8 * 1024))
      await turns(1)
    }
    assert.ok(
      client.socket.writableLength > 1_000_000,
      `${client.socket.writableLength} octets wait at the client's end`,
    )
    client.socket.destroy()
  })
})
