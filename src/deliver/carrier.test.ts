import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import type { Resolution } from '#directory/contract.ts'
import type { Outcome, Plan, Progress, Trouble } from '#queue/contract.ts'
import { settingsOf } from '#settings/testing.ts'
import type { QueueEntry } from '#store/contract.ts'
import { type CarrierParts, createCarrier } from './carrier.ts'
import type { Conversation, ConversationOptions, Envelope, NoConversation, TlsRequirement } from './contract.ts'
import type { Way } from './ways.ts'

const SERVERS = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((ip, index) => ({
  host: `mx${index + 1}.far.example`,
  ip,
  port: 25,
}))

const WAY: Way = {
  is: 'way',
  site: 'mx:far.example',
  key: 'mx far.example',
  domain: 'far.example',
  route: { via: 'mx' },
  protocol: 'smtp',
  servers: SERVERS,
  hosts: [],
  secureMx: false,
  implicitTls: false,
  loginBy: 'smtp',
}

const ENTRY: QueueEntry = {
  id: 1,
  messageId: 7,
  decision: 70,
  sender: 'anna@here.example',
  recipient: 'bob@far.example',
  domain: 'far.example',
  origin: 'anna@here.example',
  sizeBytes: 11,
  createdAtMs: 0,
  attempts: 0,
}

const OPPORTUNISTIC: TlsRequirement = { mode: 'opportunistic', by: 'settings', names: [] }
const AWAY: NoConversation = {
  is: 'none',
  trouble: { is: 'deferred', status: '4.4.1', because: 'no connection', stage: 'connect', scope: 'server' },
}
const NO_GREETING: NoConversation = {
  is: 'none',
  trouble: { is: 'deferred', status: '4.4.2', because: 'too slow', stage: 'greeting', scope: 'server' },
}
const NO_TLS: NoConversation = {
  is: 'none',
  trouble: { is: 'deferred', status: '4.7.5', because: 'TLS failed', stage: 'starttls', scope: 'server' },
  tlsFailed: 'validation-failure',
}
const LOST: Trouble = { is: 'deferred', status: '4.4.2', because: 'lost', stage: 'mail', scope: 'server' }
const REFUSED: Trouble = { is: 'failed', status: '5.1.1', because: 'no such user', stage: 'rcpt', scope: 'recipient' }
const TAKEN: Outcome = {
  is: 'delivered',
  hop: { host: 'mx', port: 25 },
  reply: { code: 250, text: 'ok' },
  passedDsn: false,
}

const PROGRESS: Progress = { at() {}, sent() {} }

interface Scene extends Partial<CarrierParts> {
  readonly settings?: never
  readonly yaml?: string
  readonly way?: Way | Trouble
  /** What each connection comes to, in the order they are opened. */
  readonly opens?: readonly (NoConversation | readonly (Outcome | Trouble)[])[]
  readonly requirement?: TlsRequirement
  readonly content?: readonly string[]
}

/** A carrier in a scripted world, and what it did there. */
function stage({
  yaml = '',
  way = WAY,
  opens = [],
  requirement = OPPORTUNISTIC,
  content = ['hello world'],
  ...more
}: Scene = {}) {
  const did: string[] = []
  const sent: string[] = []
  const tls: string[] = []
  const left = [...opens]
  const clock = new ManualClock()

  async function openConversation(options: ConversationOptions): Promise<Conversation | NoConversation> {
    did.push(
      `open ${options.server.ip} ${options.tls.mode}${options.login === undefined ? '' : ` as ${options.login.user}`}`,
    )
    const next = left.shift() ?? [TAKEN]
    if ('is' in next) return next
    const answers = [...next]
    let messages = 0
    return {
      hop: { host: options.server.host, port: 25, tls: { version: 'TLSv1.3', cipher: 'x' } },
      get messages() {
        return messages
      },
      get isOpen() {
        return answers.length > 0
      },
      async send(envelope: Envelope) {
        const answer = answers.shift() ?? TAKEN
        messages += 1
        did.push(
          `send ${options.server.ip} from ${envelope.returnPath} to ${envelope.recipients.map(({ recipient }) => recipient)}`,
        )
        let text = ''
        for await (const piece of envelope.content()) text += Buffer.from(piece).toString()
        sent.push(text)
        assert.equal(envelope.sizeBytes, text.length)
        return envelope.recipients.map(() => answer)
      },
      close: () => did.push(`close ${options.server.ip}`),
    }
  }

  const carrier = createCarrier({
    clock,
    settings: () => settingsOf(yaml),
    hostname: () => 'mail.here.example',
    directory: { isLocalDomain: () => false, resolve: () => ({ is: 'nobody', steps: [] }) },
    messages: { read: () => content.map((piece) => Buffer.from(piece)) },
    ways: { find: async () => way, serversOf: async () => [], forget() {} },
    requirementFor: async () => requirement,
    tlsTried: ({ failed }) => tls.push(failed ?? 'ok'),
    sign: async () => undefined,
    credentials: async () => undefined,
    openConversation,
    checkCertificate: () => undefined,
    popLogin: async () => undefined,
    faulted: ({ what }) => did.push(`fault: ${what}`),
    ...(more as object),
  })
  async function carry(...entries: Partial<QueueEntry>[]): Promise<readonly Outcome[]> {
    const [first = ENTRY, ...rest] = entries.map((entry) => ({ ...ENTRY, ...entry }))
    const plan = await carrier.plan(first)
    if (plan.is !== 'plan') return [plan]
    return carrier.carry(plan, { messageId: 7, entries: [first, ...rest] }, PROGRESS)
  }
  return { carrier, carry, did, sent, tls, clock }
}

describe('servers in turn', () => {
  const ROWS: readonly (readonly [string, Scene['opens'] & object, readonly string[], string])[] = [
    ['the first takes it', [[TAKEN]], ['192.0.2.1'], 'delivered'],
    ['one is away, the next takes it', [AWAY, [TAKEN]], ['192.0.2.1', '192.0.2.2'], 'delivered'],
    ['all are away', [AWAY, AWAY, AWAY], ['192.0.2.1', '192.0.2.2', '192.0.2.3'], 'deferred'],
    ['one is lost before it answered', [[LOST], [TAKEN]], ['192.0.2.1', '192.0.2.2'], 'delivered'],
    ["a refusal of the recipient is the domain's word", [[REFUSED]], ['192.0.2.1'], 'failed'],
  ]
  for (const [name, opens, tried, outcome] of ROWS) {
    test(name, async () => {
      const scene = stage({ opens })
      const [only] = await scene.carry({})
      assert.equal(only?.is, outcome)
      assert.deepEqual(
        scene.did.filter((line) => line.startsWith('open')).map((line) => line.split(' ')[1]),
        tried,
      )
    })
  }

  test('a server that was away is tried last for a minute', async () => {
    const scene = stage({ opens: [AWAY, [TAKEN], [TAKEN], [TAKEN]] })
    await scene.carry({})
    await scene.carry({})
    assert.deepEqual(scene.did.filter((line) => line.startsWith('open')).at(-1), 'open 192.0.2.2 opportunistic')
    scene.clock.advance(60_001)
    await scene.carry({})
    assert.deepEqual(scene.did.filter((line) => line.startsWith('open')).at(-1), 'open 192.0.2.1 opportunistic')
  })
})

test('servers that come to nothing have ten minutes together', async () => {
  const opened: (number | undefined)[] = []
  const slow = stage({
    openConversation: async ({ untilMs }) => {
      opened.push(untilMs)
      slow.clock.advance(300_000)
      return NO_GREETING
    },
  })
  const startMs = slow.clock.monotonicMs()
  const [only] = await slow.carry({})
  assert.equal(only?.is, 'deferred')
  // Each has thirty seconds to connect, and five minutes to be ready.
  assert.deepEqual(opened, [startMs + 330_000, startMs + 630_000])
})

test('tries of one server with less TLS share its five minutes', async () => {
  const until = new Set<number | undefined>()
  const tried: string[] = []
  const scene = stage({
    openConversation: async ({ untilMs, tls, server }) => {
      if (server !== SERVERS[0]) return AWAY
      until.add(untilMs)
      tried.push(tls.mode)
      scene.clock.advance(1000)
      return NO_TLS
    },
  })
  await scene.carry({})
  assert.deepEqual(tried, ['opportunistic', 'none'])
  assert.equal(until.size, 1)
})

test("wishes of TLS are asked about once each, and a domain's report tells of its policy alone (RFC 8689 §5)", async () => {
  const asked: (true | undefined)[] = []
  const scene = stage({
    opens: [[TAKEN], [TAKEN]],
    requirementFor: async (_way, _server, { tlsOptional }) => {
      asked.push(tlsOptional)
      return OPPORTUNISTIC
    },
  })
  await scene.carry({ tlsOptional: true })
  await scene.carry({ tlsOptional: true })
  assert.deepEqual(scene.tls, [])
  await scene.carry({})
  assert.deepEqual(scene.tls, ['ok'])
  assert.deepEqual(asked, [true, undefined])
})

describe('connections are kept', () => {
  test('the next message of the same way goes over the same connection', async () => {
    const scene = stage({ opens: [[TAKEN, TAKEN, TAKEN]] })
    await scene.carry({})
    await scene.carry({ recipient: 'carl@far.example' })
    assert.deepEqual(scene.did, [
      'open 192.0.2.1 opportunistic',
      'send 192.0.2.1 from anna@here.example to bob@far.example',
      'send 192.0.2.1 from anna@here.example to carl@far.example',
    ])
  })

  test('one that was in use while secrets changed is kept for nobody', async () => {
    const scene = stage({
      opens: [[TAKEN, TAKEN], [TAKEN]],
      requirementFor: async () => {
        scene.carrier.forget()
        return OPPORTUNISTIC
      },
    })
    await scene.carry({})
    await scene.carry({})
    assert.equal(scene.did.filter((line) => line.startsWith('open')).length, 2)
    assert.equal(scene.did[2], 'close 192.0.2.1')
  })

  test('one that was closed meanwhile costs nothing but another connection to the same server', async () => {
    const scene = stage({ opens: [[TAKEN, LOST], [TAKEN]] })
    await scene.carry({})
    const [second] = await scene.carry({})
    assert.equal(second?.is, 'delivered')
    assert.deepEqual(
      scene.did.filter((line) => line.startsWith('open')),
      ['open 192.0.2.1 opportunistic', 'open 192.0.2.1 opportunistic'],
    )
  })

  test('what differs in the source address or in TLS shares none', async () => {
    const yaml = 'delivery: { sourceAddresses: [{ domain: "other.example", address: 192.0.2.99 }] }'
    const scene = stage({ yaml, opens: [[TAKEN, TAKEN], [TAKEN]] })
    await scene.carry({})
    await scene.carry({ sender: 'x@other.example' })
    assert.equal(scene.did.filter((line) => line.startsWith('open')).length, 2)
  })
})

describe('TLS', () => {
  const ROWS: readonly (readonly [
    string,
    TlsRequirement,
    Scene['opens'] & object,
    readonly string[],
    readonly string[],
    string,
  ])[] = [
    ['comes about', OPPORTUNISTIC, [[TAKEN]], ['opportunistic'], ['ok'], 'delivered'],
    [
      'where anything is welcome, the clear is',
      OPPORTUNISTIC,
      [NO_TLS, [TAKEN]],
      ['opportunistic', 'none'],
      ['validation-failure'],
      'delivered',
    ],
    [
      'what must be encrypted waits',
      { ...OPPORTUNISTIC, mode: 'required' },
      [NO_TLS, NO_TLS, NO_TLS],
      ['required', 'required', 'required'],
      ['validation-failure', 'validation-failure', 'validation-failure'],
      'deferred',
    ],
    [
      'a policy in testing stops nothing, and is reported (RFC 8461 §5)',
      { mode: 'verified', by: 'mta-sts', names: ['mx1.far.example'], testing: true },
      [NO_TLS, [TAKEN]],
      ['verified', 'opportunistic'],
      ['validation-failure'],
      'delivered',
    ],
  ]
  for (const [name, requirement, opens, modes, told, outcome] of ROWS) {
    test(name, async () => {
      const scene = stage({ requirement, opens })
      const [only] = await scene.carry({})
      assert.equal(only?.is, outcome)
      assert.deepEqual(
        scene.did.filter((line) => line.startsWith('open')).map((line) => line.split(' ')[2]),
        modes,
      )
      assert.deepEqual(scene.tls, told)
    })
  }

  test('a password never follows into the clear', async () => {
    const way: Way = { ...WAY, servers: SERVERS.slice(0, 1), credentials: 'provider' }
    const scene = stage({
      way,
      opens: [NO_TLS, [TAKEN]],
      credentials: async () => ({ user: 'me', password: 'secret' }),
    })
    const [only] = await scene.carry({})
    assert.equal(only?.is, 'deferred')
    assert.deepEqual(scene.did, ['open 192.0.2.1 opportunistic as me'])
  })
})

describe('logins', () => {
  const relay: Way = { ...WAY, servers: SERVERS.slice(0, 1), credentials: 'provider' }

  const BY_POP: Way = {
    ...relay,
    loginBy: 'pop3',
    route: {
      via: 'relay',
      rule: 1,
      host: 'mx1.far.example',
      port: 25,
      implicitTls: false,
      login: { credentials: 'provider', by: 'pop3', popHost: 'mx1.far.example', popPort: 110 },
    },
  }

  test('credentials that are not there defer the mail and say how to put them there', async () => {
    const [only] = await stage({ way: relay }).carry({})
    assert.equal(only?.is, 'deferred')
    assert.match((only as Trouble).because, /postern credentials set provider/)
  })

  test('a POP3 login comes before the mail, and SMTP knows no password', async () => {
    const pops: string[] = []
    const scene = stage({
      way: BY_POP,
      credentials: async () => ({ user: 'me', password: 'secret' }),
      popLogin: async ({ server, login }) => {
        pops.push(`${login.user} at ${server.ip}:${server.port}`)
        return undefined
      },
    })
    const [only] = await scene.carry({})
    assert.equal(only?.is, 'delivered')
    assert.deepEqual(pops, ['me at 192.0.2.1:110'])
    assert.equal(scene.did[0], 'open 192.0.2.1 opportunistic')
  })

  test('a login that is no longer good is renewed, and sends no mail back (RFC 4954 §6)', async () => {
    const reply = { code: 530, status: '5.7.0', text: 'log in first' }
    const expired: Trouble = { is: 'failed', status: '5.7.0', because: '530', stage: 'mail', scope: 'message', reply }
    const login = { credentials: async () => ({ user: 'me', password: 'secret' }) }
    const scene = stage({ way: BY_POP, opens: [[TAKEN, expired, TAKEN], [TAKEN]], ...login })
    await scene.carry({})
    const [second] = await scene.carry({})
    assert.equal(second?.is, 'delivered')
    assert.deepEqual(
      scene.did.filter((line) => line.startsWith('open')),
      ['open 192.0.2.1 opportunistic', 'open 192.0.2.1 opportunistic'],
    )
    const [refused] = await stage({ way: relay, opens: [[expired]], ...login }).carry({})
    assert.equal(refused?.is, 'deferred')
    const [byMx] = await stage({ opens: [[expired]] }).carry({})
    assert.equal(byMx?.is, 'failed')
  })

  test('a POP3 login that fails is why the mail waits', async () => {
    const trouble: Trouble = {
      is: 'deferred',
      status: '4.7.0',
      because: 'POP3 said no',
      stage: 'login',
      scope: 'server',
    }
    const scene = stage({
      way: BY_POP,
      credentials: async () => ({ user: 'me', password: 'secret' }),
      popLogin: async () => trouble,
    })
    assert.deepEqual(await scene.carry({}), [trouble])
    assert.deepEqual(scene.did, [])
  })
})

describe('what is sent', () => {
  test('the message as it was received, byte for byte, in its pieces', async () => {
    const scene = stage({ content: ['Received: x\r\n', '\r\n.body\r\n'] })
    await scene.carry({ sizeBytes: 22 })
    assert.deepEqual(scene.sent, ['Received: x\r\n\r\n.body\r\n'])
  })

  test('a signature stands before it, and is sent again to the next server', async () => {
    const scene = stage({ opens: [[LOST], [TAKEN]], sign: async () => Buffer.from('DKIM-Signature: s\r\n') })
    await scene.carry({})
    assert.deepEqual(scene.sent, ['DKIM-Signature: s\r\nhello world', 'DKIM-Signature: s\r\nhello world'])
  })

  test('the rewritten reverse path of a forward', async () => {
    const scene = stage()
    await scene.carry({ returnPath: 'SRS0=x@here.example' })
    assert.match(scene.did[1] as string, /from SRS0=x@here\.example /)
  })

  test('recipients of one message share a transaction', async () => {
    const scene = stage()
    const outcomes = await scene.carry({}, { id: 2, recipient: 'carl@far.example' })
    assert.equal(outcomes.length, 2)
    assert.match(scene.did[1] as string, /to bob@far\.example,carl@far\.example$/)
  })

  test('a message that is gone is not tried', async () => {
    const scene = stage({ messages: { read: () => undefined } })
    const [only] = await scene.carry({})
    assert.equal(only?.is, 'deferred')
    assert.deepEqual(scene.did, [])
  })
})

describe('trouble of our own', () => {
  const fault = async () => {
    throw new Error('disk on fire')
  }
  const ROWS: readonly (readonly [string, Scene])[] = [
    ['a message that cannot be read', { messages: { read: fault } }],
    ['a key that cannot be opened', { sign: fault }],
    ['a directory that cannot be asked', { directory: { isLocalDomain: fault, resolve: fault } }],
  ]
  for (const [name, scene] of ROWS) {
    test(`${name}: the mail waits, and the error log says why`, async () => {
      const { carry, did } = stage(scene)
      const [only] = await carry({})
      assert.equal(only?.is, 'deferred')
      assert.match((only as Trouble).because, /disk on fire/)
      assert.match(did[0] as string, /^fault: /)
    })
  }
})

describe('the way', () => {
  test('trouble with it is the outcome', async () => {
    const trouble: Trouble = { is: 'failed', status: '5.1.10', because: 'null MX', stage: 'dns', scope: 'domain' }
    assert.deepEqual(await stage({ way: trouble }).carrier.plan(ENTRY), trouble)
  })

  test('equal for recipients that may share a transaction, and for no others', async () => {
    const { carrier } = stage()
    const way = async (more: Partial<QueueEntry>) => ((await carrier.plan({ ...ENTRY, ...more })) as Plan).way
    const plain = await way({})
    assert.equal(await way({ recipient: 'carl@far.example', notify: 'NEVER', orcpt: 'rfc822;x' }), plain)
    for (const other of [
      { returnPath: 'x@y' },
      { ret: 'HDRS' },
      { envid: 'e' },
      { smtputf8: true },
      { requireTls: true },
      { tlsOptional: true },
    ] as const) {
      assert.notEqual(await way(other), plain)
    }
  })
})

describe('mailboxes of our own', () => {
  const MAILBOX = { mailboxId: 5, user: 'bob@ours.example' }
  const ROWS: readonly (readonly [string, Resolution, object])[] = [
    [
      'a mailbox',
      { is: 'local', mailboxes: [MAILBOX, MAILBOX], external: [], steps: [] },
      { is: 'placed', mailboxIds: [5] },
    ],
    [
      'a forward elsewhere',
      { is: 'local', mailboxes: [], external: ['bob@far.example'], steps: [] },
      {
        is: 'placed',
        mailboxIds: [],
        forwards: [{ recipient: 'bob@far.example', notify: 'FAILURE', user: 'anna@here.example' }],
      },
    ],
    [
      'a mailbox that is full',
      { is: 'local', mailboxes: [MAILBOX], external: [], full: 'bob@ours.example', steps: [] },
      { is: 'deferred', status: '4.2.2' },
    ],
    ['nobody', { is: 'nobody', steps: [] }, { is: 'failed', status: '5.1.1' }],
    ['an account that is switched off', { is: 'disabled', steps: [] }, { is: 'failed', status: '5.2.1' }],
    ['a loop', { is: 'loop', by: 'a@ours.example', steps: [] }, { is: 'failed', status: '5.4.6' }],
  ]
  for (const [name, resolution, wanted] of ROWS) {
    test(name, async () => {
      const scene = stage({ directory: { isLocalDomain: () => true, resolve: () => resolution } })
      const [outcome] = await scene.carry({ notify: 'FAILURE', user: 'anna@here.example' })
      assert.deepEqual({ ...outcome, ...wanted }, outcome)
      assert.deepEqual(scene.did, [])
    })
  }
})
