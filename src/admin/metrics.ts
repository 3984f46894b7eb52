import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { isTemporary } from '#base/fault.ts'
import { SCHEMA, type ServiceName } from '#settings/schema.ts'
import type { Awaitable } from '#store/contract.ts'
import type { AdminParts, BlockKeeper } from './parts.ts'

/** What the metrics are read from, each time they are asked for. */
export interface MetricsParts extends Pick<AdminParts, 'version' | 'ledger' | 'clock'> {
  readonly ready: () => boolean
  readonly settings: Pick<AdminParts['settings'], 'current'>
  readonly blocks: Pick<BlockKeeper, 'blocks' | 'suspensions'>
  /** Connections open now, in all threads. */
  readonly connections: (service: ServiceName) => number
  readonly queue: Pick<AdminParts['store']['queue'], 'count' | 'measure'>
  readonly delivery: Pick<AdminParts['delivery'], 'counts'>
}

export interface Metrics {
  /** Write all of them in the Prometheus text format, version 0.0.4. */
  text(): Promise<string>
}

/** How often the delay of the event loop is looked at, in milliseconds: seldom, so that an idle server sleeps. */
const LOOP_EVERY_MS = 100

/** Held entries are counted by going through all that wait, which may be a million. */
const HELD_EVERY_MS = 60_000

/** Create the metrics of this process; create them once, since they begin to watch it. */
export function createMetrics(parts: MetricsParts): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_EVERY_MS })
  addServer(registry, parts)
  addLedger(registry, parts)
  addBlocks(registry, parts)
  addQueue(registry, parts)

  let underWay: Promise<string> | undefined
  return {
    // Whoever asks while it is being written gets the same: many scrapers cost what one does.
    text() {
      underWay ??= registry.metrics().finally(() => {
        underWay = undefined
      })
      return underWay
    },
  }
}

function addServer(registry: Registry, { version, ready, settings, connections }: MetricsParts): void {
  const registers = [registry]
  new Gauge({ name: 'postern_info', help: 'The version that runs; always 1.', labelNames: ['version'], registers }).set(
    { version },
    1,
  )
  gauge(registry, 'postern_ready', 'Whether all services are up: 1 or 0.', () => (ready() ? 1 : 0))
  gauge(
    registry,
    'postern_settings_version',
    'The version of the settings in effect.',
    () => settings.current().version,
  )
  gauge(registry, 'postern_open_relay', 'Whether relay.mode is open, so that anyone may relay: 1 or 0.', () =>
    settings.current().settings.relay.mode === 'open' ? 1 : 0,
  )
  new Gauge({
    name: 'postern_connections',
    help: 'Connections open now, by service.',
    labelNames: ['service'],
    registers,
    collect() {
      for (const service of Object.keys(SCHEMA.services) as ServiceName[]) this.set({ service }, connections(service))
    },
  })
}

function addLedger(registry: Registry, { ledger }: MetricsParts): void {
  gauge(
    registry,
    'postern_ledger_bytes',
    'Memory of the counts behind the limits (ledger.memory).',
    () => ledger().bytes,
  )
  gauge(registry, 'postern_ledger_cells', 'Counts that stand now.', () => ledger().cells)
  gauge(registry, 'postern_ledger_room', 'Counts there is room for.', () => ledger().room)
  new Counter({
    name: 'postern_ledger_let_go_total',
    help: 'Counts let go before their time since the start, because the memory was full: raise ledger.memory.',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(ledger().letGo)
    },
  })
}

function addBlocks(registry: Registry, { blocks: keeper }: MetricsParts): void {
  new Gauge({
    name: 'postern_blocks',
    help: 'Networks that are blocked now, by reason.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset()
      const counts = new Map<string, number>()
      for (const { reason } of keeper.blocks()) counts.set(reason, (counts.get(reason) ?? 0) + 1)
      for (const [reason, count] of counts) this.set({ reason }, count)
    },
  })
  gauge(
    registry,
    'postern_trust_suspended',
    'Trusted addresses whose trust is suspended.',
    () => keeper.suspensions().length,
  )
}

function addQueue(registry: Registry, { queue, delivery, clock }: MetricsParts): void {
  const heldEntries = everySoOften(clock, HELD_EVERY_MS, async () => (await queue.measure({ held: true })).entries)
  gauge(registry, 'postern_queue_entries', 'Recipients elsewhere that mail waits for, held ones included.', () =>
    queue.count(),
  )
  gauge(registry, 'postern_queue_held', 'Recipients whose mail is held, as of the last minute.', heldEntries)
  new Counter({
    name: 'postern_deliveries_total',
    help: 'Tries since the start, a recipient each, by what they came to: deferred ones are tried again.',
    labelNames: ['outcome'],
    registers: [registry],
    async collect() {
      this.reset()
      const counts = await ifAnswered(delivery.counts)
      if (counts === undefined) return
      for (const outcome of ['delivered', 'deferred', 'failed', 'expired'] as const) {
        this.inc({ outcome }, counts[outcome])
      }
    },
  })
  gauge(registry, 'postern_deliveries_running', 'Deliveries that go on now.', async () => {
    return (await delivery.counts()).underWay
  })
  gauge(
    registry,
    'postern_domains_down',
    'Recipient domains that nothing is tried for now, after trouble.',
    async () => {
      return (await delivery.counts()).domainsDown
    },
  )
}

/** Read a number that costs something no more often than this. */
function everySoOften(
  clock: MetricsParts['clock'],
  everyMs: number,
  read: () => Promise<number>,
): () => Promise<number> {
  let readAtMs = Number.NEGATIVE_INFINITY
  let last = 0
  return async () => {
    const nowMs = clock.nowMs()
    if (nowMs - readAtMs >= everyMs) {
      last = await read()
      readAtMs = nowMs
    }
    return last
  }
}

/** Read what cannot be asked for at times, such as while a thread is started again: undefined then, and all else is still told. */
async function ifAnswered<T>(read: () => Awaitable<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (isTemporary(error)) return undefined
    throw error
  }
}

/** Add a number that is read when it is asked for; there is none while it cannot be. */
function gauge(registry: Registry, name: string, help: string, read: () => Awaitable<number>): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const now = await ifAnswered(read)
      if (now === undefined) this.remove()
      else this.set(now)
    },
  })
}
