/** `try` and a live session agree: over the same facts and settings, stage by stage, the same answer by the same rule. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Resolution } from '#directory/contract.ts'
import type { AccountCounts, Destination, FactReaders, Membership, NameInDns, Tally } from '#gate/facts.ts'
import type { Action } from '#gate/rule.ts'
import { parseStory } from '#gate/story.ts'
import type { Subject } from '#gate/subject.ts'
import { defaults, readersOf } from '#gate/testing.ts'
import { destinationOf } from '#receive/commands/rcpt.ts'
import { type Client, World } from '#receive/testing.ts'
import { DECLARATIONS } from '#settings/declarations.ts'
import type { Settings } from '#settings/schema.ts'
import { type Hypothetical, type Trial, tryOut } from './try.ts'

// ---- arbitrary worlds -------------------------------------------------------------------------------------------------

const few = fc.integer({ min: 0, max: 4 })
/** Mostly out of the way, or every session would end at its first step. */
const limit = fc.oneof(
  { weight: 2, arbitrary: fc.constant('unlimited' as const) },
  { weight: 3, arbitrary: fc.integer({ min: 4, max: 9 }) },
  { weight: 1, arbitrary: few },
)
const tallies = (networks: readonly Tally[]) => fc.constant(networks)

const tally: fc.Arbitrary<readonly Tally[]> = fc.oneof(
  tallies([]),
  few.map((count) => [{ network: '127.0.0.1', count, times: 1 }]),
  fc.tuple(few, few).map(([count, wider]) => [
    { network: '2001:db8::/64', count, times: 1 },
    { network: '2001:db8::/56', count: count + wider * 3, times: 4 },
  ]),
)

const membership: fc.Arbitrary<Membership> = fc.oneof(
  fc.record({ group: fc.constantFrom(undefined, 'local-clients'), member: fc.constant(false) }),
  fc.record({ group: fc.constant('local-clients'), member: fc.constant(true) }),
  fc.record({ group: fc.constant('local-clients'), member: fc.constant(false), suspended: fc.constant('50 names') }),
)

const nameInDns: fc.Arbitrary<NameInDns> = fc.constantFrom(
  { is: 'found', what: 'mx.far.example' },
  { is: 'found', what: 'mx.far.example' },
  { is: 'found', what: 'mx.far.example' },
  { is: 'none' },
  { is: 'unknown', because: 'no answer in time' },
)

const counts: fc.Arbitrary<AccountCounts> = fc.record({
  messagesInHour: few,
  messagesInDay: few,
  recipientsInHour: few,
  recipientsInDay: few,
  newRecipientsInDay: few,
  bouncesInDay: few,
  returnedInDay: few,
})

/** Facts that stand still: what a count would be is what it is. */
const facts = fc.record({
  serviceGroup: fc.oneof(
    { weight: 9, arbitrary: fc.constant({ group: undefined, member: false }) },
    { weight: 1, arbitrary: membership },
  ),
  relayGroup: membership,
  trustGroup: membership,
  exemptGroup: membership,
  block: fc.oneof(
    { weight: 12, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.record({
        network: fc.constant('127.0.0.1'),
        reason: fc.constant('unknown-recipients'),
        evidence: fc.constant('11 of them'),
        endsInMs: fc.constantFrom(undefined, 60_000),
        ref: fc.constantFrom(undefined, '7K2M9QXA'),
      }),
    },
  ),
  serviceConnections: fc.oneof({ weight: 20, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(1001) }),
  clientConnections: tally,
  connectionsInMinute: tally,
  reverseName: nameInDns,
  senderDomain: nameInDns,
  senderOwner: fc.constantFrom(
    { is: 'elsewhere' } as const,
    { is: 'local', own: true } as const,
    { is: 'local', own: false } as const,
    { is: 'unknown', because: 'the disk is away' } as const,
  ),
  messagesInHour: tally,
  messageTaken: tally,
  sincePopLoginMs: fc.constantFrom(undefined, 60_000, 3_600_000),
  account: fc.oneof(
    { weight: 9, arbitrary: fc.record({ localDomainsOnly: fc.constantFrom(true, false, false) }) },
    { weight: 1, arbitrary: fc.constant({ localDomainsOnly: false, frozen: 'too many' }) },
  ),
  accountCounts: counts,
  accountMessageTaken: counts,
  accountNetworks: few,
  recipientKnown: fc.boolean(),
  trustSigns: fc.oneof(
    fc.constant(undefined),
    fc.record({
      heloNames: few,
      senderDomains: few,
      failedLoginNames: few,
      unknownRecipients: few,
      connectionsInDay: few,
      publicClientSeen: fc.boolean(),
    }),
  ),
  evidence: tally,
})

type Facts = typeof facts extends fc.Arbitrary<infer T> ? T : never

/** Each rule with one of the actions that it may have. */
const actions = fc.record(
  Object.fromEntries(
    Object.keys(defaults().rules).map((name) => {
      const accepts = DECLARATIONS.get(`rules.${name}.action`)?.accepts ?? ''
      const words = accepts.replace('one of ', '').split(', ') as readonly Action[]
      return [name, fc.record({ action: fc.constantFrom(...words) })]
    }),
  ),
) as unknown as fc.Arbitrary<Settings['rules']>

const settings = fc.record({
  relay: fc.record({
    mode: fc.constantFrom('controlled' as const, 'controlled' as const, 'open' as const),
    smtpAuth: fc.boolean(),
    groupAfterFailedLogin: fc.boolean(),
    popBeforeSmtp: fc.record({ enabled: fc.boolean(), minutes: fc.constantFrom(10, 120) }),
  }),
  sender: fc.record({
    requireDomainInDns: fc.boolean(),
    requirePtr: fc.constantFrom(true, false, false, false),
    localRequiresAuth: fc.boolean(),
    mustMatchLogin: fc.boolean(),
  }),
  limits: fc.record({
    messagesPerHour: limit,
    concurrentConnections: limit,
    connectionsPerMinute: limit,
    unknownRecipients: limit,
    deniedRelays: limit,
    failedCommands: limit,
    account: fc.record({
      messagesPerHour: limit,
      messagesPerDay: limit,
      recipientsPerHour: limit,
      recipientsPerDay: limit,
      newRecipientsPerDay: limit,
      networksPerDay: limit,
      bounceLeast: fc.integer({ min: 1, max: 3 }),
    }),
  }),
  session: fc.record({
    maxRecipients: fc.oneof(fc.constant('unlimited' as const), fc.integer({ min: 1, max: 3 })),
    maxHops: fc.constantFrom(1, 100, 'unlimited' as const),
    maxFailedCommands: fc.constantFrom(1, 10, 'unlimited' as const),
  }),
  trust: fc.record({
    suspension: fc.record({ enabled: fc.boolean(), heloNames: fc.constant(2), senderDomains: fc.constant(2) }),
  }),
  // One in two keeps the actions as they come.
  rules: fc.oneof(fc.constant({}), actions),
})

const envelope = fc.record(
  {
    service: fc.constantFrom('smtp' as const, 'smtp' as const, 'submission' as const),
    // From this machine a login needs no TLS, which would only slow the test.
    ip: fc.constant('127.0.0.1'),
    tls: fc.constant(false),
    helo: fc.constant('mx.far.example'),
    user: fc.constant('user1@here.example'),
    sender: fc.constantFrom('', 'x@far.example', 'user1@here.example'),
    recipients: fc.array(
      fc.constantFrom(
        'user1@here.example',
        'user2@here.example',
        'nobody@here.example',
        'disabled@here.example',
        'full@here.example',
        'loop@here.example',
        'team@here.example',
        'x@far.example',
        'y@far.example',
      ),
      { minLength: 1, maxLength: 4 },
    ),
    message: fc.record({ sizeBytes: fc.constant(0), hops: fc.integer({ min: 0, max: 3 }) }),
  },
  { requiredKeys: ['service', 'ip', 'tls', 'helo', 'sender', 'recipients', 'message'] },
)

const asked = fc.oneof(
  { weight: 3, arbitrary: envelope },
  { weight: 1, arbitrary: envelope.map((asked) => ({ ...asked, failedLogin: 'user1' })) },
)

function resolve(address: string): Resolution {
  const [local = '', domain = ''] = address.split('@')
  const steps: Resolution['steps'] = []
  if (domain !== 'here.example') return { is: 'external', domain, steps }
  const mailboxes = [{ mailboxId: 1, user: 'user1@here.example' }]
  switch (local) {
    case 'nobody':
    case 'disabled':
      return { is: local, steps }
    case 'loop':
      return { is: 'loop', by: address, steps }
    case 'full':
      return { is: 'local', mailboxes, external: [], full: address, steps }
    default:
      return { is: 'local', mailboxes, external: local === 'team' ? ['t@far.example'] : [], steps }
  }
}

function readersFrom({ evidence, ...still }: Facts): FactReaders<Subject> {
  const answers = Object.fromEntries(Object.entries(still).map(([name, answer]) => [name, () => answer]))
  return readersOf({
    ...answers,
    // Without a login there is no account to ask about.
    account: ({ user }) => (user === undefined ? undefined : still.account),
    accountCounts: ({ user }) => (user === undefined ? undefined : still.accountCounts),
    accountMessageTaken: ({ user }) => (user === undefined ? undefined : still.accountMessageTaken),
    accountNetworks: ({ user }) => (user === undefined ? undefined : still.accountNetworks),
    recipientKnown: ({ user }) => user === undefined || still.recipientKnown,
    trustSigns: ({ user }) => (user === undefined ? still.trustSigns : undefined),
    destination: ({ recipient = '' }): Destination => destinationOf(resolve(recipient)),
    evidence: () => evidence,
  })
}

// ---- the live session -------------------------------------------------------------------------------------------------

function bare(reply: string | undefined): string {
  return (reply ?? '(closed)').replace(/ \[ref \w+\]$/, '').replace(/^(250 2\.0\.0 Ok): kept as .*$/, '$1')
}

const plain = (name: string, password: string) => Buffer.from(`\0${name}\0${password}`).toString('base64')

/** Hold the session that was asked about, up to the first answer that ends it. */
async function converse(client: Client, asked: Hypothetical): Promise<readonly string[]> {
  const answers: string[] = []
  /** Say a line; gives whether the session goes on as it should. Only answers of note are kept, as `try` keeps them. */
  async function say(line: string | undefined, good: RegExp, isOfNote = false): Promise<boolean> {
    if (line !== undefined) client.send(`${line}\r\n`)
    const reply = bare(await client.reply())
    if (isOfNote || !good.test(reply)) answers.push(reply)
    return good.test(reply)
  }
  if (!(await say(undefined, /^220/))) return answers
  if (!(await say(`EHLO ${asked.helo}`, /^250/))) return answers
  if (asked.failedLogin !== undefined) {
    // 535 is what every failed login is told; anything else is a rule's.
    if (!(await say(`AUTH PLAIN ${plain(asked.failedLogin, 'wrong')}`, /^535/, true))) return answers
  }
  if (asked.user !== undefined && !(await say(`AUTH PLAIN ${plain('user1', 'secret')}`, /^235/))) return answers
  if (!(await say(`MAIL FROM:<${asked.sender}> SIZE=${asked.message?.sizeBytes}`, /^250/, true))) return answers
  let taken = 0
  for (const recipient of asked.recipients) {
    if (await say(`RCPT TO:<${recipient}>`, /^250/, true)) taken += 1
    else if (answers.at(-1)?.startsWith('421') || client.isClosed) return answers
  }
  if (taken === 0 || asked.message === undefined) return answers
  client.send('DATA\r\n')
  if (!(await client.reply())?.startsWith('354')) return answers
  const received = 'Received: from a by b; Tue, 24 Nov 2026 08:30:00 +0000\r\n'
  await say(`${received.repeat(asked.message.hops)}\r\n.`, /^250/, true)
  return answers
}

/** What `try` says that the client would have been told, as far as a session shows it. */
function told({ stages }: Trial): readonly string[] {
  return stages.filter(({ reply }) => reply !== undefined).map(({ reply }) => bare(reply))
}

test('a live session is answered as try said, by the same rules', async () => {
  let refused = 0
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(settings, facts, asked, async (changed, facts, asked) => {
      const readers = readersFrom(facts)
      const world = new World({
        settings: { ...changed, session: { ...changed.session, greetingDelay: 0, tarpit: 0 } },
        facts: readers,
        directory: { resolve },
      })
      const trial = await tryOut(asked, readers, world.settings)
      const client = world.connect({ service: asked.service }, { ip: asked.ip })
      const answers = await converse(client, asked)
      client.send('QUIT\r\n')
      const expected = told(trial)
      assert.deepEqual(answers, expected)
      await world.receiver.stop()

      // A refusal repeated has one record, so each rule counts once.
      const byRule = (rules: readonly (string | undefined)[]) => [...new Set(rules)].sort()
      const tried = trial.stages.flatMap(({ verdict }) =>
        verdict.is === 'refuse' || verdict.is === 'defer' ? (verdict.ref === undefined ? [verdict.rule] : []) : [],
      )
      const recorded = world.records
        .filter(({ outcome }) => outcome === 'refused' || outcome === 'deferred')
        .map(({ story }) => parseStory(story).rule)
      assert.deepEqual(byRule(recorded), byRule(tried))
      if (tried.length > 0) refused += 1
      if (trial.outcome === 'accepted' || trial.outcome === 'partly') accepted += 1
    }),
    { numRuns: 300 },
  )
  assert.ok(refused > 30 && accepted > 20, `${refused} refused and ${accepted} accepted prove little`)
})
