/** What one decision of the gate takes, in the process itself: with few addresses remembered and small groups, and with many. */
import type { FactReaders } from '../../src/gate/facts.ts'
import { judge } from '../../src/gate/judge.ts'
import type { Stage, Subject } from '../../src/gate/subject.ts'
import { defaults } from '../../src/gate/testing.ts'
import { HOUR_MS, MINUTE_MS } from '../../src/ledger/contract.ts'
import { type MemoryLedger, openLedger } from '../../src/ledger/memory/open.ts'
import { openOpenConnections } from '../../src/ledger/memory/open-connections.ts'
import { reserveLedger } from '../../src/ledger/memory/table.ts'
import { compileGroups } from '../../src/settings/ip-groups.ts'
import type { Settings } from '../../src/settings/schema.ts'
import { createFacts } from '../../src/threads/facts.ts'
import type { Figure, Options, Outcome } from '../scenario.ts'
import { median, spread } from '../statistics.ts'

const DOMAIN = 'example.test'
/** What the memory is made for: as much as `bytes an address` may be. */
const BYTES_EACH = 160
const BAR_BYTES = 200
const BAR_MICROSECONDS = 20
/** Noise of one run against another, on a machine that does other work as well. */
const BAR_GROWTH = 1.5

interface World {
  readonly addresses: number
  readonly networks: number
}

const SMALL: World = { addresses: 1_000, networks: 100 }
const LARGE: World = { addresses: 1_000_000, networks: 100_000 }

/** The stages of a session that brings one message to one recipient. */
const STAGES: readonly (readonly [Stage, Partial<Subject>])[] = [
  ['connect', {}],
  ['hello', { helo: 'client.example' }],
  ['sender', { helo: 'client.example', sender: 'bob@client.example' }],
  [
    'recipient',
    { helo: 'client.example', sender: 'bob@client.example', recipient: `anna@${DOMAIN}`, recipientCount: 0 },
  ],
  ['message', { helo: 'client.example', sender: 'bob@client.example', recipientCount: 1, messageBytes: 5000, hops: 1 }],
]

/** Run the scenario: both worlds in turns, so that a slow minute hits both. */
export async function policy(options: Options): Promise<Outcome> {
  const large = options.quick ? { addresses: 20_000, networks: 2_000 } : LARGE
  const sessions = options.quick ? 1_000 : 20_000
  const worlds = [SMALL, large].map((world) => ({ world, ...create(world), values: [] as number[] }))
  for (let round = 0; round <= options.repetitions; round += 1) {
    for (const { world, facts, settings, values } of worlds) {
      const each = await measure(facts, settings, world.addresses, sessions)
      options.say(`  policy ${round}: ${each.toFixed(2)} µs a decision, ${nameOf(world)}`)
      // The first round compiles the code.
      if (round > 0) values.push(each)
    }
  }
  const figures: Figure[] = worlds.map(({ world, values }) => ({
    who: 'Postern',
    what: `µs a decision, ${nameOf(world)}`,
    values,
    median: median(values),
    spread: spread(values),
  }))
  const [few, many] = figures.map((figure) => figure.median)
  const { bytes, letGo } = (worlds[1] as (typeof worlds)[number]).ledger.state()
  const each = bytes / large.addresses
  const growth = (many ?? Number.NaN) / (few ?? Number.NaN)
  return {
    scenario: 'policy',
    figures: [...figures, { who: 'Postern', what: 'bytes an address', values: [each], median: each, spread: 0 }],
    bars: [
      bar(`policy: µs a decision, ${nameOf(large)}`, BAR_MICROSECONDS, many ?? Number.NaN),
      bar('policy: bytes an address', BAR_BYTES, each),
      bar(`policy: growth from ${nameOf(SMALL)}`, BAR_GROWTH, growth),
    ],
    notes: [
      `A decision is one stage of a session with all its rules; a session of one message has ${STAGES.length}. DNS is left out: its answers are at hand.`,
      `Of the counts of ${large.addresses} addresses, two each, ${letGo} were let go for want of room.`,
    ],
  }
}

function nameOf({ addresses, networks }: World): string {
  return `${addresses.toLocaleString('en')} addresses, groups of ${networks.toLocaleString('en')}`
}

function bar(what: string, most: number, reached: number): Outcome['bars'][number] {
  return { what, wanted: `<= ${most}`, reached, met: reached <= most }
}

function addressOf(at: number): string {
  return `100.${64 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`
}

/** Make a world whose addresses all came within the last minute, and brought a message each. */
function create({ addresses, networks }: World): {
  readonly facts: FactReaders<Subject>
  readonly settings: Settings
  readonly ledger: MemoryLedger
} {
  const group = Array.from({ length: networks }, (_, at) => ({
    address: `11.${at >> 16}.${(at >> 8) & 255}.${at & 255}`,
    enabled: true,
  }))
  const settings = defaults({ ipGroups: { 'local-clients': group } })
  const groups = compileGroups(settings.ipGroups, [])
  const shared = reserveLedger({ bytes: addresses * BYTES_EACH, secret: new Uint8Array(32) })
  const connections = openOpenConnections(shared, 0)
  const nowMs = Date.now()
  // A clock that stands: the addresses are to be remembered for as long as it is measured.
  const ledger = openLedger(shared, { threadIndex: 0, nowMs: () => nowMs })
  for (let at = 0; at < addresses; at += 1) {
    const by = addressOf(at)
    ledger.ask([
      { of: 'connections', by, withinMs: MINUTE_MS, add: 1 },
      { of: 'messages', by, withinMs: HOUR_MS, add: 1 },
    ])
  }
  const facts = createFacts({
    settings: () => settings,
    inGroup: groups.has,
    directory: {
      resolve: () => ({ is: 'local', mailboxes: [], external: [], steps: [] }),
      isLocalDomain: (domain) => domain === DOMAIN,
      ownsAddress: () => false,
    },
    store: { directory: { owner: () => undefined }, contacts: { knows: () => false } },
    ledger,
    openConnections: connections,
    connections: () => 5,
    popLogins: { sinceMs: () => undefined },
    dns: {
      mx: async (name) => ({ is: 'found', exchanges: [{ host: `mx.${name}`, preference: 10 }] }),
      addresses: async () => ({ is: 'none', why: 'no data' }),
      ptr: async (ip) => ({ is: 'found', names: [`host-${ip}.example`] }),
    },
    blocks: { standing: () => undefined, endsInMs: () => undefined, neverBlocked: () => false },
    suspensions: { of: () => undefined },
    nowMs: () => nowMs,
  })
  return { facts, settings, ledger }
}

/** Judge sessions of addresses from all over; gives the microseconds of one decision. */
async function measure(
  facts: FactReaders<Subject>,
  settings: Settings,
  addresses: number,
  sessions: number,
): Promise<number> {
  const startMs = performance.now()
  for (let session = 0; session < sessions; session += 1) {
    // A step that no number of addresses divides: each is asked in its turn, none beside the last.
    const ip = addressOf((session * 7919 * 31) % addresses)
    for (const [stage, more] of STAGES) {
      const subject: Subject = { service: 'smtp', ip, tls: false, loginFailed: false, failedCommands: 0, ...more }
      const { verdict } = await judge(stage, subject, facts, settings)
      if (verdict.is !== 'accept') throw new Error(`Cannot measure: ${stage} gave ${JSON.stringify(verdict)}`)
    }
  }
  return ((performance.now() - startMs) * 1000) / sessions / STAGES.length
}
