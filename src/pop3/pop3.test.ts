import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseStory } from '#gate/story.ts'
import { defaults } from '#gate/testing.ts'
import { COMMANDS } from './command-table.ts'
import { createWorld, digest, fakeSignIn, PASSWORD, settle, USER, type World } from './testing.ts'

const MESSAGES = ['Subject: one\r\n\r\nHello\r\n', 'Subject: two\r\n\r\n.\r\n..\r\nno end', 'A: b\r\n\r\n']

function worldWithMail(): World {
  const world = createWorld({ settings: defaults({ session: { maxFailedCommands: 'unlimited' } }) })
  for (const message of MESSAGES) world.mailbox.add(message)
  return world
}

test('a service kept for a group says so to others, and leaves a record', async () => {
  const world = createWorld({ facts: { serviceGroup: () => ({ group: 'staff', member: false }) } })
  const client = world.connect({ ip: '198.51.100.7' })
  assert.equal(await client.line(), '-ERR [SYS/PERM] This service is not available from your address [ref REF1]')
  await client.end()
  world.clock.advance(1000)
  const [record] = world.records
  assert.partialDeepStrictEqual(record, { id: 1, outcome: 'refused', service: 'pop3', ip: '198.51.100.7' })
  assert.partialDeepStrictEqual(parseStory(record?.story ?? ''), { stage: 'connect', rule: 'service-access' })
  assert.deepEqual(
    world.told.map(({ name }) => name),
    ['sessionOpened', 'refused'],
  )
})

test('a service that is full, and one whose facts cannot be read, ask to come back', async () => {
  const full = createWorld({ facts: { serviceConnections: () => 1001 } }).connect()
  assert.match(await full.line(), /^-ERR \[SYS\/TEMP\] Not now, try again later \[ref REF1\]$/)
  const broken = createWorld({ facts: { serviceGroup: () => Promise.reject(new Error('away')) } }).connect()
  assert.match(await broken.line(), /^-ERR \[SYS\/TEMP\] Not now/)
})

test('replies to pipelined commands leave in one write', async () => {
  const world = worldWithMail()
  const client = world.connect()
  await client.logIn()
  let writes = 0
  const write = client.serverEnd.write.bind(client.serverEnd)
  client.serverEnd.write = ((chunk: Buffer) => {
    writes += 1
    return write(chunk)
  }) as typeof client.serverEnd.write
  client.send('STAT\r\nLIST\r\nRETR 1\r\nRETR 2\r\nUIDL\r\nDELE 1\r\nNOOP\r\n')
  await settle()
  assert.equal(writes, 1)
})

test('a large mailbox is listed whole, and each message comes as it is', async () => {
  const world = createWorld()
  for (let index = 0; index < 10_000; index += 1) world.mailbox.add(`Subject: ${index}\r\n\r\n`)
  const client = world.connect()
  await client.logIn()
  assert.equal(await client.say('LIST'), '+OK 10000 messages (168890 octets)')
  const list = (await client.multiline()).toString().trimEnd().split('\r\n')
  assert.equal(list.length, 10_000)
  assert.equal(list[9999], '10000 17')
  await client.say('UIDL')
  const ids = (await client.multiline()).toString().trimEnd().split('\r\n')
  assert.equal(new Set(ids.map((line) => line.split(' ')[1])).size, 10_000)
  client.send(Array.from({ length: 10_000 }, (_, index) => `RETR ${index + 1}\r\n`).join(''))
  for (let index = 0; index < 10_000; index += 1) {
    assert.match(await client.line(), /^\+OK/)
    assert.equal((await client.multiline()).toString(), `Subject: ${index}\r\n\r\n`)
  }
})

for (const asynchronous of [false, true]) {
  test(`a large message of an ${asynchronous ? 'asynchronous' : 'synchronous'} store comes whole`, async () => {
    const world = createWorld()
    world.mailbox.asynchronous = asynchronous
    const body = Buffer.from(`A: b\r\n\r\n${'.line\r\nother\r\n'.repeat(200_000)}`)
    world.mailbox.add(body)
    const client = world.connect()
    await client.logIn()
    assert.equal(await client.say('RETR 1'), `+OK ${body.length} octets`)
    const received = await client.multiline()
    assert.equal(digest(Buffer.from(received.toString('latin1').replaceAll('\r\n..', '\r\n.'))), digest(body))
    assert.equal(await client.say('TOP 1 1'), '+OK Top follows')
    assert.equal((await client.multiline()).toString(), 'A: b\r\n\r\n..line\r\n')
    assert.equal(await client.say('NOOP'), '+OK Ok')
  })
}

test('a client that never reads costs a few pieces, and is gone when its time is up', async () => {
  const world = createWorld()
  world.mailbox.add(Buffer.alloc(8 * 1024 * 1024, 'line of text\r\n'))
  const client = world.connect()
  await client.logIn()
  client.takeOver().pause()
  client.send('RETR 1\r\n'.repeat(1000))
  await settle()
  assert.ok(world.mailbox.piecesRead <= 3, `${world.mailbox.piecesRead} pieces of 32 were read`)
  assert.ok(client.serverEnd.writableLength < 1024 * 1024)
  world.clock.advance(10 * 60_000)
  world.pop3.tick()
  await settle()
  assert.equal(client.serverEnd.destroyed, true)
  assert.partialDeepStrictEqual(world.told.at(-1), { name: 'sessionClosed', said: { why: 'timeout' } })
})

test('listings that nobody reads are not made', async () => {
  const world = createWorld()
  for (let index = 0; index < 5_000; index += 1) world.mailbox.add('A: b\r\n\r\n')
  const client = world.connect()
  await client.logIn()
  client.takeOver().pause()
  client.send('UIDL\r\n'.repeat(8_000))
  await settle()
  assert.ok(client.serverEnd.writableLength < 256 * 1024, `${client.serverEnd.writableLength} bytes wait`)
})

test('a message that breaks off in its reply closes the connection', async () => {
  const world = createWorld()
  world.mailbox.add(Buffer.alloc(1024 * 1024, 'line of text\r\n'))
  const client = world.connect()
  await client.logIn()
  client.send('RETR 1\r\n')
  assert.match(await client.line(), /^\+OK/)
  world.mailbox.failing.add('piece')
  await client.end()
  assert.ok(!client.unread.endsWith('\r\n.\r\n'))
  assert.deepEqual(
    world.told.slice(-3).map(({ name }) => name),
    ['faulted', 'mailboxRead', 'sessionClosed'],
  )
})

test('a connection that is cut deletes nothing, and tells what was read', async () => {
  const world = worldWithMail()
  const client = world.connect()
  await client.logIn()
  await client.say('RETR 3')
  await client.multiline()
  await client.say('DELE 3')
  client.serverEnd.destroy()
  await settle()
  assert.deepEqual(world.mailbox.removals, [])
  assert.deepEqual(
    world.told.slice(-2).map(({ said }) => said),
    [
      { service: 'pop3', ip: '127.0.0.1', user: 'anna@example.test', retrieved: 1, deleted: 0 },
      { service: 'pop3', ip: '127.0.0.1', why: 'the client went away' },
    ],
  )
})

test('a client that ends its side still gets its answers, and its QUIT counts', async () => {
  const world = worldWithMail()
  const client = world.connect()
  client.send(`USER anna\r\nPASS ${PASSWORD}\r\nDELE 2\r\nQUIT\r\n`)
  client.finish()
  await client.end()
  assert.match(client.unread, /\+OK Bye\r\n$/)
  assert.deepEqual(world.mailbox.removals, [[2]])
})

test('a login tells who may relay after it', async () => {
  const world = createWorld()
  await world.connect({ ip: '127.0.0.9' }).logIn()
  assert.deepEqual(world.loggedIn, ['127.0.0.9'])
})

test('a login opens the way for nobody whose sending is stopped, or who may send to local domains only', async () => {
  for (const kept of [{ frozen: { sinceMs: 0, why: 'seen', by: 'rule' } }, { localDomainsOnly: true }]) {
    const user = { ...USER, ...kept }
    const signIn = { ...fakeSignIn(), password: async () => ({ is: 'user', user }) as const }
    const world = createWorld({ ports: { signIn } })
    await world.connect({ ip: '127.0.0.9' }).logIn()
    assert.deepEqual(world.loggedIn, [])
  }
})

test('a bug closes one session and no other', async () => {
  const world = createWorld({
    ports: {
      signIn: {
        mechanisms: () => ['PLAIN'],
        exchange: () => assert.fail('a bug'),
        password: () => Promise.reject(new TypeError('a bug')),
      },
    },
  })
  const other = world.connect()
  await other.line()
  const client = world.connect()
  await client.line()
  await client.say('USER anna')
  assert.equal(await client.say('PASS x'), '-ERR [SYS/TEMP] Local trouble, try again later')
  await client.end()
  assert.equal(await other.say('USER anna'), '+OK Password, please')
  assert.equal(world.told.filter(({ name }) => name === 'faulted').length, 1)
})

test('stop ends idle sessions at once, those at work after their command, and waits for all', async () => {
  let removed: () => void = () => {}
  const world = worldWithMail()
  world.mailbox.remove = async (_mailboxId, uids) => {
    await new Promise<void>((resolve) => {
      removed = resolve
    })
    return uids.length
  }
  const idle = world.connect()
  await idle.line()
  const atWork = world.connect()
  await atWork.logIn()
  await atWork.say('DELE 1')
  atWork.send('QUIT\r\nNOOP\r\n')
  await settle()
  let stopped = false
  const stop = world.pop3.stop().then(() => {
    stopped = true
  })
  await idle.end()
  await settle()
  assert.equal(stopped, false)
  removed()
  assert.equal(await atWork.line(), '+OK Bye')
  await stop
})

test('stop does not wait for clients: not for one that never reads, nor for one that never leaves', async () => {
  const world = createWorld()
  world.mailbox.add(Buffer.alloc(8 * 1024 * 1024, 'line of text\r\n'))
  const reading = world.connect()
  await reading.logIn()
  reading.takeOver().pause()
  reading.send('RETR 1\r\n')
  const staying = world.connect()
  await staying.line()
  await staying.say('QUIT')
  await settle()
  await world.pop3.stop()
})

test('stop gives a command five seconds', async () => {
  const world = createWorld({ ports: { signIn: { ...fakeSignIn(), password: () => new Promise(() => {}) } } })
  const client = world.connect()
  await client.line()
  await client.say('USER anna')
  client.send('PASS x\r\n')
  await settle()
  const stopped = world.pop3.stop()
  world.clock.advance(5_000)
  await stopped
})

// ---- any input ------------------------------------------------------------------------------------------------------

const LOGIN = `USER anna\r\nPASS ${PASSWORD}\r\n`
const verb = fc.constantFrom(...Object.keys(COMMANDS).filter((name) => name !== 'STLS'))
const argument = fc.oneof(
  fc.constantFrom(
    '',
    ' 1',
    ' 2',
    ' 3',
    ' 4',
    ' 1 1',
    ' 2 0',
    ' anna',
    ' PLAIN',
    ' PLAIN AGEAYg==',
    ` ${PASSWORD}`,
    ' *',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => ` ${text}`),
)
const command = fc.tuple(verb, argument).map(([name, given]) => `${name}${given}\r\n`)
const noise = fc.string({ unit: 'binary', maxLength: 30 })
const dialogue = fc
  .tuple(fc.constantFrom('', LOGIN), fc.array(fc.oneof({ weight: 5, arbitrary: command }, noise), { maxLength: 15 }))
  .map(([start, lines]) => Buffer.from(start + lines.join('')))

async function repliesTo(
  chunks: readonly Buffer[],
): Promise<{ replies: string; removals: number[][]; faults: number }> {
  const world = worldWithMail()
  const client = world.connect()
  await client.line()
  for (const chunk of chunks) {
    client.send(chunk)
    await settle()
  }
  const faults = world.told.filter(({ name }) => name === 'faulted').length
  client.destroy()
  return { replies: client.unread, removals: world.mailbox.removals, faults }
}

test('the same bytes cut anywhere give the same replies, and none is a bug', async () => {
  await fc.assert(
    fc.asyncProperty(dialogue, fc.array(fc.nat(), { maxLength: 4 }), async (bytes, cuts) => {
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
      const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place))
      const whole = await repliesTo([bytes])
      assert.deepEqual(await repliesTo(chunks.filter((chunk) => chunk.length > 0)), whole)
      assert.equal(whole.faults, 0)
    }),
    { numRuns: 150 },
  )
})

test('without a login no mailbox is touched', async () => {
  const lines = fc.array(fc.oneof(command, noise), { maxLength: 20 }).map((parts) => Buffer.from(parts.join('')))
  await fc.assert(
    fc.asyncProperty(lines, async (bytes) => {
      const world = worldWithMail()
      world.mailbox.failing.add('list').add('read').add('remove')
      // From elsewhere, without TLS: no sequence of commands logs in.
      const client = world.connect({ ip: '192.0.2.7' })
      client.send(LOGIN)
      client.send(bytes)
      await settle()
      assert.deepEqual(
        world.told.filter(({ name }) => name !== 'sessionOpened' && name !== 'sessionClosed'),
        [],
      )
      client.destroy()
    }),
    { numRuns: 150 },
  )
})
