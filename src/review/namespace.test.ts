import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { parseStory } from '#gate/story.ts'
import { World } from '#receive/testing.ts'
import { probeOverNetwork } from './live-probe.ts'
import { openNamespace } from './namespace.ts'

/** Why this machine cannot make a namespace; undefined when it can. */
async function whyNot(): Promise<string | undefined> {
  const place = await openNamespace(() => false)
  if (place.is === 'unavailable') return place.why
  await place.close()
  return undefined
}

const skip = (await whyNot()) ?? false
if (skip !== false) console.log(`no network namespace here: ${skip}`)

test('a connection out of the namespace comes from an address that is nobody’s, and octets pass both ways', {
  skip,
}, async () => {
  let seen: string | undefined
  const server = createServer((socket) => {
    seen = socket.remoteAddress
    socket.on('data', (chunk) => socket.write(`you said ${chunk}`)).on('error', () => {})
    socket.write('220 hello\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  const { port } = server.address() as AddressInfo
  const place = await openNamespace((ip) => ip.startsWith('198.51.100.'))
  assert.ok(place.is === 'open')
  try {
    const socket = await place.connect('*', port)
    socket.write('x')
    let got = ''
    for await (const chunk of socket) {
      got += chunk
      if (got.endsWith('you said x')) break
    }
    assert.equal(seen, place.from)
    assert.match(place.from, /^203\.0\.113\./)
    await assert.rejects(place.connect('127.0.0.1', port), /from this machine only/)
  } finally {
    await place.close()
    server.close()
  }
  assert.ok(!execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).includes(`postern-probe-${process.pid}`))
})

test('a port where nobody listens is told', { skip }, async () => {
  const place = await openNamespace(() => false)
  assert.ok(place.is === 'open')
  try {
    await assert.rejects(place.connect('*', 1), /Cannot connect to .* port 1 .*: ECONNREFUSED/)
  } finally {
    await place.close()
  }
})

test('where every address is trusted there is no stranger to be', { skip }, async () => {
  const place = await openNamespace(() => true)
  assert.ok(place.is === 'unavailable')
  assert.match(place.why, /trusted or in use/)
})

test('the server is probed over a network of its own, as a real stranger comes', { skip }, async () => {
  const world = new World({ settings: { session: { tarpit: 0 } } })
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const { remoteAddress: ip = '' } = socket
    const peer = { ip, port: 1 }
    world.receiver.receive(socket, peer, { service: 'smtp', implicitTls: false })
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  const { port } = server.address() as AddressInfo
  const options = { hostname: 'mail.here.example', localDomain: 'here.example', isTrusted: () => false }
  try {
    const { from, steps, notAsked } = await probeOverNetwork({ host: '*', port }, options)
    assert.equal(notAsked, undefined)
    assert.match(from, /^198\.51\.100\./)
    assert.ok(steps.length > 20)
    assert.deepEqual(
      steps.filter(({ relayed }) => relayed),
      [],
    )
    await world.receiver.stop()
    assert.ok(world.records.length > 0)
    assert.ok(world.records.every(({ ip, story }) => ip === from && parseStory(story).helo === 'postern-probe'))
  } finally {
    server.close()
  }
})

test('where no stranger can be, the probe says why', async () => {
  const { steps, notAsked } = await probeOverNetwork(
    { host: '*', port: 25 },
    { hostname: 'a.example', isTrusted: () => true },
  )
  assert.deepEqual(steps, [])
  assert.match(notAsked ?? '', /\w/)
})
