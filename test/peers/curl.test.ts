/** curl, as Debian has it: mail in over SMTP, out over POP3. */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { type RunningPostern, run } from '../server.ts'
import { assertCarried, PASSWORD, putMail, sampleMessage, startForClients, takeMail, USER } from './mail.ts'
import { needs } from './needs.ts'

const skip = needs({ curl: 'curl' })
let server: RunningPostern
before(async () => {
  if (skip === false) server = await startForClients()
})
after(() => server?.stop())
afterEach(async () => {
  if (server !== undefined) await takeMail(server.ports)
})

const WAYS_IN = [
  ['plain', 'smtp', 'smtp', []],
  [
    'STARTTLS, AUTH PLAIN',
    'smtp',
    'submission',
    ['--ssl-reqd', '--login-options', 'AUTH=PLAIN', '--user', `${USER}:${PASSWORD}`],
  ],
  [
    'STARTTLS, AUTH LOGIN',
    'smtp',
    'submission',
    ['--ssl-reqd', '--login-options', 'AUTH=LOGIN', '--user', `${USER}:${PASSWORD}`],
  ],
  ['STARTTLS, the best it knows', 'smtp', 'submission', ['--ssl-reqd', '--user', `${USER}:${PASSWORD}`]],
  ['TLS from the first byte', 'smtps', 'submissions', ['--user', `${USER}:${PASSWORD}`]],
] as const

for (const [name, scheme, service, args] of WAYS_IN) {
  test(`curl in: ${name}`, { skip }, async () => {
    const sent = sampleMessage(`curl ${name}`)
    const result = await curl(
      [
        `${scheme}://127.0.0.1:${server.ports[service]}/client.example`,
        '--mail-from',
        USER,
        '--mail-rcpt',
        USER,
        '-T',
        '-',
        ...args,
      ],
      sent,
    )
    assert.equal(result.code, 0, result.stderr)
    assertCarried((await takeMail(server.ports))[0], sent)
  })
}

const WAYS_OUT = [
  ['AUTH PLAIN under STLS', 'pop3', 'pop3', ['--ssl-reqd', '--login-options', 'AUTH=PLAIN']],
  ['the best it knows, TLS from the first byte', 'pop3s', 'pop3s', []],
] as const

for (const [name, scheme, service, args] of WAYS_OUT) {
  test(`curl out: ${name}`, { skip }, async () => {
    const sent = sampleMessage(`curl ${name}`)
    await putMail(server.ports, sent)
    const url = `${scheme}://127.0.0.1:${server.ports[service]}`
    const login = ['--user', `${USER}:${PASSWORD}`]
    const listed = await curl([`${url}/`, ...login, ...args])
    assert.equal(listed.code, 0, listed.stderr)
    assert.match(listed.stdout, /^1 \d+\r\n$/)
    const fetched = await curl([`${url}/1`, ...login, ...args])
    assert.equal(fetched.code, 0, fetched.stderr)
    assertCarried(Buffer.from(fetched.stdout), sent)
    assert.equal(
      Number(listed.stdout.split(' ')[1]),
      Buffer.byteLength(fetched.stdout),
      'LIST gives the size that RETR sends',
    )
  })
}

function curl(args: readonly string[], input?: Buffer) {
  return run('/usr/bin/curl', ['--silent', '--show-error', '--insecure', '--max-time', '60', ...args], { input })
}
