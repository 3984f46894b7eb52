/** Postfix delivers to Postern over TLS, as an outside server would: unpacked, not installed, with a place of its own. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RunningPostern } from '../server.ts'
import { awaitMail, belowTrace, putMail, sampleMessage, startForClients, USER } from './mail.ts'
import { type RunningPostfix, postfixSkip as skip, startPostfix } from './servers/postfix.ts'

let server: RunningPostern
let postfix: RunningPostfix
before(async () => {
  if (skip !== false) return
  server = await startForClients()
  postfix = await startPostfix({
    hostname: 'outside.example',
    nextPort: server.ports.smtp,
    settings: { smtp_tls_security_level: 'encrypt', smtpd_relay_restrictions: 'permit_mynetworks, reject' },
  })
})
after(async () => {
  await postfix?.stop()
  await server?.stop()
})

test('Postfix delivers over TLS, 20 messages, none lost or changed', { skip }, async () => {
  const sent = Array.from({ length: 20 }, (_, index) => sampleMessage(`postfix ${index}`))
  const into = { ...server.ports, smtp: postfix.port }
  await Promise.all(sent.map((message) => putMail(into, message)))

  const received: Buffer[] = []
  for (let rounds = 0; received.length < sent.length && rounds < 30; rounds += 1)
    received.push(...(await awaitMail(server.ports, 2_000)))
  const bodies = received.map((message) => belowPostfix(belowTrace(message)).toString('latin1'))
  assert.deepEqual(bodies.sort(), sent.map((message) => message.toString('latin1')).sort(), postfix.log())
  for (const message of received) assert.match(message.toString('latin1'), /\bwith ESMTPS\b/, 'TLS was used')
})

test('Postfix bounces what this server refuses', { skip }, async () => {
  await putMail({ ...server.ports, smtp: postfix.port }, sampleMessage('to nobody'), 'nobody@example.test', USER)
  const bounce = (await awaitMail(server.ports, 30_000))[0]?.toString('latin1') ?? ''
  assert.match(bounce, /550 5\.1\.1 .*/, postfix.log())
  assert.match(bounce, /^Return-Path: <>\r$/m)
})

/** Take off the Received line that Postfix adds. */
function belowPostfix(message: Buffer): Buffer {
  const line = /^Received: [^\r\n]+\r\n(?:[ \t][^\r\n]+\r\n)*/.exec(message.toString('latin1'))
  return message.subarray(line?.[0].length ?? 0)
}
