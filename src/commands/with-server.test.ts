/** The commands against the administration of a real store: parsed, sent over the socket, done, printed. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createAdmin } from '#admin/admin.ts'
import { provision } from '#admin/provision.ts'
import { listenOnSocket, type OpenSocket } from '#admin/socket.ts'
import { makeCredentials, matchesCredentials } from '#auth/credentials.ts'
import { systemClock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import { createReferences, type References } from '#base/reference.ts'
import { createDirectoryChanges, type DirectoryChanges } from '#directory/change.ts'
import { openDirectory } from '#directory/directory.ts'
import { formatStory } from '#gate/story.ts'
import { compileGroups } from '#settings/ip-groups.ts'
import { SettingsKeeper } from '#settings/keeper.ts'
import type { Store } from '#store/contract.ts'
import { openStore } from '#store/sqlite/open.ts'
import { type StoreWriter, startWriter } from '#store/sqlite/start.ts'
import { createFacts } from '#threads/facts.ts'
import { runCommandLine } from './run.ts'
import { noRuntime, recordTerminal } from './testing.ts'

let dataDir: string
let writer: StoreWriter
let store: Store
let settings: SettingsKeeper
let changes: DirectoryChanges
let references: References
let socket: OpenSocket
const faults: string[] = []

before(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'postern-'))
  const file = join(dataDir, 'postern.db')
  writer = await startWriter({ file })
  store = openStore({ file, port: writer.connect() })
  settings = await SettingsKeeper.open(store.settings, { clock: systemClock, ports: 'high' })
  const directory = openDirectory({ store })
  changes = createDirectoryChanges({ store: store.directory, passwords: { makeCredentials, matchesCredentials } })
  references = createReferences(await store.decisions.key())
  const admin = createAdmin({
    version: '1.2.3',
    startedAtMs: Date.UTC(2026, 0, 1),
    dataDir,
    store,
    settings,
    directory,
    changes,
    references,
    facts: (draft) =>
      createFacts({
        settings: () => draft,
        inGroup: compileGroups(draft.ipGroups, []).has,
        directory,
        store: store.directory,
        popLogins: { note: () => {}, sinceMs: () => undefined },
        connections: () => 1,
        nowMs: () => 0,
      }),
    machineAddresses: () => ['127.0.0.1', '::1', '192.0.2.200'],
    events: { faulted: ({ what, error }) => void faults.push(`${what}: ${error}`) },
  })
  socket = await listenOnSocket(await admin.ready(), join(dataDir, 'admin.sock'))
})

after(async () => {
  await socket?.close()
  await store?.close()
  await writer?.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Run a command line as a shell would split it: words with blanks stand in double quotes. */
async function postern(line: string, given: Parameters<typeof recordTerminal>[0] = {}) {
  const argv = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
  const terminal = recordTerminal(given)
  const env = { POSTERN_DATA: dataDir }
  const code = await runCommandLine({ argv, env, user: 'anna', terminal, runtime: noRuntime })
  return { code, out: terminal.printed.join(''), err: terminal.remarks.join('\n') }
}

/** Expect success, and give what was printed. */
async function done(line: string, given: Parameters<typeof recordTerminal>[0] = {}): Promise<string> {
  const { code, out, err } = await postern(line, given)
  assert.deepEqual({ code, err }, { code: 0, err: '' }, line)
  return out
}

async function json<T>(line: string): Promise<T> {
  return JSON.parse(await done(`${line} --json`)) as T
}

async function refused(line: string, says: RegExp, given: Parameters<typeof recordTerminal>[0] = {}): Promise<void> {
  const { code, out, err } = await postern(line, given)
  assert.notEqual(code, 0, line)
  assert.equal(out, '', line)
  assert.match(err, says, line)
}

function inputFile(name: string, text: string): string {
  const file = join(dataDir, name)
  writeFileSync(file, text)
  return file
}

test('the socket is for its owner alone', () => {
  assert.equal(statSync(join(dataDir, 'admin.sock')).mode & 0o777, 0o600)
})

test('domains', async () => {
  assert.match(await done('domain list'), /No domain yet/)
  await done('domain add Example.TEST')
  await done('domain add other.test --alias-of example.test')
  assert.match(await done('domain list'), /example\.test +-\nother\.test +example\.test/)
  await refused('domain add example.test', /example\.test/)
  await refused('domain add "no domain"', /no domain/)
  await done('domain set other.test --no-alias')
  assert.deepEqual(await json('domain show other.test'), { name: 'other.test' })
  await done('domain remove other.test')
  await refused('domain show other.test', /There is no local domain "other.test"\. List them/)
})

test('users', async () => {
  await done('user add anna@example.test --name "Anna Muster" --password-stdin', { input: 'a long secret\nrest' })
  await done('user add ben@example.test', { secrets: ['hunter22', 'hunter22'] })
  await refused('user add cleo@example.test', /two passwords differ/, { secrets: ['one', 'two'] })
  await refused('user add cleo@example.test', /pass it with --password-stdin/)
  await refused('user add cleo@example.test --password-stdin', /password is empty/, { input: '\n' })
  await refused('user add anna@example.test --password-stdin', /anna@example\.test/, { input: 'x y z\n' })
  await refused('user add cleo@nowhere.test --no-password', /nowhere\.test/)

  const id = (await store.directory.owner('anna@example.test')) as { user: { id: number } }
  const credentials = await store.directory.credentials(id.user.id)
  assert.ok(credentials !== undefined && (await matchesCredentials('a long secret', credentials)))

  assert.match(await done('user list'), /anna@example\.test +Anna Muster +-\nben@example\.test +- +-/)
  const page = await json<{ items: unknown[]; next?: string }>('user list --limit 1')
  assert.equal(page.items.length, 1)
  assert.equal(page.next, 'anna@example.test')
  assert.match(await done(`user list --after ${page.next}`), /ben@/)
  assert.doesNotMatch(await done('user list "b*"'), /anna@/)

  await done('user set ben@example.test --quota-size 2GB --quota-messages 100 --forward x@far.example --keep-copy')
  const shown = await done('user show ben@example.test')
  assert.match(shown, /Quota +2GB, 100 messages/)
  assert.match(shown, /Forwards to +x@far\.example \(a copy is kept\)/)
  await done('user set ben@example.test --quota-size unlimited --quota-messages unlimited --no-forward --disabled')
  assert.match(await done('user show ben@example.test'), /State +disabled[\s\S]*Quota +unlimited\nForwards to +-/)
  await done('user set ben@example.test --enabled')
  await refused('user set ben@example.test', /Nothing to change/)
  await refused('user set nobody@example.test --disabled', /There is no user "nobody@example.test"/)

  await done('user passwd ben@example.test --password-stdin', { input: 'another secret' })
  await refused('user remove ben@example.test', /say --yes/)
  await refused('user remove ben@example.test', /Nothing was removed/, { yes: false })
  await done('user remove ben@example.test --yes')
  await refused('user show ben@example.test', /There is no user/)
})

test('users from a CSV file', async () => {
  const wrong = inputFile('wrong.csv', 'address,password\ndora@example.test,pw one\nno address,x\n')
  await refused(`user import ${wrong}`, /line 3/)
  await refused('user show dora@example.test', /There is no user/)
  const right = inputFile(
    'right.csv',
    'address,password,name\ndora@example.test,pw one,Dora\nemil@example.test,pw two,\n',
  )
  assert.match(await done(`user import ${right}`), /Added 2 users/)
  await refused('user import /nonexistent.csv', /Cannot read \/nonexistent\.csv: ENOENT/)
})

test('aliases', async () => {
  await done('alias add sales@example.test anna@example.test')
  await done('alias add "shop*@example.test" anna@example.test dora@example.test')
  await refused('alias add sales@example.test dora@example.test', /exists already\. Change it with/)
  await refused('alias add anna@example.test dora@example.test', /anna@example\.test/)
  assert.match(await done('alias list'), /sales@example\.test +anna@example\.test/)
  await done('alias set sales@example.test dora@example.test')
  assert.deepEqual(await json('alias show sales@example.test'), {
    address: 'sales@example.test',
    to: ['dora@example.test'],
  })
  assert.match(await done('alias show "shop*@example.test"'), /leads to anna@example\.test, dora@example\.test/)
  await done('alias remove "shop*@example.test"')
  await refused('alias show "shop*@example.test"', /There is no alias/)
})

test('groups', async () => {
  await done('group add team@example.test anna@example.test dora@example.test')
  await refused('group add team@example.test', /exists already/)
  assert.match(await done('group list'), /team@example\.test +2 +anna@example\.test, dora@example\.test/)
  await done('group set team@example.test emil@example.test')
  assert.match(await done('group show team@example.test'), /team@example\.test: emil@example\.test/)
  await done('group remove team@example.test')
  await refused('group show team@example.test', /There is no group/)
})

test('where an address ends', async () => {
  assert.match(await done('check-address sales@example.test'), /Ends in the mailbox of dora@example\.test/)
  const nobody = await postern('check-address nobody@example.test')
  assert.equal(nobody.code, 1)
  assert.match(nobody.out, /Ends nowhere/)
  assert.match(await done('check-address x@far.example'), /another domain/)
  assert.equal((await postern('check-address __proto__@example.test')).code, 1)
})

test('settings', async () => {
  assert.equal(await done('settings get session.maxHops'), '100\n')
  assert.match(await done('settings set session.maxHops 120'), /session\.maxHops +100 +120\n\nSaved as version 1/)
  assert.match(await done('settings set session.maxHops 120'), /Nothing to change/)
  assert.match(await done('settings export'), /^session:\n {2}maxHops: 120\n$/)
  assert.match(await done('settings export --all'), /# .*\n[\s\S]*maxMessageSize: 25MB/)
  assert.match(await done('settings get relay'), /mode: controlled/)
  await refused('settings set session.maxHop 1', /did you mean session\.maxHops/)
  await refused('settings get session.maxHop', /There is no setting/)
  await refused('settings set session.maxHops many', /a whole number/)

  const file = inputFile('settings.yaml', 'session:\n  maxRecipients: 7\n')
  assert.match(await done(`settings diff ${file}`), /session\.maxRecipients +100 +7/)
  await done(`settings apply ${file} --comment "fewer of them"`)
  assert.match(await done('settings history'), /2 +\S+Z +postern \(anna\) +fewer of them\n1 /)
  const bad = inputFile('bad.yaml', 'session:\n  maxRecipients: none\n')
  await refused(`settings apply ${bad}`, /line 2, column 18: session\.maxRecipients/)
  await done('settings rollback 1')
  assert.equal(await done('settings get session.maxRecipients'), '100\n')
  await refused('settings rollback 99', /no version 99/)
})

test('settings that cannot take effect are taken back', async () => {
  const stop = settings.subscribe(({ settings: now }) => {
    if (now.session.maxRecipients === 13) throw new Fault('Cannot listen: the port is taken', { temporary: true })
  })
  await refused('settings set session.maxRecipients 13', /Cannot listen: the port is taken\. The change was taken back/)
  assert.equal(await done('settings get session.maxRecipients'), '100\n')
  stop()
})

test('IP address groups', async () => {
  await done('ipgroup add office 203.0.113.0/24 --description "Main office"')
  await done('ipgroup add office 2001:db8::/32 this-machine')
  assert.match(await done('ipgroup show office'), /203\.0\.113\.0\/24 +yes +Main office\n.*2001:db8::\/32 +yes/)
  assert.match(await done('ipgroup test office 203.0.113.7'), /203\.0\.113\.7 is in the group office/)
  await done('ipgroup test office 192.0.2.200')
  assert.equal((await postern('ipgroup test office 198.51.100.1')).code, 1)
  await refused('ipgroup test office somewhere', /expected an IP address/)
  await refused('ipgroup test nobody 127.0.0.1', /There is no IP address group "nobody"/)
  await refused('ipgroup add office 203.0.113.0/33', /203\.0\.113\.0\/33/)
  await done('ipgroup remove office this-machine')
  await refused('ipgroup remove office this-machine', /this-machine/)
  await done('ipgroup set office 203.0.113.0/25')
  await done('settings set relay.ipGroup office')
  assert.match(await done('ipgroup list'), /office +1 +relay\.ipGroup/)
  await refused('ipgroup remove office', /office/)
  await done('settings set relay.ipGroup local-clients')
  await done('ipgroup remove office')
  await refused('ipgroup show office', /There is no IP address group/)
})

test('a hypothetical session', async () => {
  const stranger = 'try --ip 198.51.100.7 --from a@far.example'
  assert.match(await done(`${stranger} --to anna@example.test`), /would be accepted/)
  const relay = await postern(`${stranger} --to b@far.example`)
  assert.equal(relay.code, 1)
  assert.match(relay.out, /550 5\.7\.1 Relaying[\s\S]*relay +REFUSED[\s\S]*It goes by .*relay\.ipGroup/)
  await done(`${stranger} --to b@far.example --as anna@example.test --tls`)
  await refused(`${stranger} --to b@far.example --as nobody@example.test`, /Nobody logs in as/)

  const draft = inputFile('draft.yaml', 'ipGroups:\n  friends: [198.51.100.0/24]\nrelay: { ipGroup: friends }\n')
  assert.match(await done(`${stranger} --to b@far.example --draft ${draft}`), /in the group friends/)
  assert.equal(settings.current().settings.relay.ipGroup, 'local-clients')

  const message = inputFile('message.eml', `${'Received: from a by b\n'.repeat(130)}Subject: x\n\nReceived: body\n`)
  const looped = await postern(`${stranger} --to anna@example.test --message ${message} --json`)
  assert.equal(looped.code, 1)
  assert.match(looped.out, /130 Received lines/)
})

test('a decision is explained by its reference, however it is typed', async () => {
  const id = await store.decisions.reserve(1)
  const ref = references.format(id)
  await store.decisions.add([
    {
      id,
      atMs: Date.UTC(2026, 10, 24),
      outcome: 'refused',
      service: 'smtp',
      ip: '198.51.100.7',
      sender: 'a@far.example',
      recipients: ['b@far.example'],
      reply: `550 5.7.1 No [ref ${ref}]`,
      story: formatStory({
        helo: 'x',
        findings: [{ stage: 'recipient', rule: 'relay', is: 'refuse', saw: 'no condition' }],
      }),
    },
  ])
  for (const typed of [ref, ref.toLowerCase(), `"[ref ${ref}]"`]) {
    assert.match(
      await done(`explain ${typed}`),
      new RegExp(`Reference ${ref}: refused for good[\\s\\S]*Why: no condition`),
    )
  }
  await refused('explain nothing', /is no reference\. A reference has 8/)
  await refused(`explain ${references.format(id + 1)}`, /There is no record .*kept for 30 days/)
})

test('the queue', async () => {
  assert.match(await done('queue list'), /Nothing waits/)
  assert.deepEqual(await json('queue list'), { count: 0, items: [] })
})

test('a backup is written once, where it is told', async () => {
  const file = join(dataDir, 'backup.db')
  assert.match(await done(`backup ${file}`), /Wrote .* to /)
  assert.ok(existsSync(file))
  await refused(`backup ${file}`, /backup\.db/)
  await refused(`restore ${file} --yes`, /The server runs on .*stop it first/)
})

test('provisioning sets what a file names, and nothing the second time', async () => {
  const file = inputFile(
    'provision.yaml',
    `settings:
  session: { maxHops: 150 }
domains: [{ name: alias.test, aliasOf: provisioned.test }, provisioned.test]
users:
  - { address: zoe@provisioned.test, password: "a secret", name: Zoe, quotaSize: 1GB }
groups:
  - { address: all@provisioned.test, members: [zoe@provisioned.test] }
aliases:
  - { address: "*@provisioned.test", to: [zoe@provisioned.test] }
`,
  )
  const parts = { settings, changes }
  assert.deepEqual(await provision(file, parts), { settings: 1, domains: 2, users: 1, groups: 1, aliases: 1 })
  assert.deepEqual(await provision(file, parts), { settings: 0, domains: 0, users: 0, groups: 0, aliases: 0 })
  assert.match(await done('check-address whoever@alias.test'), /Ends in the mailbox of zoe@provisioned\.test/)
  assert.match(await done('user show zoe@provisioned.test'), /Quota +1GB/)

  const strange = inputFile('strange.yaml', 'domains: [ok.test]\nusers:\n  - { address: x@unknown.test }\n')
  await assert.rejects(provision(strange, parts), /line 3, column 5: .*unknown\.test/)
  const wrong = inputFile('unsound.yaml', 'domains: [never.test]\nsettings:\n  relay:\n    ipGroup: nowhere\n')
  await assert.rejects(provision(wrong, parts), /line 4, column 14: .*nowhere/)
  await refused('domain show never.test', /There is no local domain/)
})

test('none of this was a fault of the server', () => {
  assert.deepEqual(faults, [])
})
