import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { duplexPair } from 'node:stream'
import { before, test } from 'node:test'
import { connect, createSecureContext, type SecureVersion, TLSSocket } from 'node:tls'
import { channelBindingsOf } from './channel-bindings.ts'
import { makeSelfSigned } from './self-signed-certificate.ts'

let pem: string

before(async () => {
  pem = await makeSelfSigned('mail.example.test', Date.now())
})

async function handshake(version: SecureVersion): Promise<{ readonly client: TLSSocket; readonly server: TLSSocket }> {
  const [near, far] = duplexPair()
  const server = new TLSSocket(far as ConstructorParameters<typeof TLSSocket>[0], {
    isServer: true,
    secureContext: createSecureContext({ cert: pem, key: pem }),
  })
  const client = connect({ socket: near, rejectUnauthorized: false, maxVersion: version })
  await Promise.all([once(server, 'secure'), once(client, 'secureConnect')])
  return { client, server }
}

test('both ends of a TLS 1.3 connection find the same bindings', async () => {
  const { client, server } = await handshake('TLSv1.3')
  const bindings = channelBindingsOf(server, new X509Certificate(pem).raw)
  const seen = client.getPeerX509Certificate()?.raw ?? Buffer.alloc(0)
  assert.deepEqual(Buffer.from(bindings['tls-server-end-point']), createHash('sha256').update(seen).digest())
  assert.deepEqual(
    Buffer.from(bindings['tls-exporter'] ?? []),
    client.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)),
  )
  client.destroy()
  server.destroy()
})

test('below TLS 1.3 there is no exporter binding', async () => {
  const { client, server } = await handshake('TLSv1.2')
  assert.deepEqual(Object.keys(channelBindingsOf(server, new X509Certificate(pem).raw)), ['tls-server-end-point'])
  client.destroy()
  server.destroy()
})
