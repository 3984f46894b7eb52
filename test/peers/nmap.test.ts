/** nmap, as Debian has it: its scripts for open relays and for user names find nothing here. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type RunningPostern, run, startPostern } from '../server.ts'
import { needs } from './needs.ts'

const skip = needs({ nmap: 'nmap' })

/** Names that nmap guesses (nselib/data/usernames.lst): all of them exist in the domain guessed.test. */
const GUESSED = ['root', 'admin', 'administrator', 'webadmin', 'sysadmin', 'netadmin', 'guest', 'user', 'web', 'test']
let server: RunningPostern
before(async () => {
  if (skip !== false) return
  // nmap comes from this machine: it is a stranger here, and may knock as long as it likes.
  server = await startPostern({
    provision: {
      settings: {
        server: { hostname: 'mail.example.test' },
        relay: { ipGroup: null },
        // It is to try all that it knows, and not to be cut off by how often it failed; guesses of recipients count.
        session: { maxFailedCommands: 'unlimited', tarpit: '0s' },
        limits: { exemptGroup: null, neverBlock: [], deniedRelays: 'unlimited', failedCommands: 'unlimited' },
        // It names a sender in the domain that it asks about, and would get no further.
        sender: { requireDomainInDns: false, localRequiresAuth: false },
      },
      domains: ['example.test', 'guessed.test'],
      users: ['anna@example.test', ...GUESSED.map((name) => `${name}@guessed.test`)].map((address) => ({
        address,
        password: `the password of ${address}`,
      })),
    },
  })
})
after(() => server?.stop())

test('nmap smtp-open-relay: not an open relay', { skip }, async () => {
  const { text, output } = await nmap('smtp-open-relay', 'smtp-open-relay.domain=example.test')
  assert.match(text, /smtp-open-relay: Server doesn't seem to be an open relay, all tests failed/, output)
})

for (const method of ['VRFY', 'EXPN'] as const) {
  test(`nmap smtp-enum-users by ${method}: finds none of the names, all of which exist`, { skip }, async () => {
    const args = `smtp-enum-users.methods={${method}},smtp-enum-users.domain=guessed.test`
    assertNobody(await nmap('smtp-enum-users', args), GUESSED)
  })
}

test('nmap smtp-enum-users by RCPT, with a list and one name that it knew: blocked before it comes to the next', {
  skip,
}, async () => {
  // It asks for more names only once it was told of one.
  const names = ['root', ...Array.from({ length: 20 }, (_, index) => `nobody${index}`), 'admin']
  const list = join(server.dataDir, 'names.lst')
  await writeFile(list, names.map((name) => `${name}\n`).join(''))
  const args = `smtp-enum-users.methods={RCPT},smtp-enum-users.domain=guessed.test,userdb=${list}`
  const found = await nmap('smtp-enum-users', args)
  assert.match(found.text, /\broot\b/, found.output)
  assertNobody(found, names.slice(1))
  const blocks = await server.postern(['blocks', 'list'])
  assert.match(blocks.stdout, /127\.0\.0\.1 +unknown-recipients/)
  // What was counted is forgotten with the block: the next test begins anew.
  assert.equal((await server.postern(['blocks', 'lift', '--all'])).code, 0)
})

test('nmap smtp-enum-users by RCPT: finds none of its names, none of which exist', { skip }, async () => {
  assertNobody(
    await nmap('smtp-enum-users', 'smtp-enum-users.methods={RCPT},smtp-enum-users.domain=example.test'),
    GUESSED,
  )
})

function assertNobody({ text, output }: { readonly text: string; readonly output: string }, names: readonly string[]) {
  assert.match(text, /smtp-enum-users/, output)
  for (const name of names) assert.doesNotMatch(text, new RegExp(`\\b${name}\\b(?!\\.)`), output)
}

async function nmap(script: string, args: string): Promise<{ readonly text: string; readonly output: string }> {
  const { ports } = server
  const { code, stdout, stderr } = await run('/usr/bin/nmap', [
    ...['-Pn', '-n', '--script-timeout', '60s', '-p', String(ports.smtp)],
    // By its number alone nmap does not know that this port speaks SMTP.
    ...['--script', `+${script}`, '--script-args', args, '127.0.0.1'],
  ])
  assert.equal(code, 0, stderr)
  return { text: stdout, output: stdout + stderr }
}
