/** Whole dialogues, made up by chance: what must hold whatever a client says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Client, turns, World } from './testing.ts'

const UNLIMITED = { session: { maxFailedCommands: 'unlimited' } } as const

const COMMANDS = [
  'HELO c',
  'EHLO c',
  'EHLO',
  'MAIL FROM:<a@far.example>',
  'MAIL FROM:<>',
  'MAIL FROM:nobody',
  'RCPT TO:<user1@here.example>',
  'RCPT TO:<user1@here.example>',
  'RCPT TO:<nobody@here.example>',
  'RCPT TO:<x@far.example>',
  'RCPT',
  'DATA',
  'DATA',
  'RSET',
  'NOOP',
  'VRFY x',
  'XYZZY',
  'BDAT 2',
  'BDAT 2 LAST',
  'AUTH PLAIN AHVzZXIxAGd1ZXNz',
  'AUTH PLAIN AHVzZXIxAHNlY3JldA==',
] as const

test('no sequence of commands reaches the message without a live sender and recipient', async () => {
  const sequences = fc.array(fc.constantFrom(...COMMANDS), { minLength: 1, maxLength: 25 })
  await fc.assert(
    fc.asyncProperty(sequences, fc.constantFrom('127.0.0.1', '198.51.100.7'), async (commands, ip) => {
      const world = new World({ settings: UNLIMITED })
      const client = world.connect({}, { ip })
      await client.reply()
      // The model: what the replies so far say there is.
      let hello = false
      let sender = false
      let recipients = 0
      let begun = false
      const forget = () => {
        sender = false
        recipients = 0
        begun = false
      }
      for (const command of commands) {
        const chunk = command.startsWith('BDAT')
        client.send(`${command}\r\n${chunk ? 'x\n'.replace('\n', 'y') : ''}`)
        const reply = (await client.reply()) ?? ''
        const took = reply.startsWith('250')
        if (/^(HELO|EHLO|RSET)/.test(command) && took) {
          if (!command.startsWith('RSET')) hello = true
          forget()
        } else if (command.startsWith('MAIL') && took) {
          assert.ok(hello && !sender, command)
          sender = true
        } else if (command.startsWith('RCPT') && took) {
          assert.ok(sender && !begun, command)
          recipients += 1
        } else if (chunk) {
          if (took) assert.ok(sender && recipients > 0, command)
          if (took && command === 'BDAT 2') begun = true
          else forget()
        } else if (command === 'DATA') {
          if (reply.startsWith('354')) {
            assert.ok(sender && recipients > 0 && !begun)
            const before = world.kept.length
            client.send('.\r\n')
            assert.match((await client.reply()) ?? '', /^250/)
            assert.equal(world.kept.length, before + 1)
            forget()
          } else if (begun) forget()
        }
      }
      for (const kept of world.kept) assert.deepEqual([...kept.mailboxIds], kept.mailboxIds.length === 0 ? [] : [1])
      client.socket.destroy()
    }),
    { numRuns: 150 },
  )
})

/** States of a session, each with the commands that lead to it. */
const STATES: readonly (readonly string[])[] = [
  [],
  ['EHLO c'],
  ['EHLO c', 'MAIL FROM:<a@far.example>'],
  ['EHLO c', 'MAIL FROM:<a@far.example>', 'RCPT TO:<user1@here.example>'],
  ['EHLO c', 'MAIL FROM:<a@far.example>', 'RCPT TO:<user1@here.example>', 'DATA'],
  ['EHLO c', 'AUTH LOGIN'],
]

async function reach(world: World, state: readonly string[]): Promise<Client> {
  const client = world.connect({}, { ip: '127.0.0.1' })
  await client.reply()
  for (const command of state) {
    client.send(`${command}\r\n`)
    await client.reply()
  }
  return client
}

test('no octets in any state are a bug, and everyone else is served', async () => {
  const words = fc.constantFrom(
    ...[
      'MAIL FROM:',
      'RCPT TO:',
      'EHLO ',
      'BDAT ',
      'AUTH ',
      'DATA',
      '<',
      '>',
      '@',
      '"',
      '\\',
      '\r\n',
      '\r\n.\r\n',
      ' ',
      'LAST',
    ],
    ...[
      'SIZE=',
      'NOTIFY=',
      'SMTPUTF8',
      '\0',
      '\n',
      '\r',
      '.',
      '[IPv6:',
      'here.example',
      'user1',
      '=',
      '9999999999',
      'PLAIN',
      '*',
    ],
  )
  const noise = fc.uint8Array({ maxLength: 20 }).map((octets) => Buffer.from(octets))
  const input = fc.array(
    fc.oneof(
      words.map((word) => Buffer.from(word)),
      noise,
    ),
    { maxLength: 15 },
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(STATES.length - 1), input, async (state, parts) => {
      const world = new World()
      const client = await reach(world, STATES[state] as readonly string[])
      client.send(Buffer.concat([...parts, Buffer.from('\r\n')]))
      await turns(3)
      for (const line of client.received.split('\r\n').slice(0, -1)) assert.match(line, /^[2-5]\d\d[ -][ -~]*$/)
      assert.deepEqual(
        world.events.filter((event) => event.name === 'faulted'),
        [],
      )
      assert.match((await world.connect().reply()) ?? '', /^220 /)
      client.socket.destroy()
      await turns()
      assert.equal(world.drafts.size, 0)
    }),
    { numRuns: 300 },
  )
})

/** An honest client's session in groups: it waits for the replies of one before it sends the next (RFC 2920 §3.1). */
const GROUPS: readonly string[] = [
  'EHLO client.example\r\n',
  'MAIL FROM:<a@far.example> SIZE=20\r\nRCPT TO:<nobody@here.example>\r\nRCPT TO:<user1@here.example>\r\nDATA\r\n',
  'Message-ID: <1@far.example>\r\nReceived: x\r\n\r\n..a\r\n.b\r\n.\r\nNOOP\r\nMAIL FROM:<>\r\nRCPT TO:<jörg@here.example>\r\nRSET\r\n',
  'MAIL FROM:<a@far.example>\r\nRCPT TO:<user2@here.example>\r\nBDAT 7\r\na\r\n.\r\nbBDAT 4 LAST\r\nc\r\n.BDAT 3\r\nxyz',
  'XYZZY\r\nAUTH LOGIN\r\n',
  'dXNlcjE=\r\n',
  'c2VjcmV0\r\n',
  'MAIL FROM:<a@far.example>\r\nRCPT TO:<x@far.example>\r\nDATA\r\n',
  'a\nb\r\n.\r\nRCPT TO:<user1@here.example>\r\nQUIT\r\n',
]

async function play(cutsOf: (group: number) => readonly number[]): Promise<readonly unknown[]> {
  const world = new World()
  const client = world.connect({}, { ip: '127.0.0.1' })
  const replies: string[] = []
  for (const [index, group] of GROUPS.entries()) {
    const bytes = Buffer.from(group)
    let from = 0
    for (const size of cutsOf(index)) {
      if (from >= bytes.length) break
      client.send(bytes.subarray(from, from + size))
      from += size
      await turns(1)
    }
    client.send(bytes.subarray(from))
    await turns(6)
    replies.push(client.received)
    client.received = ''
  }
  return [replies, world.kept, world.events]
}

test('the same octets cut anywhere give the same replies, messages and events', async () => {
  const whole = await play(() => [])
  const cuts = fc.array(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 12 }), {
    minLength: GROUPS.length,
    maxLength: GROUPS.length,
  })
  await fc.assert(
    fc.asyncProperty(cuts, async (sizes) => assert.deepEqual(await play((group) => sizes[group] ?? []), whole)),
    { numRuns: 30 },
  )
})

test('the replies to a group are written at once (RFC 2920 §3.2)', async () => {
  const world = new World()
  const client = await reach(world, ['EHLO c'])
  let writes = 0
  client.socket.on('data', () => {
    writes += 1
  })
  client.send('MAIL FROM:<a@far.example>\r\nRCPT TO:<user1@here.example>\r\nRCPT TO:<user2@here.example>\r\nDATA\r\n')
  for (let count = 0; count < 4; count++) await client.reply()
  assert.equal(writes, 1)
})
