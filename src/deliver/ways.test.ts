import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { settingsOf } from '#settings/testing.ts'
import { createWays, type Way } from './ways.ts'

test('domains share a transaction to a relay server, but not one that wants more TLS than the other', async () => {
  const ways = createWays({
    settings: () =>
      settingsOf(`delivery:
  routes: [{ host: relay.example }]
  tlsDomains: [{ domain: '*.strict.example', mode: verified }]`),
    clock: new ManualClock(),
    findServers: async () => assert.fail('no MX is asked'),
    findHost: async (host, port) => ({
      is: 'servers',
      servers: [{ host, ip: '192.0.2.1', port }],
      hosts: [{ host, addresses: ['192.0.2.1'], secure: false }],
      secureMx: true,
    }),
  })
  async function keyOf(domain: string): Promise<string> {
    return ((await ways.find({ sender: 'a@here.example', recipient: `x@${domain}`, domain })) as Way).key
  }
  assert.equal(await keyOf('a.example'), await keyOf('b.example'))
  assert.equal(await keyOf('a.strict.example'), await keyOf('b.strict.example'))
  assert.notEqual(await keyOf('a.example'), await keyOf('a.strict.example'))
})

test('a domain has one name, whichever way it is spelled (RFC 5890 §2.3.2.1)', async () => {
  const settings = settingsOf(`delivery:
  routes: [{ host: relay.example }]
  tlsDomains: [{ domain: Müller.example, mode: verified }, { domain: dot.example., mode: verified }]`)
  const ways = createWays({
    settings: () => settings,
    clock: new ManualClock(),
    findServers: async () => assert.fail('no MX is asked'),
    findHost: async (host, port) => ({
      is: 'servers',
      servers: [{ host, ip: '192.0.2.1', port }],
      hosts: [],
      secureMx: true,
    }),
  })
  const wayTo = async (domain: string) =>
    (await ways.find({ sender: 'a@here.example', recipient: `x@${domain}`, domain })) as Way
  assert.equal((await wayTo('müller.example')).domain, 'xn--mller-kva.example')
  const strict = (await wayTo('xn--mller-kva.example')).key
  assert.equal((await wayTo('müller.example')).key, strict)
  assert.equal((await wayTo('dot.example')).key, strict)
  assert.notEqual((await wayTo('other.example')).key, strict)
})
