import assert from 'node:assert/strict'
import { type Duplex, duplexPair } from 'node:stream'
import { test } from 'node:test'
import { type AcceptedProxied, acceptProxied } from './accept-proxied.ts'
import { ManualClock } from './clock.ts'

const PROXY = { ip: '10.0.0.1', port: 1 }
const HEADER = 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n'

interface Accepting {
  readonly clock: ManualClock
  readonly client: Duplex
  readonly server: Duplex
  readonly accepted: Promise<AcceptedProxied>
}

function accepting(): Accepting {
  const clock = new ManualClock()
  const [client, server] = duplexPair()
  return { clock, client, server, accepted: acceptProxied(server, PROXY, clock) }
}

/** What a session would read that is attached now. */
function readRest(server: Duplex): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    server.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    server.on('end', () => resolve(text))
    server.resume()
  })
}

for (const size of [1, 7, 1000]) {
  test(`the client's ends are those of the header, ${size} bytes at a time, and the rest is put back`, async () => {
    const { client, server, accepted } = accepting()
    const bytes = Buffer.from(`${HEADER}EHLO x\r\nQUIT\r\n`)
    for (let at = 0; at < bytes.length; at += size) client.write(bytes.subarray(at, at + size))
    client.end()
    assert.deepEqual(await accepted, {
      is: 'accepted',
      ends: { ip: '192.0.2.1', port: 56324 },
    })
    assert.equal(await readRest(server), 'EHLO x\r\nQUIT\r\n')
  })
}

test('a health check keeps the ends of its own connection', async () => {
  const { client, accepted } = accepting()
  client.write(Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex'))
  assert.deepEqual(await accepted, { is: 'accepted', ends: PROXY })
})

const refusals: readonly (readonly [string, (it: Accepting) => void, RegExp])[] = [
  ['a client without a header', ({ client }) => client.write('EHLO x\r\n'), /no PROXY header/],
  ['a proxy that does not know', ({ client }) => client.write('PROXY UNKNOWN\r\n'), /does not know/],
  ['silence', ({ clock }) => clock.advance(10_000), /within 10000 ms/],
  ['half a header', ({ client }) => client.end('PROXY TC'), /closed before/],
  ['a connection that breaks', ({ server }) => server.destroy(new Error('reset')), /broke before.*reset/],
]

for (const [name, happens, why] of refusals) {
  test(`refused: ${name}`, async () => {
    const it = accepting()
    happens(it)
    const accepted = await it.accepted
    assert.equal(accepted.is, 'refused')
    assert.match(accepted.is === 'refused' ? accepted.why : '', why)
    it.server.destroy()
  })
}
