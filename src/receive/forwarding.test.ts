import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSrs } from '#base/srs.ts'
import { openDirectory } from '#directory/directory.ts'
import { withoutSuccess } from '#smtp/notify.ts'
import { newUser, openDirectoryInMemory } from '#store/sqlite/directory-in-memory.ts'
import type { ArrivalReport } from './ports.ts'
import { type KeptMessage, World, type WorldOptions } from './testing.ts'

const SECRET = Buffer.from('a secret of this server')
const SRS = createSrs(SECRET)

const { store } = openDirectoryInMemory()
await store.addDomain({ name: 'here.example' })
await store.addDomain({ name: 'too.example', aliasOf: 'here.example' })
await store.addUsers([
  newUser('ann@here.example'),
  newUser('bob@here.example'),
  newUser('away@here.example', { forwarding: { to: ['me@home.example'], keepCopy: false } }),
  newUser('copy@here.example', { forwarding: { to: ['me@home.example'], keepCopy: true } }),
])
await store.putGroup({ address: 'team@here.example', members: ['a@home.example', 'b@home.example'] })
await store.putGroup({ address: 'all@here.example', members: ['ann@here.example', 'bob@here.example'] })

/** The server over a real directory, which knows what stands for senders. */
function worldOf(options: Pick<WorldOptions, 'settings' | 'ports' | 'facts'> = {}): World {
  const world: World = new World({
    ...options,
    ports: { srs: SRS, ...options.ports },
    directory: openDirectory({
      store: { directory: store, mailboxes: { usage: () => ({ messages: 0, bytes: 0 }) } },
      srsSecret: SECRET,
      clock: { nowMs: () => world.clock.nowMs() },
    }),
  })
  return world
}

/** Reports of success are for those who may send through here. */
const TRUSTED: WorldOptions['facts'] = { relayGroup: () => ({ group: 'local-clients', member: true }) }

/** Have a client send one message; gives the replies to its recipients. */
async function send(
  world: World,
  mail: string,
  recipients: readonly string[],
  body = 'Subject: hi\r\n\r\nbody\r\n',
): Promise<readonly string[]> {
  const client = world.connect({}, { ip: '198.51.100.7' })
  await client.reply()
  client.send('EHLO c.example\r\n')
  await client.reply()
  client.send(`MAIL FROM:${mail}\r\n`)
  await client.reply()
  const replies: string[] = []
  for (const recipient of recipients) {
    client.send(`RCPT TO:${recipient}\r\n`)
    replies.push((await client.reply()) ?? '')
  }
  if (replies.some((reply) => reply.startsWith('250'))) {
    client.send('DATA\r\n')
    await client.reply()
    client.send(`${body}.\r\n`)
    assert.match((await client.reply()) ?? '', /^250 /)
  }
  client.socket.destroy()
  return replies
}

/** Say on a line each where a message goes on to. */
function goesOn(kept: KeptMessage | undefined): readonly string[] {
  return (kept?.queue ?? []).map(({ recipient, returnPath, notify }) =>
    [recipient, returnPath?.replace(/=[A-Z2-7]{4,8}=[A-Z2-7]{2}=/, '=…='), notify].filter((each) => each).join(' '),
  )
}

test('a forwarded sender is rewritten, in the domain that forwards', async () => {
  const cases: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
    [
      'a forward',
      '<eve@far.example>',
      ['<away@here.example>'],
      ['me@home.example SRS0=…=far.example=eve@here.example'],
    ],
    [
      'by another name of it',
      '<eve@far.example>',
      ['<away@too.example>'],
      ['me@home.example SRS0=…=far.example=eve@too.example'],
    ],
    ['a copy', '<eve@far.example>', ['<copy@here.example>'], ['me@home.example SRS0=…=far.example=eve@here.example']],
    [
      'a sender in quotes',
      '<"e v"@far.example>',
      ['<away@here.example>'],
      ['me@home.example "SRS0=…=far.example=e v"@here.example'],
    ],
    ['our own sender', '<ann@here.example>', ['<away@here.example>'], ['me@home.example']],
    ['the null sender', '<>', ['<away@here.example>'], ['me@home.example']],
    ['nothing forwarded', '<eve@far.example>', ['<ann@here.example>'], []],
    ['a sender too long', `<${'e'.repeat(60)}@far.example>`, ['<away@here.example>'], ['me@home.example']],
  ]
  for (const [name, mail, recipients, expected] of cases) {
    const world = worldOf()
    assert.match((await send(world, mail, recipients))[0] ?? '', /^250 /, name)
    assert.deepEqual(goesOn(world.kept[0]), expected, name)
  }
  const world = worldOf({ settings: { delivery: { srs: false } } })
  await send(world, '<eve@far.example>', ['<away@here.example>'])
  assert.deepEqual(goesOn(world.kept[0]), ['me@home.example'])
})

test('a bounce finds its way back, and nothing else does', async () => {
  const world = worldOf()
  await send(world, '<Eve@far.example>', ['<away@here.example>'])
  const rewritten = world.kept[0]?.queue[0]?.returnPath ?? 'not rewritten'
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['a bounce', '<>', rewritten, /^250 /],
    ['mail with a sender', '<mallory@far.example>', rewritten, /^550 /],
    ['mail of the one it stands for', '<eve@far.example>', rewritten, /^550 /],
    ['another address', '<>', rewritten.replace('Eve', 'Bob'), /^550 /],
    ['in a domain that is not ours', '<>', rewritten.replace('here.example', 'far.example'), /^550 /],
  ]
  for (const [name, mail, recipient, expected] of cases) {
    const at = world.kept.length
    assert.match((await send(world, mail, [`<${recipient}>`]))[0] ?? '', expected, name)
    const kept = world.kept[at]
    assert.deepEqual(goesOn(kept), expected.source.includes('250') ? ['Eve@far.example'] : [], name)
  }
})

test('no stranger relays by a name he has made up', async () => {
  const digits = fc.stringMatching(/^[A-Z2-7]{0,9}$/)
  const word = fc.stringMatching(/^[a-z0-9.+-]{1,12}$/)
  const forged = fc.oneof(
    fc.tuple(digits, digits, word, word).map((parts) => `SRS0=${parts.join('=')}`),
    fc.tuple(digits, word, digits, word).map(([hash, host, day, rest]) => `SRS1=${hash}=${host}==x=${day}=y=${rest}`),
    fc.tuple(fc.constantFrom('srs0+', 'SRS0-', 'Srs1='), word).map((parts) => parts.join('')),
    fc.tuple(word, fc.constantFrom('%', '!', '='), word).map((parts) => parts.join('')),
  )
  await fc.assert(
    fc.asyncProperty(forged, fc.constantFrom('<>', '<a@far.example>'), async (local, mail) => {
      const world = worldOf()
      await send(world, mail, [`<${local}@here.example>`])
      assert.deepEqual(goesOn(world.kept[0]), [])
    }),
    { numRuns: 100 },
  )
})

test('NOTIFY=SUCCESS for what ends here (RFC 3461 §5.2.7)', async () => {
  const cases: readonly (readonly [
    name: string,
    recipients: readonly string[],
    told: readonly string[],
    on: readonly string[],
  ])[] = [
    ['not asked', ['<ann@here.example>'], [], []],
    ['failures alone', ['<ann@here.example> NOTIFY=FAILURE,DELAY'], [], []],
    ['a mailbox', ['<ann@here.example> NOTIFY=SUCCESS'], ['delivered ann@here.example'], []],
    [
      'its ORCPT is told',
      ['<ann@here.example> NOTIFY=FAILURE,SUCCESS ORCPT=rfc822;x@y'],
      ['delivered ann@here.example rfc822;x@y'],
      [],
    ],
    ['a list of mailboxes', ['<all@here.example> NOTIFY=SUCCESS'], ['delivered all@here.example'], []],
    [
      '§5.2.7.2: an address with one end elsewhere hands the question on',
      ['<away@here.example> NOTIFY=SUCCESS'],
      [],
      ['me@home.example SUCCESS'],
    ],
    [
      '§5.2.7.3 b: one with several answers it',
      ['<team@here.example> NOTIFY=SUCCESS,FAILURE'],
      ['expanded team@here.example'],
      ['a@home.example FAILURE', 'b@home.example FAILURE'],
    ],
    [
      'who wants nothing but success hears no more of it',
      ['<copy@here.example> NOTIFY=SUCCESS'],
      ['delivered copy@here.example'],
      ['me@home.example NEVER'],
    ],
    [
      'several of a message, by what is told',
      ['<ann@here.example> NOTIFY=SUCCESS', '<bob@here.example> NOTIFY=SUCCESS', '<team@here.example> NOTIFY=SUCCESS'],
      ['delivered ann@here.example bob@here.example', 'expanded team@here.example'],
      ['a@home.example NEVER', 'b@home.example NEVER'],
    ],
  ]
  for (const [name, recipients, told, on] of cases) {
    const reports: ArrivalReport[] = []
    const world = worldOf({
      facts: TRUSTED,
      settings: { delivery: { srs: false } },
      ports: {
        reportArrival: async (report) => {
          // The message is kept by the time that its arrival is told.
          assert.equal(world.kept.length, 1)
          reports.push(report)
          return undefined
        },
      },
    })
    await send(world, '<eve@far.example> ENVID=Q1', recipients)
    assert.deepEqual(
      reports.map((report) =>
        [
          report.kind,
          ...report.recipients.flatMap(({ recipient, orcpt }) => [recipient, ...(orcpt ? [orcpt] : [])]),
        ].join(' '),
      ),
      told,
      name,
    )
    assert.deepEqual(goesOn(world.kept[0]), on, name)
    for (const report of reports) {
      assert.equal(report.envid, 'Q1')
      assert.match(Buffer.from(report.head).toString(), /^Received: [\s\S]*\r\nSubject: hi\r\n\r\nbody\r\n$/)
    }
  }
})

test('a stranger names who he likes as the sender, so nobody is told of his success, or sent his words', async () => {
  const trusted = { group: 'local-clients', member: true }
  const group: WorldOptions['settings'] = { relay: { ipGroup: 'local-clients' } }
  const cases: readonly (readonly [string, Pick<WorldOptions, 'facts' | 'settings'>, boolean])[] = [
    ['a stranger', {}, false],
    ['a stranger to an open relay', { settings: { relay: { mode: 'open' } } }, false],
    ['who may relay by address', { settings: group, facts: { relayGroup: () => trusted } }, true],
    ['who is trusted by address', { facts: { trustGroup: () => trusted } }, true],
    [
      'who fetched mail from there',
      { facts: { sincePopLoginMs: () => 1000 }, settings: { relay: { popBeforeSmtp: { enabled: true } } } },
      true,
    ],
    ['who fetched mail from there, where that is nothing', { facts: { sincePopLoginMs: () => 1000 } }, false],
  ]
  for (const [name, options, isTold] of cases) {
    let told = 0
    const world = worldOf({
      ...options,
      ports: {
        reportArrival: async () => {
          told += 1
          return undefined
        },
      },
    })
    await send(world, '<victim@far.example> RET=FULL ENVID=e', [
      '<ann@here.example> NOTIFY=SUCCESS',
      '<away@here.example> NOTIFY=SUCCESS,DELAY',
    ])
    assert.equal(told, isTold ? 1 : 0, name)
    const [entry] = world.kept[0]?.queue ?? []
    assert.equal(entry?.notify, isTold ? 'SUCCESS,DELAY' : 'DELAY', name)
    // Nor does a report of failure carry what he wrote.
    assert.deepEqual([entry?.ret, entry?.envid], [isTold ? 'FULL' : 'HDRS', 'e'], name)
  }
})

test('a report that is written is kept; one that fails is logged, and the message stays kept', async () => {
  const long = `Subject: long\r\n\r\n${'0123456789\r\n'.repeat(20_000)}`
  for (const body of ['Subject: long\r\n\r\n', long]) {
    const world: World = worldOf({
      facts: TRUSTED,
      ports: {
        reportArrival: async ({ head }) => {
          assert.ok(head.length < 34_000, `${head.length} octets`)
          assert.match(Buffer.from(head).toString(), /\r\nSubject: long\r\n\r\n/)
          const [kept] = world.kept
          assert.ok(kept)
          return { ...kept, trace: new Uint8Array(0), body: Buffer.from('report') }
        },
      },
    })
    await send(world, '<eve@far.example>', ['<ann@here.example> NOTIFY=SUCCESS'], body)
    assert.deepEqual(
      world.kept.map((kept) => kept.body.toString()),
      [body, 'report'],
    )
  }
  const world = worldOf({
    facts: TRUSTED,
    ports: { reportArrival: () => Promise.reject(new TypeError('a bug of ours')) },
  })
  await send(world, '<eve@far.example>', ['<ann@here.example> NOTIFY=SUCCESS'])
  assert.equal(world.kept.length, 1)
  assert.ok(world.events.some(({ name }) => name === 'faulted'))
})

test('TLS-Required: No goes with the message to all places elsewhere (RFC 8689 §5)', async () => {
  const cases: readonly (readonly [string, string, true | undefined])[] = [
    ['the field', 'TLS-Required: No\r\nSubject: hi\r\n\r\nbody\r\n', true],
    ['the field twice', 'TLS-Required: No\r\nTLS-Required: No\r\n\r\nbody\r\n', undefined],
    ['no such field', 'Subject: hi\r\n\r\nTLS-Required: No\r\n', undefined],
  ]
  for (const [name, body, wanted] of cases) {
    const world = worldOf()
    await send(world, '<eve@far.example>', ['<team@here.example>', '<away@here.example>'], body)
    const said = (world.kept[0]?.queue ?? []).map((entry) => entry.tlsOptional)
    assert.deepEqual(said, [wanted, wanted, wanted], name)
  }
})

test('success is taken out of NOTIFY', () => {
  for (const [notify, rest] of [
    ['SUCCESS', 'NEVER'],
    ['SUCCESS,FAILURE', 'FAILURE'],
    ['DELAY,SUCCESS,FAILURE', 'DELAY,FAILURE'],
    ['NEVER', 'NEVER'],
  ] as const) {
    assert.equal(withoutSuccess(notify), rest)
  }
})
