/** For tests: a queue in memory, a carrier that follows a script, and a small world around the scheduler. */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { ManualClock } from '#base/clock.ts'
import { matchesPattern } from '#base/pattern.ts'
import { settingsOf } from '#settings/testing.ts'
import type {
  Delivery,
  NewMessage,
  PausedDomain,
  QueueEntry,
  QueueFilter,
  Settlement,
  SettlementReport,
} from '#store/contract.ts'
import type { Carrier, Consignment, Hop, Outcome, Plan, Progress, Report, Trouble } from './contract.ts'
import type { QueueEvents } from './events.ts'
import { createScheduler, type Scheduler, type SchedulerPorts } from './scheduler.ts'

/** Make an entry out of the few things that a test is about. */
export function entryOf(some: Partial<QueueEntry> & { readonly id: number }): QueueEntry {
  const recipient = some.recipient ?? `r${some.id}@${some.domain ?? 'a.example'}`
  return {
    messageId: some.id,
    decision: some.id,
    recipient,
    domain: recipient.slice(recipient.lastIndexOf('@') + 1),
    origin: some.user ?? some.ip ?? '',
    sender: 'sender@here.example',
    sizeBytes: 1000,
    createdAtMs: Date.UTC(2026, 0, 1),
    attempts: 0,
    ...some,
  }
}

/** The queue as the contract has it, in memory. */
export class MemoryQueue {
  readonly entries = new Map<number, QueueEntry>()
  readonly deliveries: Delivery[] = []
  readonly reports: NewMessage[] = []
  readonly placed: number[] = []
  pauses: PausedDomain[] = []
  /** Thrown by `settle`, while there is one. */
  settleFails: Error | undefined
  /** Calls of each kind: work that is done. */
  readonly calls: Record<string, number> = {}
  /** Numbers of entries that were settled, in order. */
  readonly settled: number[] = []

  add(...entries: readonly QueueEntry[]): void {
    for (const entry of entries) this.entries.set(entry.id, entry)
  }

  #called(name: string): void {
    this.calls[name] = (this.calls[name] ?? 0) + 1
  }

  #ready(): QueueEntry[] {
    return [...this.entries.values()]
      .filter(({ dueAtMs, held }) => dueAtMs === undefined && held !== true)
      .sort((a, b) => a.id - b.id)
  }

  find(_filter: QueueFilter, { limit }: { readonly limit: number }): readonly QueueEntry[] {
    this.#called('find')
    return [...this.entries.values()].sort((a, b) => b.id - a.id).slice(0, limit)
  }

  arrivals(afterId: number, limit: number): readonly QueueEntry[] {
    this.#called('arrivals')
    return this.#ready()
      .filter(({ id }) => id > afterId)
      .slice(0, limit)
  }

  readyDomains(after: string, limit: number): readonly string[] {
    this.#called('readyDomains')
    return [...new Set(this.#ready().map(({ domain }) => domain))]
      .filter((domain) => domain > after)
      .sort()
      .slice(0, limit)
  }

  ready(
    domain: string,
    turn: {
      readonly afterOrigin: string
      readonly perOrigin: number
      readonly limit: number
      readonly skip: ReadonlySet<number>
    },
  ): readonly QueueEntry[] {
    this.#called('ready')
    const byOrigin = new Map<string, QueueEntry[]>()
    for (const entry of this.#ready()) {
      if (entry.domain !== domain || turn.skip.has(entry.id)) continue
      byOrigin.set(entry.origin, [...(byOrigin.get(entry.origin) ?? []), entry].slice(0, turn.perOrigin))
    }
    const origins = [...byOrigin.keys()].sort()
    const round = [
      ...origins.filter((one) => one > turn.afterOrigin),
      ...origins.filter((one) => one <= turn.afterOrigin),
    ]
    return round.flatMap((origin) => byOrigin.get(origin) ?? []).slice(0, turn.limit)
  }

  nextDueMs(): number | undefined {
    this.#called('nextDueMs')
    const due = [...this.entries.values()].flatMap(({ dueAtMs, held }) =>
      dueAtMs === undefined || held ? [] : [dueAtMs],
    )
    return due.length === 0 ? undefined : Math.min(...due)
  }

  async wake(nowMs: number, limit: number) {
    this.#called('wake')
    const due = [...this.entries.values()]
      .filter(({ dueAtMs, held }) => dueAtMs !== undefined && dueAtMs <= nowMs && held !== true)
      .sort((a, b) => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0))
    for (const { dueAtMs, ...entry } of due.slice(0, limit)) this.entries.set(entry.id, entry)
    return { domains: [...new Set(due.slice(0, limit).map(({ domain }) => domain))], more: due.length > limit }
  }

  async settle(settlements: readonly Settlement[], reports: readonly SettlementReport[]): Promise<readonly number[]> {
    this.#called('settle')
    await turnOfTheLoop()
    if (this.settleFails !== undefined) throw this.settleFails
    const passedOver: number[] = []
    for (const { id, next, delivery } of settlements) {
      const entry = this.entries.get(id)
      if (entry === undefined) {
        passedOver.push(id)
        continue
      }
      this.settled.push(id)
      if (delivery) this.deliveries.push(delivery)
      if (next.is === 'placed') this.placed.push(...next.mailboxIds)
      if (next.is !== 'waiting') {
        this.entries.delete(id)
        continue
      }
      const { dueAtMs, attempts, warned, answers } = next
      this.entries.set(id, { ...entry, dueAtMs, attempts, answers, ...(warned && { warned }) })
    }
    for (const { message, about } of reports) {
      if (about.some((id) => !passedOver.includes(id))) this.reports.push(message)
    }
    return passedOver
  }

  paused(): readonly PausedDomain[] {
    this.#called('paused')
    return this.pauses
  }

  /** Hold or release what matches, as an administrator would. */
  hold(domain: string, held: boolean): void {
    for (const [id, { held: _, ...entry }] of this.entries) {
      if (matchesPattern(domain, entry.domain)) this.entries.set(id, held ? { ...entry, held } : entry)
    }
  }
}

export const HOP: Hop = { host: 'mx.a.example', ip: '192.0.2.1', port: 25 }

export const DELIVERED: Outcome = { is: 'delivered', hop: HOP, reply: { code: 250, text: 'ok' }, passedDsn: false }

/** Make a trouble of a reply, or of none. */
export function troubleOf(some: Partial<Trouble>): Trouble {
  return {
    is: 'deferred',
    status: '4.0.0',
    because: 'scripted',
    stage: 'rcpt',
    scope: 'recipient',
    ...(some.scope !== 'server' && some.scope !== 'domain' && { reply: { code: 450, text: 'later' }, hop: HOP }),
    ...some,
  }
}

/** What the script says of a transaction: outcomes, after how long; or that it never ends. */
export type Script = (
  consignment: Consignment,
  progress: Progress,
) => { readonly outcomes: readonly Outcome[]; readonly afterMs?: number } | 'never'

export interface World {
  readonly queue: MemoryQueue
  readonly clock: ManualClock
  readonly scheduler: Scheduler
  /** Consignments in the order in which they were carried. */
  readonly carried: Consignment[]
  readonly reports: Report[]
  readonly events: { readonly name: string; readonly what: unknown }[]
  readonly bounced: number[]
  /** The most deliveries at once, by domain and in all (`''`). */
  readonly most: Map<string, number>
  /** Entries that were carried while they were under way: there must be none. */
  readonly doubles: number[]
  /** Let everything happen that happens without time passing. */
  calm(): Promise<void>
  /** Let time pass, in steps, and everything happen in between. */
  pass(spanMs: number, stepMs?: number): Promise<void>
  /** Begin anew after a crash: what is in memory is lost, the queue stays. */
  crash(): void
}

/** Build a world: a queue, a clock that stands still, a scheduler with a carrier that follows the script. */
export function worldOf(
  script: Script,
  some: {
    readonly plan?: (entry: QueueEntry) => Plan | Trouble
    readonly yaml?: string
    readonly writeReport?: SchedulerPorts['writeReport']
  } = {},
): World {
  const clock = new ManualClock()
  const queue = new MemoryQueue()
  const settings = settingsOf(some.yaml ?? '')
  const world = {
    queue,
    clock,
    carried: [] as Consignment[],
    reports: [] as Report[],
    events: [] as World['events'],
    bounced: [] as number[],
    most: new Map<string, number>(),
    doubles: [] as number[],
  }
  let steps = 0
  let alive = {}

  function carrierOf(life: object): Carrier {
    const now = new Map<string, number>()
    const ids = new Set<number>()
    const count = (key: string, by: number) => {
      now.set(key, (now.get(key) ?? 0) + by)
      world.most.set(key, Math.max(world.most.get(key) ?? 0, now.get(key) ?? 0))
    }
    return {
      async plan({ domain }) {
        return { is: 'plan', site: `mx:${domain}`, way: `mx:${domain}` }
      },
      async carry(plan, consignment, progress) {
        steps++
        world.carried.push(consignment)
        const [{ domain }] = consignment.entries
        for (const { id } of consignment.entries) {
          if (ids.has(id)) world.doubles.push(id)
          ids.add(id)
        }
        if (!plan.local) for (const key of ['', domain]) count(key, 1)
        const said = script(consignment, progress)
        if (said === 'never') return new Promise(() => {})
        if (said.afterMs !== undefined) await new Promise<void>((resolve) => clock.after(said.afterMs ?? 0, resolve))
        else await turnOfTheLoop()
        steps++
        for (const { id } of consignment.entries) ids.delete(id)
        if (!plan.local) for (const key of ['', domain]) count(key, -1)
        return life === alive ? said.outcomes : new Promise(() => {})
      },
    }
  }

  function schedulerOf(): Scheduler {
    const life = {}
    alive = life
    const carrier = carrierOf(life)
    const events = new Proxy({} as QueueEvents, {
      get: (_, name) => (what: unknown) => void world.events.push({ name: String(name), what }),
    })
    const { plan, writeReport } = some
    // What a crashed one still says reaches nobody.
    const ownQueue = new Proxy(queue, {
      get: (target, name) => {
        const member = Reflect.get(target, name) as unknown
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => (life === alive ? Reflect.apply(member, target, args) : new Promise(() => {}))
      },
    })
    return createScheduler({
      queue: ownQueue,
      carrier: plan === undefined ? carrier : { ...carrier, plan: async (entry) => plan(entry) },
      writeReport: async (report) => {
        world.reports.push(report)
        return writeReport?.(report)
      },
      settings: () => settings,
      clock,
      random: () => 0.5,
      events,
      bounced: ({ id }) => void world.bounced.push(id),
    })
  }

  let scheduler = schedulerOf()
  const work = () => steps + Object.values(queue.calls).reduce((sum, calls) => sum + calls, 0)
  return {
    ...world,
    get scheduler() {
      return scheduler
    },
    async calm() {
      let before = -1
      for (let quiet = 0, rounds = 0; quiet < 8; rounds++) {
        if (rounds > 100_000) throw new Error('it never comes to rest')
        await turnOfTheLoop()
        quiet = work() === before ? quiet + 1 : 0
        before = work()
      }
    },
    async pass(spanMs, stepMs = 1000) {
      for (let passed = 0; passed < spanMs; passed += stepMs) {
        clock.advance(Math.min(stepMs, spanMs - passed))
        await this.calm()
      }
    },
    crash() {
      alive = {}
      void scheduler.stop(0)
      scheduler = schedulerOf()
    },
  }
}

/** Say the same of every recipient. */
export function all(outcome: Outcome): Script {
  return ({ entries }) => ({ outcomes: entries.map(() => outcome) })
}
