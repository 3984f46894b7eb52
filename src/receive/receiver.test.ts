import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fault } from '#base/fault.ts'
import { parseStory } from '#gate/story.ts'
import { StoreFull } from '#store/contract.ts'
import { type Client, turns, World, type WorldOptions } from './testing.ts'

/** Connect, and get as far as a recipient. */
async function ready(options: WorldOptions = {}): Promise<{ readonly world: World; readonly client: Client }> {
  const world = new World(options)
  const client = world.connect()
  await client.reply()
  await say(client, 'EHLO client.example')
  await say(client, 'MAIL FROM:<a@far.example>')
  await say(client, 'RCPT TO:<user1@here.example>')
  return { world, client }
}

async function say(client: Client, line: string): Promise<string | undefined> {
  client.send(`${line}\r\n`)
  return client.reply()
}

const LARGE = 'x'.repeat(300_000)

describe('trouble of ours', () => {
  const rows: readonly (readonly [name: string, error: Error, wanted: RegExp])[] = [
    ['a fault is 451', new Fault('the disk is away', { temporary: true }), /^451 4\.3\.0 /],
    ['a full disk is 452', new StoreFull('no room'), /^452 4\.3\.1 /],
    ['a bug is 421', new TypeError('a bug of ours'), /^421 4\.3\.0 /],
  ]
  for (const [name, error, wanted] of rows) {
    test(`when a message is kept, ${name}, and the envelope is gone`, async () => {
      const { world, client } = await ready({ messages: { accept: async () => Promise.reject(error) } })
      await say(client, 'DATA')
      assert.match((await say(client, `${LARGE}\r\n.`)) ?? '', wanted)
      await turns()
      assert.equal(world.drafts.size, 0)
      assert.equal(world.events.find((event) => event.name === 'faulted')?.values.error, error)
      assert.equal(client.isClosed, name === 'a bug is 421')
      if (!client.isClosed) assert.match((await say(client, 'DATA')) ?? '', /^503 /)
      // Everyone else is served.
      assert.match((await world.connect().reply()) ?? '', /^220 /)
    })
  }

  test('a draft that fails in the middle: the rest is read, then 452', async () => {
    let abandoned = 0
    const draft = {
      sizeBytes: 0,
      write: async () => Promise.reject(new StoreFull('no room')),
      abandon: () => {
        abandoned += 1
      },
    }
    const { world, client } = await ready({ messages: { draft: () => draft } })
    await say(client, 'DATA')
    for (let count = 0; count < 10; count++) client.send(`${LARGE}\r\nRSET\r\n`)
    assert.match((await say(client, '.')) ?? '', /^452 4\.3\.1 /)
    assert.equal(abandoned, 1)
    assert.equal(world.kept.length, 0)
    assert.match((await say(client, 'NOOP')) ?? '', /^250 /)
  })

  test('a lookup that breaks defers the recipient', async () => {
    const { world, client } = await ready()
    assert.match((await say(client, 'RCPT TO:<bug@here.example>')) ?? '', /^451 4\.3\.0 /)
    const told = world.events.filter(({ name }) => name === 'faulted').map(({ values }) => values.what)
    assert.deepEqual(told, ['judging at recipient'])
    assert.match((await say(client, 'NOOP')) ?? '', /^250 /)
  })

  test('records that cannot be kept are told, and stop nobody', async () => {
    const add = async () => Promise.reject(new Fault('the disk is away', { temporary: true }))
    const world = new World({ decisions: { add } })
    const client = world.connect()
    await client.reply()
    await say(client, 'EHLO c')
    await say(client, 'MAIL FROM:<a@far.example>')
    assert.match((await say(client, 'RCPT TO:<x@far.example>')) ?? '', /^550 5\.7\.1 /)
    await world.pass(1000)
    assert.equal(world.events.filter((event) => event.name === 'faulted').length, 1)
    assert.match((await say(client, 'NOOP')) ?? '', /^250 /)
  })
})

describe('stopping', () => {
  test('a session that waits is told, one in a message too, and nothing is kept', async () => {
    const { world, client } = await ready()
    const waiting = world.connect()
    await waiting.reply()
    await say(client, 'DATA')
    client.send(LARGE)
    await turns()
    await world.receiver.stop()
    assert.match((await waiting.reply()) ?? '', /^421 4\.3\.2 /)
    assert.match((await client.reply()) ?? '', /^421 4\.3\.2 /)
    assert.equal(await client.reply(), undefined)
    assert.equal(world.drafts.size, 0)
  })

  test('a message being kept is kept, and said to be', async () => {
    let keep = () => {}
    const accept = () =>
      new Promise<{ messageId: number }>((resolve) => {
        keep = () => resolve({ messageId: 1 })
      })
    const { world, client } = await ready({ messages: { accept } })
    await say(client, 'DATA')
    client.send('x\r\n.\r\n')
    await turns()
    const stopped = world.receiver.stop()
    await turns()
    keep()
    await stopped
    assert.match((await client.reply()) ?? '', /^250 2\.0\.0 Ok: kept as /)
    assert.match((await client.reply()) ?? '', /^421 /)
  })
})

describe('bounds', () => {
  test('a client that does not read is left to wait, then disconnected', async () => {
    const world = new World({ settings: { session: { maxFailedCommands: 'unlimited' } } })
    const client = world.connect()
    await client.reply()
    client.socket.pause()
    for (let count = 0; count < 400; count++) {
      client.send('VRFY x\r\n'.repeat(1000))
      await turns(1)
    }
    // The server has stopped reading: what is not read waits at the client's end.
    const waiting = client.socket.writableLength
    assert.ok(waiting > 1_000_000, `${waiting} octets wait at the client's end`)
    await world.pass(302_000)
    await world.pass(10_000)
    assert.equal(world.events.at(-1)?.values.why, 'timeout')
    assert.equal(world.events.at(-2)?.values.what, 'the client does not read its replies')
  })

  test('a store that is slow makes the client wait', async () => {
    let go = () => {}
    const draft = {
      sizeBytes: 0,
      write: () =>
        new Promise<void>((resolve) => {
          go = resolve
        }),
      abandon: () => {},
    }
    const { client } = await ready({ messages: { draft: () => draft, accept: async () => ({ messageId: 1 }) } })
    await say(client, 'DATA')
    for (let count = 0; count < 40; count++) client.send(Buffer.alloc(64 * 1024, 'x'))
    await turns(20)
    const waiting = client.socket.writableLength
    assert.ok(waiting > 1_000_000, `${waiting} octets wait at the client's end`)
    for (let count = 0; count < 60; count++) {
      go()
      await turns(3)
    }
    assert.equal(client.socket.writableLength, 0)
    client.send('\r\n.\r\n')
    for (let count = 0; count < 10; count++) {
      go()
      await turns(3)
    }
    assert.match((await client.reply()) ?? '', /^250 /)
  })

  test('an envelope has an end even where recipients are unlimited', async () => {
    const { client } = await ready({ settings: { session: { maxRecipients: 'unlimited' } } })
    const lines = 'RCPT TO:<user1@here.example>\r\n'.repeat(1000)
    for (let count = 0; count < 50; count++) client.send(lines)
    client.send('DATA\r\n')
    let taken = 1
    for (;;) {
      const reply = (await client.reply()) ?? ''
      if (reply.startsWith('354')) break
      if (reply.startsWith('250')) taken += 1
      else assert.match(reply, /^452 4\.5\.3 /)
    }
    assert.equal(taken, 50_000)
  })
})

test('a session that collects refusals is closed, deferrals included', async () => {
  const { world, client } = await ready({ settings: { session: { maxFailedCommands: 'unlimited' } } })
  client.send('RCPT TO:<full@here.example>\r\n'.repeat(1100))
  let deferred = 0
  let reply = await client.reply()
  for (; reply?.startsWith('452') === true; reply = await client.reply()) deferred += 1
  assert.equal(deferred, 1000)
  assert.match(reply ?? '', /^421 4\.7\.0 /)
  assert.equal(await client.reply(), undefined)
  await world.pass(61_000)
  // What the rules found of the recipient that was accepted is in no record but the message's.
  assert.equal(world.records.length, 20)
  assert.equal(world.records.at(-1)?.repeats?.count, 981)
  for (const { story } of world.records) {
    assert.ok(parseStory(story).findings.every(({ of }) => of?.startsWith('user1@') !== true))
  }
})

test('a connection that a rule refuses is told why and closed', async () => {
  const world = new World({ facts: { serviceConnections: () => 5000 } })
  const client = world.connect()
  assert.equal(await client.reply(), '421 4.3.2 Too many connections, try again later [ref REF00001]')
  assert.equal(await client.reply(), undefined)
  await world.pass(1000)
  assert.equal(world.records[0]?.outcome, 'deferred')
  assert.equal(world.events.at(-1)?.values.why, 'refused')
})

test('sessions that are over leave nothing behind', async () => {
  const world = new World()
  for (let count = 0; count < 20; count++) {
    const client = world.connect()
    await client.reply()
    if (count % 2 === 0) await say(client, 'QUIT')
    client.socket.destroy()
    await turns()
  }
  await world.pass(10_000)
  await world.receiver.stop()
  assert.equal(world.events.filter((event) => event.name === 'sessionClosed').length, 20)
})

test('the settings of the moment count', async () => {
  const { world, client } = await ready()
  world.settings = { ...world.settings, session: { ...world.settings.session, maxRecipients: 1 } }
  assert.match((await say(client, 'RCPT TO:<user2@here.example>')) ?? '', /^452 4\.5\.3 /)
})
