/** What the tests of the facts share: a ledger that counts exactly, a small directory, and sources that answer for a stranger. */
import type { Suspension } from '#base/block.ts'
import { ManualClock } from '#base/clock.ts'
import { NetworkSet, parseRange } from '#base/network-set.ts'
import { defaults } from '#gate/testing.ts'
import type { Ledger, Question } from '#ledger/contract.ts'
import type { UserRow } from '#store/contract.ts'
import type { FactSources } from '../facts.ts'

/** Create a ledger that keeps every event, for tests only: what each count must be is then plain. */
export function createExactLedger(clock: ManualClock): Pick<Ledger, 'ask'> & { readonly asked: Question[] } {
  const events = new Map<string, { readonly atMs: number; readonly text: string | undefined }[]>()
  const asked: Question[] = []

  function answer({ of, by, withinMs, add = 0, distinct, most = Number.POSITIVE_INFINITY }: Question): number {
    const key = `${of} ${by} ${withinMs}`
    const nowMs = clock.nowMs()
    const kept = (events.get(key) ?? []).filter(({ atMs }) => atMs > nowMs - withinMs)
    events.set(key, kept)
    const isOld = distinct !== undefined && kept.some(({ text }) => text === distinct)
    const next = kept.length + (isOld ? 0 : add)
    if (next <= most) while (kept.length < next) kept.push({ atMs: nowMs, text: distinct })
    return next
  }

  return {
    asked,
    ask(questions) {
      asked.push(...questions)
      return questions.map(answer)
    },
  }
}

/** Give a ledger that answers as this one would and counts nothing: each question is asked without its `add`, and added to. */
export function lookingOnly(ledger: Pick<Ledger, 'ask'>): Pick<Ledger, 'ask'> {
  return {
    async ask(questions) {
      const looks = questions.map(({ of, by, withinMs }) => ({ of, by, withinMs }))
      const counts = await ledger.ask(looks)
      return counts.map((count, index) => count + (questions[index]?.add ?? 0))
    },
  }
}

export const ANNA: UserRow = {
  id: 7,
  address: 'anna@here.example',
  name: 'Anna',
  disabled: false,
  mailboxId: 7,
  localDomainsOnly: false,
  addresses: ['sales@here.example'],
}

/** What a test changes: whom the directory and the contacts know, whose trust is suspended, and the sources themselves. */
export interface World {
  readonly sources: FactSources
  readonly clock: ManualClock
  readonly ledger: ReturnType<typeof createExactLedger>
  readonly users: Map<string, UserRow>
  readonly contacts: Set<string>
  readonly suspended: Map<string, Suspension>
}

/** Give sources over `here.example` with the user anna; 10.0.0.0/8 and 203.0.113.9 are in the group `local-clients`. */
export function createWorld(changed: Parameters<typeof defaults>[0] = {}, more: Partial<FactSources> = {}): World {
  const clock = new ManualClock()
  const ledger = createExactLedger(clock)
  const users = new Map([[ANNA.address, ANNA]])
  const contacts = new Set<string>()
  const suspended = new Map<string, Suspension>()
  const settings = defaults(changed)
  const trusted = new NetworkSet(
    ['10.0.0.0/8', '203.0.113.9'].flatMap((text) => {
      const parsed = parseRange(text)
      return 'range' in parsed ? [parsed.range] : []
    }),
  )
  const sources: FactSources = {
    settings: () => settings,
    inGroup: (group, ip) => group === 'local-clients' && trusted.has(ip),
    directory: {
      resolve: (address) =>
        address.endsWith('@here.example')
          ? { is: 'nobody', steps: [] }
          : { is: 'external', domain: address.slice(address.lastIndexOf('@') + 1), steps: [] },
      isLocalDomain: (domain) => domain === 'here.example',
      ownsAddress: (user, address) => address === user.address || user.addresses.includes(address),
    },
    store: {
      directory: {
        owner: (address) => {
          const user = users.get(address)
          return user === undefined ? undefined : { is: 'user', user }
        },
      },
      contacts: { knows: (userId, recipient) => contacts.has(`${userId} ${recipient}`) },
    },
    ledger,
    openConnections: { look: (by) => by.map(() => 3) },
    connections: () => 5,
    popLogins: { sinceMs: (ip) => (ip === '198.51.100.7' ? 60_000 : undefined) },
    dns: {
      mx: async (name) => ({ is: 'found', exchanges: [{ host: `mx.${name}`, preference: 10 }] }),
      addresses: async () => ({ is: 'none', why: 'no data' }),
      ptr: async (ip) => ({ is: 'found', names: [`host-${ip}.example`] }),
    },
    blocks: { standing: () => undefined, endsInMs: () => undefined, neverBlocked: () => false },
    suspensions: { of: (ip) => suspended.get(ip) },
    nowMs: () => clock.nowMs(),
    ...more,
  }
  return { sources, clock, ledger, users, contacts, suspended }
}
