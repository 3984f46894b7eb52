import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { defaults } from '#gate/testing.ts'
import { startWriter } from '#store/sqlite/start.ts'
import { type Delivery, startDelivery } from './delivery.ts'
import type { Policy } from './messages.ts'

const POLICY: Policy = {
  settings: defaults({ dns: { servers: ['127.0.0.1:1'] } }),
  hostname: 'mail.here.example',
  certificate: { cert: '', key: '' },
  machineAddresses: [],
}

/** A delivery thread over an empty store; what the main thread hears as faults. */
async function start(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'postern-delivery-'))
  const file = join(folder, 'postern.db')
  const writer = await startWriter({ file })
  const clock = new ManualClock()
  const faults: string[] = []
  const delivery: Delivery = await startDelivery({
    storeFile: file,
    secretsKeyFile: join(folder, 'secrets.key'),
    connectStore: () => writer.connect(),
    directoryChanges: writer.directoryChanges,
    queueChanges: writer.queueChanges,
    referenceKey: new Uint8Array(32),
    policy: POLICY,
    clock,
    events: { faulted: ({ error }) => faults.push((error as Error).message) },
    lines() {},
    bounced() {},
  })
  t.after(async () => {
    await delivery.stop()
    await writer.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { file, clock, faults, delivery }
}

test('a question that cannot be answered ends nothing but itself', { timeout: 20_000 }, async (t) => {
  const { file, faults, delivery } = await start(t)
  const db = new DatabaseSync(file)
  db.exec('ALTER TABLE queue_entry RENAME TO elsewhere')
  await assert.rejects(async () => delivery.plan(1), /no such table/)
  db.exec('ALTER TABLE elsewhere RENAME TO queue_entry')
  db.close()
  assert.equal((await delivery.counts()).underWay, 0)
  assert.deepEqual(faults, [])
})

test('of a thread that has died whoever asks is told so, until it is there again', { timeout: 20_000 }, async (t) => {
  const { clock, faults, delivery } = await start(t)
  delivery.adopt({ ...POLICY, settings: undefined as never })
  await assert.rejects(async () => delivery.counts(), /The delivery thread has ended/)
  assert.equal(faults.length, 1)
  await assert.rejects(async () => delivery.counts(), /it has ended, and is being started again/)
  delivery.adopt(POLICY)
  clock.advance(1_000)
  assert.equal((await delivery.counts()).underWay, 0)
})
