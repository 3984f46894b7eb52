import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import { defaultSettings } from '#settings/snapshot.ts'
import { createMetrics, type MetricsParts } from './metrics.ts'

let letGo = 0
let reasons = ['failed-logins', 'by-hand', 'failed-logins']
let ready = true
let mode: 'open' | 'controlled' = 'controlled'
let asked = 0
let delivered = 40
/** Thrown by the delivery thread, while there is one. */
let trouble: Error | undefined

const clock = new ManualClock(0)
let held = 3

const metrics = createMetrics({
  clock,
  version: '1.2.3',
  ready: () => ready,
  settings: {
    current() {
      const settings = defaultSettings()
      return { version: 4, settings: { ...settings, relay: { ...settings.relay, mode } } }
    },
  },
  connections: (service) => (service === 'smtp' ? 12 : 0),
  ledger() {
    asked += 1
    return { bytes: 4096, cells: 10, room: 64, letGo }
  },
  blocks: {
    blocks: () => reasons.map((reason) => ({ reason })) as unknown as ReturnType<MetricsParts['blocks']['blocks']>,
    suspensions: () => [{ ip: '172.17.0.1', evidence: '', sinceMs: 0 }],
  },
  queue: {
    count: () => 12,
    measure(filter) {
      if (trouble !== undefined) throw trouble
      return { entries: filter.held === true ? held : 12, bytes: 0, held }
    },
  },
  delivery: {
    async counts() {
      if (trouble !== undefined) throw trouble
      return { delivered, deferred: 4, failed: 2, expired: 1, underWay: 5, domainsDown: 1 }
    },
  },
})

/** Read the metrics as Prometheus does, and give those of ours by name and labels. */
async function scrape(): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('postern_'))
  return new Map(
    lines.map((line) => {
      const match = /^(postern_\w+(?:\{[^}]*\})?) (\S+)$/.exec(line)
      assert.ok(match, line)
      return [match[1] ?? '', Number(match[2])]
    }),
  )
}

test('every number is that of the moment', async () => {
  const now = await scrape()
  assert.equal(now.get('postern_info{version="1.2.3"}'), 1)
  assert.equal(now.get('postern_ready'), 1)
  assert.equal(now.get('postern_open_relay'), 0)
  assert.equal(now.get('postern_settings_version'), 4)
  assert.equal(now.get('postern_connections{service="smtp"}'), 12)
  assert.equal(now.get('postern_queue_entries'), 12)
  assert.equal(now.get('postern_queue_held'), 3)
  assert.equal(now.get('postern_deliveries_total{outcome="delivered"}'), 40)
  assert.equal(now.get('postern_deliveries_total{outcome="expired"}'), 1)
  assert.equal(now.get('postern_deliveries_running'), 5)
  assert.equal(now.get('postern_domains_down'), 1)
  assert.equal(now.get('postern_connections{service="pop3s"}'), 0)
  assert.equal(now.get('postern_ledger_bytes'), 4096)
  assert.equal(now.get('postern_ledger_cells'), 10)
  assert.equal(now.get('postern_ledger_room'), 64)
  assert.equal(now.get('postern_ledger_let_go_total'), 0)
  assert.equal(now.get('postern_blocks{reason="failed-logins"}'), 2)
  assert.equal(now.get('postern_blocks{reason="by-hand"}'), 1)
  assert.equal(now.get('postern_trust_suspended'), 1)

  letGo = 7
  delivered = 41
  reasons = ['by-hand']
  ready = false
  mode = 'open'
  const later = await scrape()
  assert.equal(later.get('postern_ledger_let_go_total'), 7)
  assert.equal(later.get('postern_blocks{reason="failed-logins"}'), undefined)
  assert.equal(later.get('postern_blocks{reason="by-hand"}'), 1)
  assert.equal(later.get('postern_ready'), 0)
  assert.equal(later.get('postern_deliveries_total{outcome="delivered"}'), 41)
  assert.equal(later.get('postern_open_relay'), 1)
})

test('what is held is counted once a minute', async () => {
  held = 9
  assert.equal((await scrape()).get('postern_queue_held'), 3)
  clock.advance(60_000)
  assert.equal((await scrape()).get('postern_queue_held'), 9)
})

test('what cannot be asked for a while is left out, and all else is told; what is a bug is not passed over', async () => {
  const whole = await scrape()
  trouble = new Fault('The delivery thread has ended', { temporary: true })
  clock.advance(60_000)
  const now = await scrape()
  const gone = [...whole.keys()].filter((name) => !now.has(name))
  assert.deepEqual(gone, [
    'postern_queue_held',
    ...['delivered', 'deferred', 'failed', 'expired'].map(
      (outcome) => `postern_deliveries_total{outcome="${outcome}"}`,
    ),
    'postern_deliveries_running',
    'postern_domains_down',
  ])
  assert.equal(now.get('postern_queue_entries'), 12)
  trouble = new TypeError('not a number')
  await assert.rejects(metrics.text(), trouble)
  trouble = undefined
  assert.deepEqual(await scrape(), whole)
})

test('the process tells of itself', async () => {
  assert.match(await metrics.text(), /^process_resident_memory_bytes \d/m)
})

test('many who ask at once cost what one does', async () => {
  await metrics.text()
  asked = 0
  await metrics.text()
  const once = asked
  asked = 0
  await Promise.all(Array.from({ length: 50 }, () => metrics.text()))
  assert.equal(asked, once)
})
