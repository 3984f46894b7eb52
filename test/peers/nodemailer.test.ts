/** nodemailer, which applications send with. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { createTransport } from 'nodemailer'
import type SMTPTransport from 'nodemailer/lib/smtp-transport/index.js'
import type { RunningPostern } from '../server.ts'
import { assertCarried, PASSWORD, sampleMessage, startForClients, takeMail, USER } from './mail.ts'

let server: RunningPostern
before(async () => {
  server = await startForClients()
})
after(() => server?.stop())

const login = { user: USER, pass: PASSWORD }
const WAYS: readonly (readonly [string, 'smtp' | 'submission' | 'submissions', SMTPTransport.Options])[] = [
  ['plain', 'smtp', { ignoreTLS: true }],
  ['STARTTLS', 'smtp', { requireTLS: true }],
  ['STARTTLS, AUTH PLAIN', 'submission', { requireTLS: true, auth: login, authMethod: 'PLAIN' }],
  ['STARTTLS, AUTH LOGIN', 'submission', { requireTLS: true, auth: login, authMethod: 'LOGIN' }],
  ['TLS from the first byte', 'submissions', { secure: true, auth: login }],
]

for (const [name, service, options] of WAYS) {
  test(`nodemailer: ${name}`, async () => {
    const sent = sampleMessage(`nodemailer ${name}`)
    await send(service, options, sent)
    assertCarried((await takeMail(server.ports))[0], sent)
  })
}

test('nodemailer: an attachment of 5 MB comes out whole', async () => {
  const raw = randomBytes(5 * 1024 * 1024).toString('base64')
  const sent = Buffer.from(`Subject: large\r\n\r\n${raw.replaceAll(/.{76}/g, '$&\r\n')}\r\n`)
  await send('submissions', { secure: true, auth: login }, sent)
  const received = (await takeMail(server.ports))[0]
  assert.ok(received?.subarray(-sent.length).equals(sent), 'the message is not what was sent')
})

test('nodemailer: a wrong password is refused as such', async () => {
  const options = { requireTLS: true, auth: { user: USER, pass: 'wrong' } }
  await assert.rejects(send('submission', options, sampleMessage('wrong')), { code: 'EAUTH', responseCode: 535 })
})

async function send(service: 'smtp' | 'submission' | 'submissions', options: SMTPTransport.Options, raw: Buffer) {
  const tls = { rejectUnauthorized: false }
  const transport = createTransport({ host: '127.0.0.1', port: server.ports[service], tls, ...options })
  await transport.sendMail({ envelope: { from: USER, to: [USER] }, raw })
  transport.close()
}
