/** swaks, as Debian has it: plain, STARTTLS, TLS from the first byte, each way of logging in that it knows. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type RunningPostern, run } from '../server.ts'
import { assertCarried, PASSWORD, sampleMessage, startForClients, takeMail, USER } from './mail.ts'
import { needs } from './needs.ts'

const skip = needs({ swaks: 'swaks' })
let server: RunningPostern
let dir: string
before(async () => {
  if (skip !== false) return
  server = await startForClients()
  dir = await mkdtemp(join(tmpdir(), 'postern-swaks-'))
})
after(async () => {
  await server?.stop()
  if (dir !== undefined) await rm(dir, { recursive: true })
})

const LOGIN = ['--auth-user', USER, '--auth-password', PASSWORD]
const WAYS: readonly (readonly [
  name: string,
  service: 'smtp' | 'submission' | 'submissions',
  args: readonly string[],
])[] = [
  ['plain', 'smtp', []],
  ['plain, pipelining', 'smtp', ['--pipeline']],
  ['STARTTLS', 'smtp', ['-tls']],
  ['STARTTLS, AUTH PLAIN', 'submission', ['-tls', '--auth', 'PLAIN', ...LOGIN]],
  ['STARTTLS, AUTH LOGIN', 'submission', ['-tls', '--auth', 'LOGIN', ...LOGIN]],
  ['TLS from the first byte, AUTH PLAIN', 'submissions', ['-tlsc', '--auth', 'PLAIN', ...LOGIN]],
  ['TLS from the first byte, AUTH LOGIN', 'submissions', ['-tlsc', '--auth', 'LOGIN', ...LOGIN]],
]

for (const [name, service, args] of WAYS) {
  test(`swaks: ${name}`, { skip }, async () => {
    const sent = sampleMessage(`swaks ${name}`)
    const result = await swaks(service, sent, args)
    assert.equal(result.code, 0, result.stdout + result.stderr)
    assertCarried((await takeMail(server.ports))[0], sent)
  })
}

test('swaks: a wrong password is refused, and nothing is sent', { skip }, async () => {
  const args = ['-tls', '--auth', 'PLAIN', '--auth-user', USER, '--auth-password', 'wrong']
  const result = await swaks('submission', sampleMessage('wrong password'), args)
  assert.notEqual(result.code, 0)
  assert.match(result.stdout, /<.. *535 5\.7\.8 /)
  assert.deepEqual(await takeMail(server.ports), [])
})

test('swaks: an unknown recipient is refused with code and reference', { skip }, async () => {
  const result = await swaks('smtp', sampleMessage('unknown'), [], 'nobody@example.test')
  assert.notEqual(result.code, 0)
  assert.match(result.stdout, /<.. *550 5\.1\.1 .*\[ref [0-9A-Z]+\]/)
})

async function swaks(
  service: 'smtp' | 'submission' | 'submissions',
  message: Buffer,
  args: readonly string[],
  to = USER,
) {
  const file = join(dir, 'message.eml')
  // swaks ends the last line itself.
  await writeFile(file, message.subarray(0, -2))
  return run('/usr/bin/swaks', [
    ...['--server', '127.0.0.1', '--port', String(server.ports[service]), '--ehlo', 'client.example'],
    ...['--from', USER, '--to', to, '--data', `@${file}`],
    ...args,
  ])
}
