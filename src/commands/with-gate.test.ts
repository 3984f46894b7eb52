/** The commands of the gate against a real administration: blocks, trust, grants, accounts, audit, and what every call says. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { AdminParts } from '#admin/parts.ts'
import { SettingsKeeper } from '#settings/keeper.ts'
import type { Problem } from '#settings/problem.ts'
import type { Settings } from '#settings/schema.ts'
import { createFakeKeepers, type FakeKeepers, openShell, type Shell } from './testing-admin.ts'

const MINUTE_MS = 60_000

let dataDir: string
let keepers: FakeKeepers
let settings: SettingsKeeper
let shell: Shell
const faults: string[] = []

before(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'postern-'))
})

beforeEach(async () => {
  await shell?.close()
  keepers = createFakeKeepers()
  settings = await SettingsKeeper.open(memoryVersions(), { clock: keepers.clock, ports: 'high', weigh })
  const anna = { id: 1, mailboxId: 1, address: 'anna@example.test', name: '', disabled: false, addresses: [] }
  const stopped = () => keepers.calls.some((call) => Object.hasOwn(call as object, 'freeze'))
  const frozen = () => (stopped() ? { frozen: { sinceMs: 0, why: 'sends spam', by: 'postern (anna)' } } : {})
  const parts = {
    ...keepers.parts,
    version: '1.2.3',
    startedAtMs: 0,
    dataDir,
    settings,
    directory: { findLogin: async (name: string) => (name === anna.address ? { ...anna, ...frozen() } : undefined) },
    store: { mailboxes: { usage: () => ({ messages: 0, bytes: 0 }) } },
    machineAddresses: () => ['127.0.0.1'],
    events: { faulted: ({ what, error }: { what: string; error: unknown }) => void faults.push(`${what}: ${error}`) },
  }
  shell = await openShell(parts as unknown as AdminParts)
})

after(async () => {
  await shell?.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Stands for the audit, which the server asks before each change. */
async function weigh({ relay }: Settings): Promise<readonly Problem[]> {
  return relay.groupAfterFailedLogin
    ? [{ path: 'relay.groupAfterFailedLogin', says: 'Strangers could relay by this way.' }]
    : []
}

function memoryVersions(): Parameters<typeof SettingsKeeper.open>[0] {
  const kept: { version: number; atMs: number; author: string; comment: string; changed: string }[] = []
  return {
    latest: () => kept.at(-1),
    get: (version) => kept.find((one) => one.version === version),
    history: (limit) => kept.toReversed().slice(0, limit),
    async add(version, basedOn) {
      kept.push({ ...version, version: basedOn + 1 })
      return basedOn + 1
    },
  }
}

function inputFile(name: string, text: string): string {
  const file = join(dataDir, name)
  writeFileSync(file, text)
  return file
}

test('blocks are listed with why, by what evidence, and until when', async () => {
  assert.equal(await shell.done('blocks list'), 'Nobody is blocked.\n')
  const sinceMs = keepers.clock.nowMs() - 40 * MINUTE_MS
  keepers.blocks.push(
    {
      id: 7,
      network: '2001:db8::/64',
      reason: 'unknown-recipients',
      evidence: '11 unknown recipients from 2001:db8::/64 in 60 minutes, at most 10',
      sinceMs,
      untilMs: sinceMs + 120 * MINUTE_MS,
      repeats: 1,
      ref: '7K2M9QXA',
    },
    {
      id: 8,
      network: '198.51.100.0/24',
      reason: 'by-hand',
      evidence: 'x\u001b[2J',
      sinceMs,
      repeats: 0,
      author: 'ben',
    },
  )
  const out = await shell.done('blocks list')
  const [headings, byHand, unknown] = out.split('\n')
  assert.match(headings ?? '', /^ID +NETWORK +REASON +SINCE +ENDS +REPEATS +REF +BY +EVIDENCE$/)
  assert.match(
    byHand ?? '',
    /^8 +198\.51\.100\.0\/24 +by-hand +2026-11-24T11:20:00\.000Z +when lifted +0 +- +ben +x\\u\{1b\}/,
  )
  assert.match(unknown ?? '', /^7 +2001:db8::\/64 +unknown-recipients .* in 1h 20m +1 +7K2M9QXA +- +11 unknown/)

  assert.match(await shell.done('blocks list --network 198.51.100.7'), /^8 /m)
  assert.doesNotMatch(await shell.done('blocks list --network 198.51.100.7'), /^7 /m)
  assert.match(await shell.done('blocks list --network 2001:db8::/32'), /^7 /m)
  assert.equal(await shell.done('blocks list --network 192.0.2.1'), 'Nothing blocks 192.0.2.1.\n')
  await shell.refused('blocks list --network nowhere', /Cannot read "nowhere": expected an IPv4/)
  assert.match(await shell.done('blocks list --limit 1'), /2 in all; show more with --limit N/)
  const { items } = await shell.json<{ items: unknown[] }>('blocks list --network 2001:db8::1')
  assert.deepEqual(items, [
    {
      id: 7,
      network: '2001:db8::/64',
      reason: 'unknown-recipients',
      evidence: '11 unknown recipients from 2001:db8::/64 in 60 minutes, at most 10',
      since: '2026-11-24T11:20:00.000Z',
      until: '2026-11-24T13:20:00.000Z',
      endsInMs: 80 * MINUTE_MS,
      repeats: 1,
      ref: '7K2M9QXA',
    },
  ])
})

test('a block is made and lifted by hand, and says by whom', async () => {
  assert.match(
    await shell.done('blocks add 198.51.100.7 --for 1h --why "guesses passwords"'),
    /^Blocked 198\.51\.100\.7 until 2026-11-24T13:00:00\.000Z\. Lift it with: postern blocks lift 198/,
  )
  assert.match(await shell.done('blocks add 203.0.113.0/24'), /until it is lifted/)
  assert.deepEqual(
    keepers.blocks.map(({ evidence, author }) => [evidence, author]),
    [
      ['guesses passwords', 'postern (anna)'],
      ['no reason was given', 'postern (anna)'],
    ],
  )
  await shell.refused('blocks add 127.0.0.1', /never-block list/)
  await shell.refused('blocks add 198.51.100.7 --for soon', /Cannot use --for "soon": expected a span of time/)

  await shell.refused('blocks lift', /Name what to lift/)
  await shell.refused('blocks lift 198.51.100.7 --all', /Name what to lift/)
  await shell.refused('blocks lift 99', /There is no block number "99"\. List them with: postern blocks list/)
  await shell.refused('blocks lift 192.0.2.1', /No block holds against 192\.0\.2\.1/)
  await shell.refused('blocks lift everybody', /Cannot lift "everybody": name an address, .* or --all/)
  await shell.refused('blocks lift 198.51.100.300', /Cannot read "198\.51\.100\.300"/)
  await shell.refused('blocks add 198.51.100.7 --for 9999d', /Cannot use --for "9999d": the longest is 3660d/)
  assert.equal(await shell.done('blocks lift 198.51.100.7'), 'Lifted the block of 198.51.100.7 (by-hand).\n')
  assert.equal(await shell.done('blocks lift 2'), 'Lifted the block of 203.0.113.0/24 (by-hand).\n')
  await shell.done('blocks add 198.51.100.7')
  await shell.done('blocks add 198.51.100.8')
  assert.equal((await shell.done('blocks lift --all')).split('\n').length, 3)
  assert.equal(await shell.done('blocks lift --all'), 'Nobody is blocked.\n')
  assert.deepEqual(keepers.calls.at(-1), { lift: { id: 4 }, author: 'postern (anna)' })
})

test('the never-block list is a setting, changed entry by entry', async () => {
  assert.match(await shell.done('blocks never list'), /^this-machine +limits\.neverBlock$/m)
  await shell.done('blocks never add 203.0.113.5')
  await shell.done('blocks never add group:local-clients')
  await shell.done('blocks never add 203.0.113.5')
  const entries = () => settings.current().settings.limits.neverBlock
  assert.deepEqual(entries(), ['this-machine', '203.0.113.5', 'group:local-clients'])
  assert.equal(settings.current().version, 2)
  await shell.refused('blocks never add nobody', /Cannot take "nobody": wanted/)
  await shell.refused(
    'blocks never remove 203.0.113.6',
    /There is no entry "203\.0\.113\.6" on the never-block list\. See:/,
  )
  await shell.done('blocks never remove 203.0.113.5')
  assert.deepEqual(entries(), ['this-machine', 'group:local-clients'])
  // Two at once: neither change is lost.
  await Promise.all(['203.0.113.1', '203.0.113.2', '203.0.113.3'].map((ip) => shell.done(`blocks never add ${ip}`)))
  assert.equal(entries().length, 5)
})

test('who is trusted, what for, and whose trust is suspended', async () => {
  keepers.suspensions.push({
    ip: '172.17.0.1',
    evidence: '120 HELO names, 80 sender domains in an hour',
    sinceMs: keepers.clock.nowMs(),
    ref: '7K2M9QXA',
  })
  const out = await shell.done('trust list')
  assert.match(out, /^relay\.ipGroup, the group local-clients: may send to any domain\n {2}Who: +10\.0\.0\.0\/8, 172/m)
  assert.match(out, /^limits\.exemptGroup, the group local-clients: held to no limit by address$/m)
  assert.match(out, /Not judged: .*unknown-recipients/)
  assert.match(out, /^limits\.neverBlock: never blocked.*\n {2}Who: +this-machine$/m)
  assert.match(out, /172\.17\.0\.1 +2026-\S+ +7K2M9QXA +120 HELO names/)
  assert.match(out, /postern trust restore IP/)

  shell.env.SSH_CONNECTION = '203.0.113.77 53122 192.0.2.1 22'
  assert.match(
    await shell.done('trust list'),
    /Who: +203\.0\.113\.77 \(the administrator's last address\), this-machine$/m,
  )

  await shell.refused('trust restore 10.0.0.9', /The trust of 10\.0\.0\.9 is not suspended\. See: postern trust list/)
  await shell.refused('trust restore me', /expected an IP address/)
  assert.equal(await shell.done('trust restore ::ffff:172.17.0.1'), '172.17.0.1 is trusted again.\n')
  assert.deepEqual(keepers.calls.at(-1), { restore: '172.17.0.1', author: 'postern (anna)' })
  assert.match(await shell.done('trust list'), /Suspended: nobody\./)
  await shell.done('settings set relay.ipGroup null')
  assert.match(await shell.done('trust list'), /^relay\.ipGroup: may send to any domain\n {2}Who: +nobody$/m)
})

test('the ways that POP3 logins opened are listed, and closed', async () => {
  const nowMs = keepers.clock.nowMs()
  keepers.logins.push(
    { ip: '203.0.113.9', atMs: nowMs - 4 * MINUTE_MS, user: 'anna@here.example' },
    { ip: '203.0.113.8', atMs: nowMs - 10 * MINUTE_MS, user: 'anna@here.example' },
  )
  assert.match(await shell.done('relay grants list'), /relay\.popBeforeSmtp\.enabled is false/)
  await shell.done('settings set relay.popBeforeSmtp.enabled true')
  const out = await shell.done('relay grants list')
  assert.match(out, /^203\.0\.113\.9 +2026-11-24T11:56:00\.000Z +2026-11-24T12:06:00\.000Z +in 6m$/m)
  assert.doesNotMatch(out, /203\.0\.113\.8/, 'ten minutes after the login the way is closed')
  assert.match(await shell.done('relay grants revoke 203.0.113.9'), /may no longer relay/)
  await shell.refused('relay grants revoke 203.0.113.9', /No POP3 login from 203\.0\.113\.9 opens the way/)
  await shell.refused('relay grants revoke x', /expected an IP address/)
  assert.match(await shell.done('relay grants list'), /No POP3 login in the last 10 minutes/)
})

test('an account is stopped and released as one act', async () => {
  await shell.refused('user freeze anna@example.test', /--why TEXT is missing/)
  await shell.refused('user freeze anna@example.test --why " "', /--why TEXT is missing/)
  assert.match(await shell.done('user release anna@example.test'), /^anna@example\.test was not frozen; 1 recipient/)
  keepers.calls.length = 0
  await shell.refused('user freeze ben@example.test --why x', /There is no user "ben@example\.test"/)
  assert.match(
    await shell.done('user freeze anna@example.test --why "sends spam"'),
    /^Stopped anna@example\.test from sending; 3 recipients of waiting mail held\.\n$/,
  )
  assert.deepEqual(keepers.calls, [{ freeze: 'anna@example.test', why: 'sends spam', by: 'postern (anna)' }])
  assert.match(await shell.done('user release anna@example.test'), /may send again; 1 recipient of held mail released/)
  assert.match(await shell.done('user release anna@example.test --delete-queued'), /3 recipients of held mail deleted/)
  assert.deepEqual(keepers.calls.at(-1), {
    release: 'anna@example.test',
    by: 'postern (anna)',
    deleteQueued: true,
  })
})

const OPEN = { is: 'open', where: 'relay.ipGroup', says: 'The group holds 65,536 public addresses.' } as const
const NOTE = { is: 'note', where: 'anna@example.test', says: 'Forwards to anna@far.example.' } as const
const DEAD = { is: 'dead', where: 'session.greetingDelay', says: 'Port 25 is off.' } as const
const step = (relayed: boolean) => ({ said: 'RCPT TO:<x%far@here>', answered: relayed ? '250 ok' : '550 no', relayed })

const AUDITS: readonly (readonly [string, FakeKeepers['audit'], number, RegExp])[] = [
  ['nothing found', { findings: [] }, 0, /^No setting lets a stranger relay\.\n$/],
  [
    'a finding that names its setting says it once',
    { findings: [{ is: 'note', where: 'relay.smtpAuth', says: 'relay.smtpAuth is off.' }] },
    0,
    /Worth knowing:\n {2}relay\.smtpAuth is off\./,
  ],
  ['a note is no finding', { findings: [NOTE] }, 0, /Worth knowing:\n {2}anna@example\.test: Forwards/],
  ['an open way', { findings: [OPEN, NOTE] }, 1, /^A stranger can relay:\n {2}relay\.ipGroup: The group/],
  [
    'a rule that can never fire',
    { findings: [DEAD] },
    1,
    /No setting lets[\s\S]*Can never fire:\n {2}session\.greeting/,
  ],
  [
    'a probe that was refused',
    { findings: [], probe: { from: '192.0.2.1', steps: [step(false)] } },
    0,
    /from 192\.0\.2\.1, in 1 ways: it relayed nothing\.\n {2}C: RCPT TO:<x%far@here>\n {2}S: 550 no\n$/,
  ],
  [
    'a probe that was relayed',
    { findings: [], probe: { from: '192.0.2.1', steps: [step(false), step(true)] } },
    1,
    /^A stranger who reaches this server can relay: see below\.[\s\S]*would have RELAYED 1\.[\s\S]*S: 250 ok {3}<-- RELAYED/,
  ],
]

for (const [name, audit, code, says] of AUDITS) {
  test(`audit: ${name}`, async () => {
    keepers.audit = audit
    const answer = await shell.postern('audit')
    assert.equal(answer.code, code)
    assert.match(answer.out, says)
    assert.deepEqual(JSON.parse((await shell.postern('audit --json')).out), audit)
    assert.deepEqual(keepers.calls[0], { audit: 100, probe: true })
  })
}

test('audit: a draft is laid over the settings, checked, and not probed', async () => {
  const draft = inputFile('draft.yaml', 'session: { maxHops: 7 }\n')
  await shell.done(`audit --draft ${draft}`)
  await shell.done('audit --no-probe')
  assert.deepEqual(keepers.calls, [
    { audit: 7, probe: false },
    { audit: 100, probe: false },
  ])
  await shell.refused(`audit --draft ${inputFile('bad.yaml', 'session: { maxHops: many }\n')}`, /line 1, column/)
  await shell.refused(`audit --draft ${inputFile('worse.yaml', 'relay: { ipGroup: nowhere }\n')}`, /nowhere/)
  assert.equal(settings.current().version, 0)
})

test('what would let strangers relay is refused until it is confirmed, by every command that could', async () => {
  const file = inputFile('danger.yaml', 'relay: { groupAfterFailedLogin: true }\n')
  for (const line of ['settings set relay.groupAfterFailedLogin true', `settings apply ${file}`]) {
    await shell.refused(line, /Strangers could relay by this way\. Nothing was changed\. .*--confirm/)
    const { code, out, err } = await shell.postern(`${line} --confirm`)
    assert.equal(code, 0)
    assert.match(out, /relay\.groupAfterFailedLogin +false +true/)
    assert.match(err, /^postern: warning: relay\.groupAfterFailedLogin: Strangers could relay/)
    // What stands already is not asked for again.
    await shell.done('settings set session.maxHops 77')
    await shell.done('settings rollback 0')
  }
  await shell.refused('settings rollback 1', /--confirm/)
  assert.equal((await shell.postern('settings rollback 1 --confirm')).code, 0)
})

test('a change that would cut its administrator off is refused until it is confirmed', async () => {
  shell.env.SSH_CONNECTION = '203.0.113.77 53122 192.0.2.1 22'
  await shell.postern('ipgroup add admins 203.0.113.0/24')
  await shell.done('settings apply -', {
    input: 'services: { admin: { listen: ["*"], ipGroup: admins } }\n',
  })
  await shell.refused(
    'ipgroup set admins 198.51.100.0/24',
    /does not hold 203\.0\.113\.77[\s\S]*cut off[\s\S]*--confirm/,
  )
  await shell.postern('ipgroup add admins 198.51.100.0/24')
  for (const line of ['remove', 'disable']) await shell.refused(`ipgroup ${line} admins 203.0.113.0/24`, /cut off/)
  assert.equal((await shell.postern('ipgroup disable admins 203.0.113.0/24 --confirm')).code, 0)
})

test('while the relay is open, every command says so, once', async () => {
  const listen = ['smtp', 'submission', 'submissions'].map((name) => `${name}: { listen: [127.0.0.1] }`).join(', ')
  const yaml = `services: { ${listen} }\nrelay: { mode: open }\n`
  const opened = await settings.apply(yaml, { author: 'test', confirmed: true })
  assert.ok(opened.ok)
  for (const line of [
    'blocks list',
    'settings get relay.mode',
    'blocks lift --all',
    'trust list',
    'settings history',
  ]) {
    const { code, err } = await shell.postern(line)
    assert.equal(code, 0, line)
    assert.match(
      err,
      /^postern: warning: This server is an open relay: .* postern settings set relay\.mode controlled$/,
    )
  }
  const refused = await shell.postern('blocks lift 192.0.2.1')
  assert.match(refused.err, /^postern: warning: This server is an open relay[^\n]*\npostern: No block holds/)
  await shell.postern('settings set relay.mode controlled')
  await shell.done('blocks list')
})

test('the address the administrator sits at is noted once, and goes with each change', async () => {
  const seen: unknown[] = []
  const { set } = settings
  settings.set = (path, text, by, comment) => {
    seen.push(by)
    return set.call(settings, path, text, by, comment)
  }
  await shell.done('settings set session.maxHops 90')
  shell.env.SSH_CONNECTION = '203.0.113.77 53122 192.0.2.1 22'
  await shell.done('settings set session.maxHops 91')
  await shell.done('blocks list')
  // Through sudo: the last address known.
  delete shell.env.SSH_CONNECTION
  await shell.done('settings set session.maxHops 92 --confirm')
  assert.deepEqual(keepers.calls, [{ administratorAt: '203.0.113.77' }])
  const author = 'postern (anna)'
  assert.deepEqual(seen, [
    { author, confirmed: false },
    { author, confirmed: false, administratorIp: '203.0.113.77' },
    { author, confirmed: true, administratorIp: '203.0.113.77' },
  ])
  assert.match(await shell.done('blocks never list'), /^203\.0\.113\.77 +the administrator's last address$/m)
})

const NO_ADDRESSES = [
  '127.0.0.1 1 127.0.0.1 22',
  '::1 1 ::1 22',
  '',
  'UNKNOWN 1 2 3',
  '1.2.3.4\r\nx-evil:1 1 2 3',
  '300.1.1.1 1 2 3',
]
for (const connection of NO_ADDRESSES) {
  test(`no address of an administrator: ${JSON.stringify(connection)}`, async () => {
    shell.env.SSH_CONNECTION = connection
    await shell.done('blocks list')
    assert.deepEqual(keepers.calls, [])
  })
}

test('an address that cannot be kept does not stop the command', async () => {
  faults.length = 0
  await shell.close()
  const parts = {
    ...keepers.parts,
    dataDir,
    settings,
    events: { faulted: ({ what }: { what: string }) => void faults.push(what) },
    administratorAt: async () => Promise.reject(new Error('the disk is full')),
  }
  shell = await openShell(parts as unknown as AdminParts)
  shell.env.SSH_CONNECTION = '203.0.113.77 53122 192.0.2.1 22'
  await shell.done('blocks list')
  assert.deepEqual(faults, ['administration: remembering where the administrator sits'])
})
