import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import { compileGroups } from './ip-groups.ts'
import { type Applied, type KeeperOptions, SettingsKeeper } from './keeper.ts'
import { formatProblem } from './problem.ts'
import type { Version, Versions } from './versions.ts'

/** Versions in memory, as the contract has them. */
class MemoryVersions implements Versions {
  readonly kept: Version[] = []
  /** Run once before the next version is added: another node. */
  meanwhile: (() => void) | undefined
  failure: Fault | undefined

  latest() {
    return this.kept.at(-1)
  }

  get(version: number) {
    return this.kept.find((each) => each.version === version)
  }

  history(limit: number) {
    return this.kept
      .map(({ changed, ...rest }) => rest)
      .reverse()
      .slice(0, limit)
  }

  async add(version: Omit<Version, 'version'>, basedOn: number) {
    const meanwhile = this.meanwhile
    this.meanwhile = undefined
    meanwhile?.()
    if (this.failure !== undefined) throw this.failure
    if (basedOn !== (this.kept.at(-1)?.version ?? 0)) throw new Fault('Another version was added.', { temporary: true })
    this.kept.push({ ...version, version: basedOn + 1 })
    return basedOn + 1
  }

  push(changed: string) {
    const version = (this.kept.at(-1)?.version ?? 0) + 1
    this.kept.push({ version, atMs: 0, author: 'another node', comment: '', changed })
  }
}

async function open(...changed: string[]) {
  return openWith({}, ...changed)
}

async function openWith(options: Pick<KeeperOptions, 'weigh'>, ...changed: string[]) {
  const versions = new MemoryVersions()
  for (const text of changed) versions.push(text)
  const clock = new ManualClock()
  return { versions, clock, keeper: await SettingsKeeper.open(versions, { clock, ...options }) }
}

function problems(applied: Applied | { ok: boolean }): string {
  return 'problems' in applied ? applied.problems.map(formatProblem).join('\n') : ''
}

test('without a version all is as declared, and the version is 0', async () => {
  const { keeper } = await open()
  assert.equal(keeper.current().version, 0)
  assert.equal(keeper.current().settings.session.maxHops, 100)
})

test('a change is a version with author, comment and time, and names only what was changed', async () => {
  const { keeper, versions, clock } = await open()
  const applied = await keeper.apply('session: { maxHops: 7 }', { author: 'postern (root)', comment: 'fewer hops' })
  assert.deepEqual(applied, {
    ok: true,
    version: 1,
    changed: true,
    differences: [{ path: 'session.maxHops', from: '100', to: '7' }],
    warnings: [],
  })
  assert.deepEqual(versions.kept, [
    {
      version: 1,
      atMs: clock.nowMs(),
      author: 'postern (root)',
      comment: 'fewer hops',
      changed: 'session:\n  maxHops: 7\n',
    },
  ])
  assert.deepEqual(keeper.current().settings.session.maxHops, 7)
  assert.equal((await keeper.history())[0]?.author, 'postern (root)')
})

test('merge leaves what the text does not name, replace takes it back', async () => {
  const { keeper } = await open('session: { maxHops: 7 }')
  await keeper.apply('session: { maxRecipients: 8 }', { author: 'a' })
  assert.equal(keeper.current().settings.session.maxHops, 7)
  const applied = await keeper.apply('session: { maxRecipients: 9 }', { author: 'a', mode: 'replace' })
  assert.deepEqual(applied.ok && applied.differences.map(({ path }) => path), [
    'session.maxRecipients',
    'session.maxHops',
  ])
  assert.equal(keeper.current().settings.session.maxHops, 100)
})

test('what changes nothing adds no version', async () => {
  const { keeper, versions } = await open('session: { maxHops: 7 }')
  const told: number[] = []
  keeper.subscribe(({ version }) => void told.push(version))
  for (const text of ['', 'session: { maxHops: 7 }', 'session: { maxRecipients: 100 }']) {
    assert.deepEqual(await keeper.apply(text, { author: 'a' }), {
      ok: true,
      version: 1,
      changed: false,
      differences: [],
      warnings: [],
    })
  }
  assert.equal(versions.kept.length, 1)
  assert.deepEqual(told, [])
})

test('what is wrong alone or together is refused with its place, and nothing changes', async () => {
  const { keeper, versions } = await open()
  const before = keeper.current()
  const rows: readonly [string, RegExp][] = [
    ['session:\n  maxHop: 7', /^line 2, column 3: /],
    ['relay:\n  ipGroup: office', /^line 2, column 12: relay.ipGroup: There is no IP address group "office"/],
    [
      'ipGroups:\n  local-clients:',
      /^line 2, column 3: There is no IP address group .* relay.ipGroup and limits.exemptGroup name/,
    ],
    [
      'services: { smtp: { listen: ["*:110"] } }',
      /^line 1, column 30: services.pop3.listen\[0\] and services.smtp.listen\[0\]/,
    ],
  ]
  for (const [text, says] of rows) assert.match(problems(await keeper.apply(text, { author: 'a' })), says)
  // One setting by itself has no lines and columns.
  assert.match(problems(await keeper.set('relay.mode', 'open', 'a')), /^relay.mode is open/)
  assert.match(problems(await keeper.set('session.maxHops', 'many', 'a')), /^session.maxHops: Cannot take "many"/)
  assert.match(
    problems(await keeper.set('limits.neverBlock', '[group:x]', 'a')),
    /^limits.neverBlock\[0\]: There is no/,
  )
  assert.equal(keeper.current(), before)
  assert.equal(versions.kept.length, 0)
})

test('a draft is weighed and not kept', async () => {
  const { keeper, versions } = await open()
  const draft = keeper.diffAgainst('session: { maxHops: 7 }')
  assert.ok(draft.ok && draft.settings.session.maxHops === 7)
  assert.deepEqual(draft.differences, [{ path: 'session.maxHops', from: '100', to: '7' }])
  assert.match(problems(keeper.diffAgainst('relay: { mode: open }')), /relay.mode is open/)
  assert.equal(versions.kept.length, 0)
})

test('a roll back is a new version with the old content', async () => {
  const { keeper, versions } = await open()
  await keeper.set('session.maxHops', '7', 'a')
  await keeper.set('session.maxHops', '8', 'a')
  assert.deepEqual((await keeper.rollback(1, 'b')).ok, true)
  assert.equal(keeper.current().version, 3)
  assert.equal(keeper.current().settings.session.maxHops, 7)
  assert.equal(versions.kept[2]?.comment, 'roll back to version 1')
  await keeper.rollback(0, 'b')
  assert.equal(keeper.current().settings.session.maxHops, 100)
  assert.match(problems(await keeper.rollback(9, 'b')), /There is no version 9/)
})

test('listeners hear of a version once it is durable, and the change waits for them', async () => {
  const { keeper, versions } = await open()
  const told: string[] = []
  const stop = keeper.subscribe(async ({ version, settings }, [first]) => {
    assert.equal(versions.kept.at(-1)?.version, version)
    await Promise.resolve()
    told.push(`${version} ${settings.session.maxHops} ${first?.path}`)
  })
  await keeper.set('session.maxHops', '7', 'a')
  assert.deepEqual(told, ['1 7 session.maxHops'])
  stop()
  await keeper.set('session.maxHops', '8', 'a')
  assert.equal(told.length, 1)
})

test('a listener that fails keeps no other from hearing, and fails the change that stands', async () => {
  const { keeper } = await open()
  let told = 0
  keeper.subscribe(() => Promise.reject(new Error('port taken')))
  keeper.subscribe(() => void told++)
  await assert.rejects(keeper.set('session.maxHops', '7', 'a'), /port taken/)
  assert.equal(told, 1)
  assert.equal(keeper.current().settings.session.maxHops, 7)
  await assert.rejects(keeper.set('session.maxHops', '8', 'a'))
  assert.equal(keeper.current().version, 2)
})

test('changes at the same moment go one after another and lose none', async () => {
  const { keeper } = await open()
  const paths = ['session.maxHops', 'session.maxRecipients', 'session.maxFailedCommands', 'relay.popBeforeSmtp.minutes']
  const applied = await Promise.all(paths.map((path) => keeper.set(path, '7', 'a')))
  assert.deepEqual(
    applied.map((each) => each.ok && each.version),
    [1, 2, 3, 4],
  )
  const { session, relay } = keeper.current().settings
  assert.deepEqual(
    [session.maxHops, session.maxRecipients, session.maxFailedCommands, relay.popBeforeSmtp.minutes],
    [7, 7, 7, 7],
  )
})

test('a version that another node added in between is taken up, and the change weighed on top of it', async () => {
  const { keeper, versions } = await open()
  versions.meanwhile = () => versions.push('session: { maxRecipients: 9 }')
  const applied = await keeper.set('session.maxHops', '7', 'a')
  assert.deepEqual(applied.ok && applied.version, 2)
  assert.equal(versions.kept[1]?.changed, 'session:\n  maxRecipients: 9\n  maxHops: 7\n')
})

test('a change that another node made impossible is refused', async () => {
  const { keeper, versions } = await open('ipGroups: { a: [::1] }')
  versions.meanwhile = () => versions.push('')
  assert.match(problems(await keeper.set('relay.ipGroup', 'a', 'x')), /no IP address group "a"/)
  assert.equal(keeper.current().version, 2)
})

test('versions of other nodes are taken up on request', async () => {
  const { keeper, versions } = await open()
  const told: number[] = []
  keeper.subscribe(({ version }) => void told.push(version))
  versions.push('session: { maxHops: 7 }')
  await keeper.refresh()
  await keeper.refresh()
  assert.equal(keeper.current().settings.session.maxHops, 7)
  assert.deepEqual(told, [1])
})

test('a store that fails changes nothing, and the next change goes on', async () => {
  const { keeper, versions } = await open()
  versions.failure = new Fault('The disk is full.', { temporary: true })
  await assert.rejects(keeper.set('session.maxHops', '7', 'a'), /disk is full/)
  assert.equal(keeper.current().settings.session.maxHops, 100)
  versions.failure = undefined
  assert.equal((await keeper.set('session.maxHops', '7', 'a')).ok, true)
})

test('a start with other usual ports is not stopped by two services on one port, but the next change is', async () => {
  const versions = new MemoryVersions()
  versions.push('services: { submission: { listen: ["*:2525"] } }')
  const keeper = await SettingsKeeper.open(versions, { clock: new ManualClock(), ports: 'high' })
  assert.equal(keeper.current().version, 1)
  assert.match(problems(await keeper.set('session.maxHops', '7', 'a')), /both want port 2525/)
  assert.equal((await keeper.set('services.submission.listen', '*:2587', 'a')).ok, true)
})

test('a version that this release cannot read stops the start and says which setting', async () => {
  for (const [text, says] of [
    ['session: { maxHopz: 5 }', /settings version 1 \(by another node\).*session.maxHopz/],
    ['relay: { ipGroup: gone }', /relay.ipGroup: There is no IP address group "gone"/],
    ['][', /not valid YAML/],
  ] as const) {
    await assert.rejects(open(text), (error) => error instanceof Fault && !error.temporary && says.test(error.message))
  }
})

test('a change warns of what it brings, and not of what stood before', async () => {
  const { keeper } = await open('ipGroups: { a: ["10.0.0.0/8", "10.1.0.0/16"] }')
  const warned = async (text: string) => {
    const applied = await keeper.apply(text, { author: 'a' })
    assert.ok(applied.ok, problems(applied))
    return applied.warnings.map(formatProblem).join('\n')
  }
  assert.equal(await warned('session: { maxHops: 7 }'), '')
  assert.match(
    await warned('ipGroups: { b: ["192.0.2.1", "192.0.2.0/24"] }'),
    /^[^\n]*No setting uses the IP address group "b"\.\nipGroups\.b\[0\] \(192\.0\.2\.1\) lies wholly in ipGroups\.b\[1\][^\n]*$/,
  )
  const draft = keeper.diffAgainst('ipGroups: { c: ["::1"] }')
  assert.ok(draft.ok)
  assert.match(draft.warnings.map(formatProblem).join('\n'), /^[^\n]*No setting uses the IP address group "c"\.$/)
})

const OPEN_ADMINISTRATION = 'services: { admin: { listen: ["*"] } }'

test('a change that would cut its administrator off needs a second yes', async () => {
  const { keeper, versions } = await open(OPEN_ADMINISTRATION)
  const text = 'services: { admin: { ipGroup: local-clients } }'
  const author = { author: 'a', administratorIp: '203.0.113.77' }
  const refused = await keeper.apply(text, author)
  assert.ok(!refused.ok && refused.confirmable === true)
  assert.match(problems(refused), /does not hold 203\.0\.113\.77.*cut off from remote administration.*--confirm/s)
  assert.equal(versions.kept.length, 1)
  // What is wrong altogether cannot be confirmed.
  const wrong = await keeper.set('services.admin.ipGroup', 'nowhere', { ...author, confirmed: true })
  assert.ok(!wrong.ok && wrong.confirmable === undefined)
  assert.equal((await keeper.apply(text, { author: 'a', administratorIp: '10.1.1.1' })).ok, true)
  assert.equal((await keeper.rollback(1, author)).ok, true)
  const confirmed = await keeper.set('services.admin.ipGroup', 'local-clients', { ...author, confirmed: true })
  assert.ok(confirmed.ok)
  assert.match(confirmed.warnings.map(formatProblem).join('\n'), /cut off/)
  // Being cut off already, the next change makes it no worse.
  assert.equal((await keeper.set('session.maxHops', '7', author)).ok, true)
  assert.equal((await keeper.rollback(1, author)).ok, true)
  assert.equal((await keeper.rollback(4, author)).ok, false)
})

test('a danger that a change brings needs a second yes, one that stood before does not', async () => {
  const weighed: unknown[] = []
  const { keeper, versions } = await openWith({
    async weigh({ session }) {
      weighed.push(session.maxHops)
      return session.maxHops === 7 ? [{ path: 'session.maxHops', says: 'Seven is open.' }] : []
    },
  })
  const refused = await keeper.set('session.maxHops', '7', 'a')
  assert.ok(!refused.ok && refused.confirmable === true)
  assert.match(problems(refused), /^session\.maxHops: Seven is open\.\nNothing was changed\./)
  assert.equal(versions.kept.length, 0)
  assert.deepEqual(weighed, [7, 100])
  const confirmed = await keeper.set('session.maxHops', '7', { author: 'a', confirmed: true })
  assert.ok(confirmed.ok)
  assert.deepEqual(
    confirmed.warnings.map(({ says }) => says),
    ['Seven is open.'],
  )
  assert.equal((await keeper.set('session.maxRecipients', '7', 'a')).ok, true)
  assert.equal((await keeper.set('session.maxHops', '8', 'a')).ok, true)
  assert.equal((await keeper.rollback(1, 'a')).ok, false)
  // What changes nothing is not weighed.
  weighed.length = 0
  await keeper.set('session.maxHops', '8', 'a')
  keeper.diffAgainst('session: { maxHops: 7 }')
  assert.deepEqual(weighed, [])
})

test('when the danger cannot be weighed, nothing is changed', async () => {
  const { keeper, versions } = await openWith({
    weigh: async () => Promise.reject(new Fault('the directory is away', { temporary: true })),
  })
  await assert.rejects(keeper.set('session.maxHops', '7', { author: 'a', confirmed: true }), /directory is away/)
  assert.equal(versions.kept.length, 0)
})

test('a group of 100,000 networks is kept, read again and asked', async () => {
  const { keeper, versions } = await open()
  const networks = Array.from(
    { length: 100_000 },
    (_, n) => `${(n >> 15) + 11}.${(n >> 7) & 255}.${(n & 127) * 2}.0/24`,
  )
  const yaml = `ipGroups:\n  big:\n${networks.map((one) => `    - ${one}\n`).join('')}services: { pop3: { ipGroup: big } }\n`
  const applied = await keeper.apply(yaml, { author: 'a' })
  assert.ok(applied.ok, problems(applied))
  assert.deepEqual(applied.warnings, [])
  assert.equal((await keeper.apply(yaml, { author: 'a' })).ok && versions.kept.length, 1)
  const again = await SettingsKeeper.open(versions, { clock: new ManualClock() })
  assert.deepEqual(
    again.current().settings.ipGroups.big?.map(({ address }) => address),
    networks,
  )
  const groups = compileGroups(again.current().settings.ipGroups, [])
  for (const ip of ['11.0.0.9', '11.0.2.255', '14.12.0.1']) assert.equal(groups.has('big', ip), true, ip)
  for (const ip of ['11.0.1.9', '10.0.0.1', '15.0.0.0']) assert.equal(groups.has('big', ip), false, ip)
  const twice = yaml.replace('    - 11.0.4.0/24\n', '    - 11.0.4.0/24\n    - 11.0.4.7\n    - 11.0.4\n')
  assert.match(problems(keeper.diffAgainst(twice)), /^line 7, column 7: ipGroups\.big\[4\]: Cannot take "?11\.0\.4"?:/)
})
