/** What in-memory sockets cannot show: the same server over TCP. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { after, before, test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import type { Listener } from './ports.ts'
import { Client, turns, World } from './testing.ts'

let world: World
const servers: Server[] = []

async function listen(listener: Listener): Promise<number> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    world.receiver.receive(socket, { ip: '127.0.0.1', port: 1 }, listener)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

let port: number
let tlsPort: number
before(async () => {
  world = new World()
  port = await listen({ service: 'smtp', implicitTls: false })
  tlsPort = await listen({ service: 'submissions', implicitTls: true })
})
after(async () => {
  await world.receiver.stop()
  for (const server of servers) server.close()
})

/** Say these one after the other, and give the codes of the replies. */
async function codes(client: Client, ...lines: readonly string[]): Promise<readonly string[]> {
  const heard: string[] = []
  for (const line of lines) {
    client.send(`${line}\r\n`)
    heard.push((await client.reply())?.slice(0, 3) ?? 'closed')
  }
  return heard
}

const ENVELOPE = ['EHLO c', 'MAIL FROM:<a@far.example>', 'RCPT TO:<user1@here.example>', 'DATA']
const LARGE = `${'0123456789abcdef\r\n'.repeat(100_000)}`

test('STARTTLS and a large message over TCP', async () => {
  const client = new Client(connect(port, '127.0.0.1'))
  assert.match((await client.reply()) ?? '', /^220 /)
  assert.deepEqual(await codes(client, 'EHLO c', 'STARTTLS'), ['250', '220'])
  await client.startTls()
  assert.deepEqual(await codes(client, ...ENVELOPE), ['250', '250', '250', '354'])
  assert.deepEqual(await codes(client, `${LARGE}.`, 'QUIT', ''), ['250', '221', 'closed'])
  assert.equal(world.kept.at(-1)?.body.toString(), LARGE)
  assert.match(world.kept.at(-1)?.trace ?? '', /with ESMTPS\r\n/)
})

test('TLS from the first octet', async () => {
  const client = new Client(tlsConnect({ port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false }))
  assert.match((await client.reply()) ?? '', /^220 /)
  assert.deepEqual(await codes(client, 'EHLO c', 'AUTH PLAIN AHVzZXIxAHNlY3JldA==', 'QUIT'), ['250', '235', '221'])
})

test('what is put behind STARTTLS is not read over TCP either', async () => {
  const client = new Client(connect(port, '127.0.0.1'))
  await client.reply()
  await codes(client, 'EHLO c')
  client.send('STARTTLS\r\nMAIL FROM:<evil@far.example>\r\n')
  assert.match((await client.reply()) ?? '', /^503 5\.5\.0 /)
  assert.equal(await client.reply(), undefined)
})

test('a client that ends its side first gets its replies', async () => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const client = new Client(socket)
  await client.reply()
  await codes(client, 'EHLO c')
  socket.end('MAIL FROM:<a@far.example>\r\nRCPT TO:<user1@here.example>\r\nBDAT 3 LAST\r\nx\r\n')
  const replies = [await client.reply(), await client.reply(), await client.reply()]
  assert.deepEqual(
    replies.map((reply) => reply?.slice(0, 3)),
    ['250', '250', '250'],
  )
  assert.equal(await client.reply(), undefined)
})

test('connections that break anywhere are ordinary', async () => {
  for (const steps of [0, 1, 2, 3, 4]) {
    const socket = connect(port, '127.0.0.1')
    const client = new Client(socket)
    await client.reply()
    await codes(client, ...ENVELOPE.slice(0, steps))
    if (steps === 4) client.send(LARGE)
    socket.resetAndDestroy()
  }
  const noise = connect(tlsPort, '127.0.0.1')
  noise.on('error', () => {})
  noise.write('EHLO c\r\n')
  await once(noise.resume(), 'close')
  await turns(20)
  assert.deepEqual(
    world.events.filter(({ name }) => name === 'faulted'),
    [],
  )
  const client = new Client(connect(port, '127.0.0.1'))
  assert.match((await client.reply()) ?? '', /^220 /)
})
