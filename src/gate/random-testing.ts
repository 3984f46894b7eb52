/** Random settings, facts and sessions for the properties of the gate. */
import fc from 'fast-check'
import { DECLARATIONS } from '#settings/declarations.ts'
import type { Settings } from '#settings/schema.ts'
import { buildSettings } from '#settings/snapshot.ts'
import { EVIDENCE } from './evidence.ts'
import type { FactReaders, FactTable, Tally } from './facts.ts'
import type { Subject } from './subject.ts'
import { six, USER } from './table-testing.ts'
import { readersOf } from './testing.ts'

const TRIED = ['unlimited', 0, 1, 2, 3, true, false, 'refuse', 'defer', 'observe', 'freeze', 'discard', 'open'] as const

/** For each setting that rules may read, the values it takes: few and small, so that the limits are met. */
const VALUES = [...DECLARATIONS]
  .filter(([path]) => /^(relay|trust|limits|session|sender|rules)\.|^services\.\w+\.maxConnections$/.test(path))
  .map(([path, kind]) => {
    const parsed = TRIED.map((value) => kind.parse(value)).flatMap((result) => (result.ok ? [result.value] : []))
    return [path, [kind.default, ...parsed]] as const
  })

/** Settings in any combination of those values. */
export const settings: fc.Arbitrary<Settings> = fc
  .tuple(...VALUES.map(([path, values]) => fc.constantFrom(...values).map((value) => [path, value] as const)))
  .map((changes) => buildSettings(new Map(changes)))

const few = fc.integer({ min: 0, max: 4 })

const tallies: fc.Arbitrary<readonly Tally[]> = fc.oneof(
  few.map((count) => [{ network: '198.51.100.7', count, times: 1 }]),
  fc.tuple(few, few, few).map(([by64, by56, by48]) => six(by64, by64 + by56 * 3, by64 + by56 * 3 + by48 * 10)),
)

const membership = fc.constantFrom(
  { group: undefined, member: false },
  { group: 'office', member: false },
  { group: 'office', member: false, suspended: '31 HELO names' },
  { group: 'office', member: true },
)

/** What could not be found out. */
export const unknown = { is: 'unknown', because: 'no answer' } as const
const nameInDns = fc.constantFrom({ is: 'found', what: 'x' } as const, { is: 'none' } as const, unknown)
const counts = fc.record({
  messagesInHour: few,
  messagesInDay: few,
  recipientsInHour: few,
  recipientsInDay: few,
  newRecipientsInDay: few,
  bouncesInDay: few,
  returnedInDay: few,
})

/** Facts of any kind, and the counts that go with any evidence. */
export const facts: fc.Arbitrary<FactTable & { readonly evidence: readonly Tally[] }> = fc.record({
  serviceGroup: membership,
  relayGroup: membership,
  trustGroup: membership,
  exemptGroup: membership,
  neverBlocked: fc.boolean(),
  // Seldom, since nothing else is judged then.
  block: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.record({
        network: fc.constant('198.51.100.7'),
        reason: fc.constantFrom('by-hand', 'gone', ...Object.values(EVIDENCE).map((row) => row.reason)),
        evidence: fc.constant('11 of them'),
      }),
    },
  ),
  serviceConnections: few,
  clientConnections: tallies,
  connectionsInMinute: tallies,
  reverseName: nameInDns,
  senderDomain: nameInDns,
  senderOwner: fc.constantFrom(
    { is: 'elsewhere' } as const,
    { is: 'local', own: true } as const,
    { is: 'local', own: false } as const,
    unknown,
  ),
  messagesInHour: tallies,
  messageTaken: tallies,
  destination: fc.constantFrom(
    { is: 'external', domain: 'far.example' } as const,
    { is: 'local', full: false } as const,
    { is: 'local', full: true } as const,
    { is: 'nobody' } as const,
    { is: 'disabled' } as const,
    { is: 'loop', by: 'a@b' } as const,
    unknown,
  ),
  sincePopLoginMs: fc.constantFrom(undefined, 0, 59_999, 60_000, 60_001, 1e9),
  account: fc.constantFrom(undefined, { localDomainsOnly: false }, { localDomainsOnly: true, frozen: 'by hand' }),
  accountCounts: fc.option(counts, { nil: undefined }),
  accountMessageTaken: fc.option(counts, { nil: undefined }),
  accountNetworks: fc.option(few, { nil: undefined }),
  recipientKnown: fc.boolean(),
  trustSigns: fc.option(
    fc.record({
      heloNames: few,
      senderDomains: few,
      failedLoginNames: few,
      unknownRecipients: few,
      connectionsInDay: few,
      publicClientSeen: fc.boolean(),
    }),
    { nil: undefined },
  ),
  evidence: tallies,
})

/** Subjects at any stage of a session of any service. */
export const subject: fc.Arbitrary<Subject> = fc
  .record({
    service: fc.constantFrom('smtp', 'smtp', 'submission', 'submissions', 'pop3', 'pop3s', 'admin'),
    user: fc.constantFrom(undefined, USER),
    loginFailed: fc.boolean(),
    denied: fc.boolean(),
    failedCommands: few,
    talkedEarly: fc.boolean(),
    sender: fc.constantFrom(undefined, '', USER, 'x@far.example'),
    declaredBytes: fc.constantFrom(undefined, 1, 1e12),
    recipientCount: few,
    newRecipientCount: few,
    abandoned: fc.array(fc.constant('a@here.example'), { maxLength: 2 }),
    messageBytes: fc.constantFrom(1, 1e12),
    hops: few,
  })
  .map(({ user, denied, sender, declaredBytes, ...rest }) => ({
    ...rest,
    ip: '198.51.100.7',
    tls: false,
    recipient: 'r@far.example',
    ...(user === undefined ? {} : { user }),
    ...(denied ? { deniedLogin: { name: 'u', why: 'wrong password' } } : {}),
    ...(sender === undefined ? {} : { sender }),
    ...(declaredBytes === undefined ? {} : { declaredBytes }),
  }))

export type AllFacts = typeof facts extends fc.Arbitrary<infer T> ? T : never

/** Give readers of facts that stand still; those in `broken` fail, at once or after a while. */
export function readersFrom(
  facts: AllFacts,
  broken: ReadonlySet<string> = new Set(),
  late = false,
): FactReaders<Subject> {
  const entries = Object.entries(facts).map(([name, answer]) => {
    const read = () => {
      if (broken.has(name)) throw new Error(`no ${name}`)
      return answer
    }
    return [name, late ? async () => read() : read]
  })
  return readersOf(Object.fromEntries(entries) as Partial<FactReaders<Subject>>)
}
