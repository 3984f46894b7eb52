/** msmtp, as Debian has it. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type RunningPostern, run } from '../server.ts'
import {
  assertCarried,
  PLAIN_PASSWORD,
  PLAIN_USER,
  sampleMessage,
  startForClients,
  takeMail,
  USER,
  withLf,
} from './mail.ts'
import { needs } from './needs.ts'

const skip = needs({ msmtp: 'msmtp' })
let server: RunningPostern
let dir: string
before(async () => {
  if (skip !== false) return
  server = await startForClients()
  dir = await mkdtemp(join(tmpdir(), 'postern-msmtp-'))
})
after(async () => {
  await server?.stop()
  if (dir !== undefined) await rm(dir, { recursive: true })
})

const WAYS: readonly (readonly [
  name: string,
  service: 'smtp' | 'submission' | 'submissions',
  lines: readonly string[],
])[] = [
  ['plain', 'smtp', ['tls off', 'auth off']],
  ['STARTTLS, AUTH PLAIN', 'submission', ['tls on', 'tls_starttls on', 'auth plain']],
  ['STARTTLS, AUTH LOGIN', 'submission', ['tls on', 'tls_starttls on', 'auth login']],
  ['STARTTLS, AUTH SCRAM-SHA-256', 'submission', ['tls on', 'tls_starttls on', 'auth scram-sha-256']],
  ['TLS from the first byte', 'submissions', ['tls on', 'tls_starttls off', 'auth on']],
]

for (const [name, service, lines] of WAYS) {
  test(`msmtp: ${name}`, { skip }, async (t) => {
    if (name.includes('SCRAM') && !(await knowsScram())) return t.skip('this msmtp is built without SCRAM-SHA-256')
    const sent = sampleMessage(`msmtp ${name}`)
    const result = await msmtp(service, lines, withLf(sent))
    assert.equal(result.code, 0, result.stderr)
    assertCarried((await takeMail(server.ports))[0], sent)
  })
}

test('msmtp: a wrong password is refused', { skip }, async () => {
  const lines = ['tls on', 'auth plain', 'password wrong']
  const result = await msmtp('submission', lines, withLf(sampleMessage('wrong password')))
  assert.notEqual(result.code, 0)
  assert.match(result.stderr, /535 5\.7\.8/)
  assert.deepEqual(await takeMail(server.ports), [])
})

async function msmtp(service: 'smtp' | 'submission' | 'submissions', lines: readonly string[], message: string) {
  const file = join(dir, 'msmtprc')
  const account = [
    'account test',
    'host 127.0.0.1',
    `port ${server.ports[service]}`,
    `from ${PLAIN_USER}`,
    `user ${PLAIN_USER}`,
    `password ${PLAIN_PASSWORD}`,
    'tls_certcheck off',
    ...lines,
  ]
  await writeFile(file, `${account.join('\n')}\n`, { mode: 0o600 })
  return run('/usr/bin/msmtp', ['-C', file, '-a', 'test', USER], { input: Buffer.from(message, 'latin1') })
}

async function knowsScram(): Promise<boolean> {
  return (await run('/usr/bin/msmtp', ['--version'])).stdout.toLowerCase().includes('scram-sha-256')
}
