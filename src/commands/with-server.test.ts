/** The commands against the administration of a real store: parsed, sent over the socket, done, printed. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { AdminParts } from '#admin/parts.ts'
import { provision } from '#admin/provision.ts'
import { makeCredentials, matchesCredentials } from '#auth/credentials.ts'
import { systemClock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import { createReferences, type References } from '#base/reference.ts'
import { createSeal } from '#base/seal.ts'
import { createCredentials } from '#deliver/credentials.ts'
import { createDkimDesk } from '#deliver/dkim/desk.ts'
import { createKeyRing } from '#deliver/dkim/key-ring.ts'
import { openVault } from '#deliver/vault.ts'
import { createDirectoryChanges, type DirectoryChanges } from '#directory/change.ts'
import { openDirectory } from '#directory/directory.ts'
import { formatStory } from '#gate/story.ts'
import { compileGroups } from '#settings/ip-groups.ts'
import { type Applied, SettingsKeeper } from '#settings/keeper.ts'
import type { DecisionRecord, Store } from '#store/contract.ts'
import { openStore } from '#store/sqlite/open.ts'
import { type StoreWriter, startWriter } from '#store/sqlite/start.ts'
import { createFacts } from '#threads/facts.ts'
import { createFakeKeepers, type FakeKeepers, openShell, type Shell } from './testing-admin.ts'

let dataDir: string
let writer: StoreWriter
let store: Store
let settings: SettingsKeeper
let changes: DirectoryChanges
let references: References
let shell: Shell
let keepers: FakeKeepers
let postern: Shell['postern']
let done: Shell['done']
let json: Shell['json']
let refused: Shell['refused']
const faults: string[] = []
let credentials: AdminParts['credentials']
let dkim: AdminParts['dkim']
/** The TXT records that DNS has. */
const texts = new Map<string, string>()

before(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'postern-'))
  const file = join(dataDir, 'postern.db')
  writer = await startWriter({ file })
  store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
  settings = await SettingsKeeper.open(store.settings, { clock: systemClock, ports: 'high' })
  const directory = openDirectory({ store })
  changes = createDirectoryChanges({ store: store.directory, passwords: { makeCredentials, matchesCredentials } })
  references = createReferences(await store.decisions.key())
  keepers = createFakeKeepers()
  const vault = openVault({
    store: store.vault,
    seal: createSeal(join(dataDir, 'secrets.key')),
    nowMs: () => Date.UTC(2026, 10, 24),
  })
  credentials = createCredentials(vault)
  dkim = createDkimDesk({
    ring: createKeyRing({ vault, nowMs: () => Date.UTC(2026, 10, 24) }),
    dns: {
      async txt(name) {
        const text = texts.get(name)
        return text === undefined ? { is: 'none', why: 'NXDOMAIN' } : { is: 'found', texts: [text] }
      },
    },
    isLocalDomain: directory.isLocalDomain,
    nowMs: () => Date.UTC(2026, 10, 24),
  })
  shell = await openShell({
    ...keepers.parts,
    credentials,
    dkim,
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
        store,
        ledger: { ask: (questions) => questions.map(({ add = 0 }) => add) },
        openConnections: { look: (by) => by.map(() => 0) },
        connections: () => 1,
        popLogins: { sinceMs: () => undefined },
        dns: {
          mx: async (host) => ({ is: 'found', exchanges: [{ host, preference: 10 }] }),
          addresses: async () => ({ is: 'none', why: 'no data' }),
          ptr: async () => ({ is: 'none', why: 'no data' }),
        },
        blocks: { standing: () => undefined, endsInMs: () => undefined, neverBlocked: () => false },
        suspensions: { of: () => undefined },
        nowMs: () => 0,
        supposed: true,
      }),
    machineAddresses: () => ['127.0.0.1', '::1', '192.0.2.200'],
    events: { faulted: ({ what, error }) => void faults.push(`${what}: ${error}`) },
  })
  postern = shell.postern
  done = shell.done
  json = shell.json
  refused = shell.refused
})

after(async () => {
  await shell?.close()
  await store?.close()
  await writer?.close()
  rmSync(dataDir, { recursive: true, force: true })
})

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
  await refused('user import /nonexistent.csv', /Cannot read \/nonexistent\.csv: there is no such file/)
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
  assert.match(
    await done('settings set session.maxHops 120'),
    /session\.maxHops +100 +120\n\nSaved as version 1; session\.maxHops counts from the next message on\.\n/,
  )
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

test('what is allowed and probably not meant is said beside what was done', async () => {
  const warning = { path: 'ipGroups.office[1]', says: 'It lies wholly inside office[0].' }
  const { apply } = settings
  settings.apply = async (...args) => ({ ...(await apply.apply(settings, args)), warnings: [warning] }) as Applied
  const { code, out, err } = await postern(`settings apply ${inputFile('w.yaml', 'session: { maxHops: 121 }\n')}`)
  assert.deepEqual([code, err], [0, 'postern: warning: ipGroups.office[1]: It lies wholly inside office[0].'])
  assert.match(out, /Saved as version/)
  settings.apply = apply
  await done('settings set session.maxHops 120')
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
  const unused = 'postern: warning: ipGroups.office: No setting uses the IP address group "office".'
  assert.equal((await postern('ipgroup add office 203.0.113.0/24 --description "Main office"')).err, unused)
  await done('ipgroup add office 2001:db8::/32 this-machine')
  assert.match(await done('ipgroup show office'), /203\.0\.113\.0\/24 +yes +Main office\n.*2001:db8::\/32 +yes/)
  assert.match(await done('ipgroup test office 203.0.113.7'), /203\.0\.113\.7 is in the group office/)
  await done('ipgroup test office 192.0.2.200')
  assert.equal((await postern('ipgroup test office 198.51.100.1')).code, 1)
  await refused('ipgroup test office somewhere', /expected an IP address/)
  await refused('ipgroup test nobody 127.0.0.1', /There is no IP address group "nobody"/)
  await refused('ipgroup add office 203.0.113.0/33', /203\.0\.113\.0\/33/)
  await done('ipgroup disable office 203.0.113.0/255.255.255.0')
  assert.equal((await postern('ipgroup test office 203.0.113.7')).code, 1)
  // Added again it counts again, and keeps what was said of it.
  assert.match(await done('ipgroup add office 203.0.113.0/255.255.255.0'), /203\.0\.113\.0\/255\S+ +yes +Main office/)
  await done('ipgroup disable office 203.0.113.0/24 this-machine')
  assert.match(await done('ipgroup enable office 203.0.113.0/24'), /203\.0\.113\.0\/\S+ +yes.*\n.*\n.*this-machine +no/)
  assert.match(await done('ipgroup describe office this-machine "The server itself"'), /this-machine +no +The server/)
  assert.doesNotMatch(await done('ipgroup describe office this-machine ""'), /The server/)
  await refused('ipgroup enable office 192.0.2.0/24', /There is no entry "192\.0\.2\.0\/24" in the group office\. See:/)
  await refused('ipgroup enable nowhere 192.0.2.0/24', /There is no IP address group "nowhere"/)
  await done('ipgroup remove office this-machine')
  await refused('ipgroup remove office this-machine', /this-machine/)
  await done('ipgroup add office 198.51.100.9')
  await done('ipgroup remove office 198.51.100.9 --confirm')
  await done('ipgroup set office 203.0.113.0/25')
  await done('settings set relay.ipGroup office')
  assert.match(await done('ipgroup list'), /office +1 +relay\.ipGroup/)
  await refused(
    'ipgroup remove office',
    /^postern: Cannot remove the IP address group "office": it is used by relay\.ipGroup\. Name/,
  )
  await done('settings set limits.neverBlock "[group:office]"')
  assert.match(await done('ipgroup list'), /office +1 +relay\.ipGroup, limits\.neverBlock/)
  await done('settings set limits.neverBlock "[this-machine]"')
  assert.equal((await postern('settings set relay.ipGroup local-clients')).err, unused)
  await done('ipgroup remove office')
  await refused('ipgroup show office', /There is no IP address group/)
})

test('a hypothetical session', async () => {
  const stranger = 'try --ip 198.51.100.7 --from a@far.example'
  assert.match(await done(`${stranger} --to anna@example.test`), /would be accepted/)
  const relay = await postern(`${stranger} --to b@far.example`)
  assert.equal(relay.code, 1)
  assert.match(relay.out, /550 5\.7\.1 Relaying[\s\S]*relay +REFUSED[\s\S]*It goes by .*relay\.ipGroup/)
  await done('try --ip 198.51.100.7 --from anna@example.test --to b@far.example --as anna@example.test --tls')
  const forged = await postern(`${stranger} --to b@far.example --as anna@example.test --tls`)
  assert.match(forged.out, /sender-login +(REFUSED|refused)/)
  await refused(`${stranger} --to b@far.example --as nobody@example.test`, /Nobody logs in as/)

  const draft = inputFile('draft.yaml', 'ipGroups:\n  friends: [198.51.100.0/24]\nrelay: { ipGroup: friends }\n')
  assert.match(await done(`${stranger} --to b@far.example --draft ${draft}`), /in the group friends/)
  assert.equal(settings.current().settings.relay.ipGroup, 'local-clients')

  const message = inputFile('message.eml', `${'Received: from a by b\n'.repeat(130)}Subject: x\n\nReceived: body\n`)
  const looped = await postern(`${stranger} --to anna@example.test --message ${message} --json`)
  assert.equal(looped.code, 1)
  assert.match(looped.out, /130 Received lines/)
})

test('a page larger than the server gives is refused by its own name', async () => {
  await refused('records --limit 10001', /^postern: Cannot use --limit "10001": expected a whole number, 1 to 10000$/)
  await refused('user list --limit 10001', /1 to 10000$/)
  await refused('queue list --limit 100001', /1 to 100000$/)
  await done('records --limit 10000')
  await done('user list --limit 10000')
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

test('records are found by who, whom and how it ended, a line each', async () => {
  const first = await store.decisions.reserve(3)
  const nowMs = keepers.clock.nowMs()
  const record = (more: Partial<DecisionRecord>): DecisionRecord => ({
    id: first,
    atMs: nowMs - 60_000,
    outcome: 'refused',
    service: 'smtp',
    ip: '203.0.113.50',
    sender: 'mallory@far.example',
    recipients: ['x@far.example', 'y@far.example'],
    reply: '550 5.7.1 Relaying to other domains is not allowed from your address [ref 7K2M9QXA]',
    story: formatStory({ findings: [] }),
    ...more,
  })
  await store.decisions.add([
    record({ repeats: { count: 41, lastAtMs: nowMs } }),
    record({
      id: first + 1,
      outcome: 'deferred',
      sender: '',
      recipients: ['anna@example.test'],
      story: formatStory({ because: 'the disk is away', findings: [] }),
    }),
    record({ id: first + 2, atMs: nowMs - 3 * 86_400_000, outcome: 'ended', ip: '2001:db8::1', recipients: [] }),
  ])
  const ref = (n: number) => references.format(first + n)

  const lines = (await done('records --ip 203.0.113.50 --outcome refused')).trim().split('\n')
  assert.match(lines[0] ?? '', /^WHEN +REF +OUTCOME +CLIENT +SENDER +RECIPIENT +AGAIN +WHY$/)
  assert.equal(lines.length, 2)
  assert.match(
    lines[1] ?? '',
    new RegExp(
      `^2026-11-24T11:59:00.000Z +${ref(0)} +refused +203\\.0\\.113\\.50 +mallory@far\\.example +` +
        'x@far\\.example and 1 more +41x +550 5\\.7\\.1 Relaying to other domains is not allowed from your address$',
    ),
  )
  assert.match(
    await done('records --sender ""'),
    new RegExp(`${ref(1)} .* <> +anna@example\\.test +- +the disk is away`),
  )
  assert.match(await done('records --recipient Y@far.example'), new RegExp(ref(0)))
  assert.match(await done('records --ip 2001:DB8:0::1'), new RegExp(`${ref(2)} +ended`))
  assert.equal(await done('records --ip 2001:db8::1 --since 2d'), 'No record.\n')
  assert.equal((await json<unknown[]>('records --since 1h --limit 1')).length, 1)
  const [found] = await json<{ reference: string; repeats: unknown }[]>('records --sender mallory@far.example')
  assert.deepEqual(found?.repeats, { count: 41, lastAt: new Date(nowMs).toISOString() })
  assert.equal(found?.reference, ref(0))
  await refused('records --ip nowhere', /Cannot read "nowhere": expected an IP address/)
  await refused('records --outcome lost', /Cannot use --outcome "lost": expected accepted, refused/)
  await refused('records --since yesterday', /Cannot use --since "yesterday": expected a span of time/)
  assert.match(await done(`explain ${ref(0)}`), /41/)
})

test('a frozen user is seen wherever users are shown', async () => {
  const frozen = { sinceMs: Date.UTC(2026, 10, 24), why: '501 new recipients in a day', by: 'account-new-recipients' }
  await store.directory.setUser('anna@example.test', { frozen: { ...frozen, ref: '7K2M9QXA' } })
  assert.match(await done('user list "anna*"'), /^anna@example\.test +Anna Muster +frozen$/m)
  const shown = await done('user show anna@example.test')
  assert.match(shown, /Sending +frozen since 2026-11-24T00:00:00\.000Z by account-new-recipients: 501 new/)
  assert.match(shown, /\[ref 7K2M9QXA\]\n +let it send again with: postern user release anna@example\.test/)
  const { frozen: told } = await json<{ frozen: unknown }>('user show anna@example.test')
  const { sinceMs: _, ...rest } = frozen
  assert.deepEqual(told, { since: '2026-11-24T00:00:00.000Z', ...rest, ref: '7K2M9QXA' })
  await store.directory.setUser('anna@example.test', { frozen: null })
  assert.doesNotMatch(await done('user show anna@example.test'), /Sending/)
})

test('the queue', async () => {
  assert.match(await done('queue list'), /Nothing waits/)
  assert.deepEqual(await json('queue list'), { count: 0, bytes: 0, held: 0, items: [] })
  const [id, atMs] = [await store.decisions.reserve(1), Date.UTC(2026, 10, 24)]
  await store.messages.accept({
    sender: 'anna@example.test',
    receivedAtMs: atMs,
    trace: Buffer.from(''),
    body: Buffer.from('Subject: x\r\n\r\nx\r\n'),
    mailboxIds: [],
    queue: [
      { recipient: 'a@far.example', user: 'anna@example.test', ip: '198.51.100.7' },
      { recipient: 'b@far.example' },
    ],
    record: {
      id,
      atMs,
      outcome: 'accepted',
      service: 'submission',
      ip: '198.51.100.7',
      recipients: [],
      reply: '250 2.0.0 OK',
      story: formatStory({ findings: [] }),
    },
  })
  assert.equal(await store.queue.hold({ user: 'anna@example.test' }), 1)
  const out = await done('queue list')
  assert.match(out, /^2 recipients wait, .* in all; 1 held$/m)
  assert.match(out, / held +17B .*a@far\.example +anna@example\.test +198\.51\.100\.7 +0 +-$/m)
  assert.match(out, / now +17B .*b@far\.example +- +- +0 +-$/m)
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
credentials:
  - { name: upstream, user: zoe, password: "a secret" }
dkim: [provisioned.test]
`,
  )
  const parts = { settings, changes, credentials, dkim }
  assert.deepEqual(await provision(file, parts), {
    settings: 1,
    domains: 2,
    users: 1,
    groups: 1,
    aliases: 1,
    credentials: 1,
    dkim: 1,
  })
  assert.deepEqual(await provision(file, parts), {
    settings: 0,
    domains: 0,
    users: 0,
    groups: 0,
    aliases: 0,
    credentials: 0,
    dkim: 0,
  })
  assert.match(await done('check-address whoever@alias.test'), /Ends in the mailbox of zoe@provisioned\.test/)
  assert.match(await done('user show zoe@provisioned.test'), /Quota +1GB/)
  assert.match(await done('dkim list'), /provisioned\.test +s202611r +RSA +next/)
  await done('dkim remove provisioned.test')
  assert.match(await done('credentials list'), /upstream +zoe/)
  await done('credentials remove upstream')

  const strange = inputFile('strange.yaml', 'domains: [ok.test]\nusers:\n  - { address: x@unknown.test }\n')
  await assert.rejects(provision(strange, parts), /line 3, column 5: .*unknown\.test/)
  const wrong = inputFile('unsound.yaml', 'domains: [never.test]\nsettings:\n  relay:\n    ipGroup: nowhere\n')
  await assert.rejects(provision(wrong, parts), /line 4, column 14: .*nowhere/)
  const foreign = inputFile('foreign.yaml', 'dkim:\n  - far.example\n')
  await assert.rejects(provision(foreign, parts), /line 2, column 5: far\.example is no local domain/)
  await refused('domain show never.test', /There is no local domain/)
})

test('credentials', async () => {
  assert.match(await done('credentials list'), /No credentials yet/)
  const named = await postern(
    'settings set delivery.routes "[{host: smtp.isp.example, description: far, credentials: isp}]"',
  )
  assert.match(named.err, /delivery\.routes\[0\]\.credentials: There are no credentials "isp"/)
  assert.match(
    await done('credentials set isp --user anna@isp.example --password-stdin', { input: 'a hidden secret\n' }),
    /^The credentials isp are kept\.\n$/,
  )
  assert.match(
    await done('credentials set isp --user anna@isp.example --password-stdin', { input: 'a hidden secret\n' }),
    /were so already/,
  )
  assert.match(
    await done('credentials set other --user ben', { secrets: ['hidden', 'hidden'] }),
    /No rule of delivery\.routes names them yet/,
  )
  const list = await done('credentials list')
  assert.match(list, /isp +anna@isp\.example +2026-11-24T00:00:00\.000Z +delivery\.routes\[0\] \("far"\)/)
  assert.doesNotMatch(list + (await done('settings export --all')), /hidden/)
  assert.ok(!JSON.stringify(await json('credentials list')).includes('hidden'))
  await refused('credentials set isp --password-stdin', /--user/, { input: 'hidden\n' })
  await refused('credentials set "no name" --user x --password-stdin', /wanted a name/, { input: 'hidden\n' })
  await refused(`credentials set isp --user ${'x'.repeat(2000)} --password-stdin`, /1024/, { input: 'hidden\n' })
  await refused('credentials remove isp', /delivery\.routes\[0\] \("far"\) logs in by them\. Change the rule first/)
  // Its key is lost, and what it sealed stands in the way of a new one.
  const keyFile = join(dataDir, 'secrets.key')
  const key = readFileSync(keyFile)
  rmSync(keyFile)
  await refused('credentials set isp2 --user x --password-stdin', /put the file back, or remove them/, {
    input: 'pw\n',
  })
  await done('credentials remove isp')
  await done('credentials remove other')
  await done('credentials set isp --user x --password-stdin', { input: 'pw\n' })
  assert.notDeepEqual(readFileSync(keyFile), key)
  await done('settings set delivery.routes []')
  await done('credentials remove isp')
  await refused('credentials remove isp', /There is no set of credentials "isp"\. List them/)
  assert.equal(statSync(join(dataDir, 'secrets.key')).mode & 0o777, 0o600)
})

test('the keys that sign mail', async () => {
  assert.match(await done('dkim list'), /No mail is signed/)
  await refused('dkim add far.example', /far\.example is no local domain.*postern domain add far\.example/)
  await refused('dkim show example.test', /postern dkim add example\.test/)
  const added = await done('dkim add example.test')
  assert.match(added, /s202611r\._domainkey\.example\.test\. IN TXT \( "v=DKIM1; k=rsa; p=[^"]+" "[^"]+" \)/)
  assert.match(added, /s202611e\._domainkey\.example\.test\. IN TXT \( "v=DKIM1; k=ed25519; p=[^"]{44}" \)/)
  assert.match(await done('dkim check example.test --activate'), /s202611r \(RSA\) not used yet/)
  const { keys } = await json<{ keys: { record: { name: string; text: string } }[] }>('dkim show example.test')
  for (const { record } of keys) texts.set(record.name, record.text)
  assert.match(await done('dkim check example.test'), /Ready to sign: s202611r, s202611e; let them with --activate/)
  assert.match(
    await done('dkim check example.test --activate'),
    /^From now on mail is signed by s202611r and s202611e\.\n\ns202611r \(RSA\) signs\n {2}DNS: the record is there\n/,
  )
  assert.match(
    await done('dkim list'),
    /example\.test +s202611r +RSA +active\nexample\.test +s202611e +Ed25519 +active/,
  )

  await done('dkim rotate example.test')
  await refused('dkim rotate example.test', /s202611r2, s202611e2 still wait for their records/)
  const forced = await done('dkim check example.test --activate --force')
  assert.match(forced, /s202611r and s202611e sign no more\.[\s\S]*its record is needed until 2026-12-01/)
  const amiss = await postern('dkim check example.test')
  assert.equal(amiss.code, 1)
  assert.match(
    amiss.out,
    /s202611r2 \(RSA\) signs\n {2}DNS: there is no such record \(NXDOMAIN\)\n {2}s202611r2\._domainkey/,
  )
  await refused('dkim check example.test --force', /--force goes with --activate/)
  await refused('dkim remove example.test s202611r', /needed until 2026-12-01; say --force/)
  await refused('dkim remove example.test', /say --force/)
  await done('dkim remove example.test s202611r --force')
  assert.match(
    await done('dkim remove example.test --force'),
    /Removed s202611e, s202611r2, s202611e2 of example\.test/,
  )
})

test('none of this was a fault of the server', () => {
  assert.deepEqual(faults, [])
})
