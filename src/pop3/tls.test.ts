import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import { before, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { acceptProxied } from '#base/accept-proxied.ts'
import { systemClock } from '#base/clock.ts'
import { makeSelfSigned } from '#base/self-signed-certificate.ts'
import type { Pop3Listener } from './ports.ts'
import { Client, createWorld, PASSWORD, settle, type World } from './testing.ts'

let certificate: { readonly cert: string; readonly key: string }

before(async () => {
  const pem = await makeSelfSigned('mail.example.test', Date.now())
  certificate = { cert: pem, key: pem }
})

const PLAIN: Pop3Listener = { service: 'pop3', implicitTls: false }
const IMPLICIT: Pop3Listener = { service: 'pop3s', implicitTls: true }
const FAR_AWAY = { ip: '192.0.2.7', port: 1 }

/** Serve one real connection, and give the client's end. `proxied` reads a PROXY header first. */
async function connectTo(world: World, listener: Pop3Listener, proxied = false): Promise<Socket> {
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    server.close()
    if (!proxied) return world.pop3.serve(socket, FAR_AWAY, listener)
    const accepted = await acceptProxied(socket, FAR_AWAY, systemClock)
    if (accepted.is === 'refused') socket.destroy()
    else world.pop3.serve(socket, accepted.ends, listener)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

async function secure(socket: Duplex): Promise<{ readonly tls: TLSSocket; readonly client: Client }> {
  const tls = connectTls({ socket, rejectUnauthorized: false })
  await once(tls, 'secureConnect')
  return { tls, client: new Client(tls, tls) }
}

test('STLS, then a login under TLS', async () => {
  const world = createWorld({ certificate })
  const socket = await connectTo(world, PLAIN)
  const plain = new Client(socket, socket)
  await plain.line()
  assert.equal(await plain.say('USER anna'), '-ERR Start TLS first (STLS)')
  assert.equal(await plain.say('STLS'), '+OK Begin TLS')
  plain.takeOver()
  const { tls, client } = await secure(socket)
  assert.equal(await client.say('STLS'), '-ERR TLS is active already')
  await client.say('CAPA')
  const capabilities = (await client.multiline()).toString()
  assert.match(capabilities, /^USER\r\nSASL SCRAM-SHA-256 PLAIN\r\n/m)
  assert.doesNotMatch(capabilities, /STLS/)
  await client.say('USER anna')
  assert.equal(await client.say(`PASS ${PASSWORD}`), '+OK Logged in')
  assert.equal(await client.say('QUIT'), '+OK Bye')
  await client.end()
  tls.destroy()
  assert.equal(world.told.find(({ name }) => name === 'loginSucceeded')?.said.tls, true)
})

test('a name given before STLS is forgotten (RFC 2595 §4)', async () => {
  const world = createWorld({ certificate })
  const server = createServer((socket) => {
    server.close()
    world.pop3.serve(socket, { ...FAR_AWAY, ip: '127.0.0.1' }, PLAIN)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1')
  const plain = new Client(socket, socket)
  await plain.line()
  assert.equal(await plain.say('USER anna'), '+OK Password, please')
  await plain.say('STLS')
  plain.takeOver()
  const { tls, client } = await secure(socket)
  assert.equal(await client.say(`PASS ${PASSWORD}`), '-ERR USER first')
  tls.destroy()
})

test('implicit TLS, with a large message', async () => {
  const world = createWorld({ certificate })
  const body = Buffer.alloc(3_000_000, 'line of text\r\n')
  world.mailbox.add(Buffer.concat([body, Buffer.from('\r\n')]))
  const { tls, client } = await secure(await connectTo(world, IMPLICIT))
  await client.logIn()
  await client.say('RETR 1')
  assert.equal((await client.multiline()).length, 3_000_002)
  tls.destroy()
})

test('implicit TLS behind a proxy: the header, and the handshake in the same packet', async () => {
  const world = createWorld({ certificate })
  const socket = await connectTo(world, IMPLICIT, true)
  const [inner, outer] = duplexPair()
  outer.once('data', (hello: Buffer) => {
    socket.write(Buffer.concat([Buffer.from('PROXY TCP4 198.51.100.9 192.0.2.1 4000 995\r\n'), hello]))
    outer.pipe(socket)
  })
  socket.pipe(outer)
  const { tls, client } = await secure(inner)
  await client.logIn()
  assert.deepEqual(world.loggedIn, ['198.51.100.9'])
  tls.destroy()
  socket.destroy()
})

test('a plain session behind a proxy, its first command in the same packet', async () => {
  const world = createWorld()
  const socket = await connectTo(world, PLAIN, true)
  socket.write('PROXY TCP4 198.51.100.9 192.0.2.1 4000 110\r\nQUIT\r\n')
  const client = new Client(socket, socket)
  await client.line()
  assert.equal(await client.line(), '+OK Bye')
  await client.end()
  socket.destroy()
})

test('what is no handshake ends the connection, and a handshake has its time', async () => {
  const world = createWorld({ certificate })
  const noise = await connectTo(world, IMPLICIT)
  noise.on('error', () => {})
  noise.end('USER anna\r\n')
  noise.resume()
  await once(noise, 'close')

  const silent = await connectTo(world, IMPLICIT)
  silent.resume().on('error', () => {})
  await settle()
  world.clock.advance(2 * 60_000)
  world.pop3.tick()
  await once(silent, 'close')
  await settle()
  assert.equal(world.told.filter(({ name }) => name === 'sessionClosed').length, 2)
  assert.equal(world.told.filter(({ name }) => name === 'faulted').length, 0)
  await world.pop3.stop()
})
