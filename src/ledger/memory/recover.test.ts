import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { HOUR_MS } from '../contract.ts'
import { compact } from './compact.ts'
import { openJournal } from './journal.ts'
import { RECORD_BYTES } from './journal-format.ts'
import { type MemoryLedger, openLedger } from './open.ts'
import { recoverLedger } from './recover.ts'
import { reserveLedger, type SharedLedger } from './table.ts'

const ONE = { of: 'messages', by: '192.0.2.1', withinMs: HOUR_MS }
const BASE_MS = Date.UTC(2026, 0, 1)
let dir = ''

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'postern-journal-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

interface Start {
  readonly shared: SharedLedger
  readonly ledger: MemoryLedger
  readonly notices: readonly string[]
  readonly failures: unknown[]
}

function start({ bytes = 100_000, secret = new Uint8Array(32), nowMs = BASE_MS } = {}): Start {
  const shared = reserveLedger({ bytes, secret, nowMs })
  const { notices } = recoverLedger(shared, { dir, nowMs: () => nowMs })
  const failures: unknown[] = []
  const journal = openJournal(shared, { dir, threadIndex: 0, failed: (error) => failures.push(error) })
  return { shared, ledger: openLedger(shared, { threadIndex: 0, journal, nowMs: () => nowMs }), notices, failures }
}

function add(ledger: MemoryLedger, by: string, amount = 1): void {
  ledger.ask([{ ...ONE, by, add: amount }])
}

function look(ledger: MemoryLedger, by: string): number | undefined {
  return ledger.ask([{ ...ONE, by }])[0]
}

function onlyFile(): string {
  const [name = '', ...more] = readdirSync(dir)
  assert.deepEqual(more, [])
  return join(dir, name)
}

test('counts of less than an hour are not written', () => {
  const { ledger } = start()
  ledger.ask([{ ...ONE, withinMs: HOUR_MS - 1, add: 1, distinct: 'a' }])
  assert.deepEqual(readdirSync(dir), [])
})

test('a record that was written half is passed over without a word', () => {
  const { ledger } = start()
  add(ledger, 'a')
  add(ledger, 'b')
  const file = onlyFile()
  truncateSync(file, statSync(file).size - 5)
  const again = start()
  assert.deepEqual(again.notices, [])
  assert.equal(look(again.ledger, 'a'), 1)
  assert.equal(look(again.ledger, 'b'), 0)
})

test('zeros at the end, as a power cut leaves them, are passed over', () => {
  const { ledger } = start()
  add(ledger, 'a')
  appendFileSync(onlyFile(), Buffer.alloc(3 * RECORD_BYTES))
  const again = start()
  assert.deepEqual(again.notices, [])
  assert.equal(look(again.ledger, 'a'), 1)
})

test('a damaged file is set aside, told of, and read as far as it goes', () => {
  const { ledger } = start()
  for (const by of ['a', 'b', 'c']) add(ledger, by)
  const file = onlyFile()
  const bytes = readFileSync(file)
  bytes[2 * RECORD_BYTES + 7] = (bytes[2 * RECORD_BYTES + 7] as number) ^ 1
  writeFileSync(file, bytes)
  const again = start()
  assert.equal(again.notices.length, 1)
  assert.match(again.notices[0] ?? '', /1 of its 3 records are damaged; the others were read/)
  assert.deepEqual(readdirSync(dir), ['counts-1-0.journal.damaged'])
  assert.deepEqual([look(again.ledger, 'a'), look(again.ledger, 'b'), look(again.ledger, 'c')], [1, 0, 1])
})

test('a file of another key or version is set aside', () => {
  add(start().ledger, 'a')
  const again = start({ secret: new Uint8Array(32).fill(1) })
  assert.match(again.notices[0] ?? '', /another version, or with the key of another store/)
  assert.equal(look(again.ledger, 'a'), 0)
})

test('what is no file of ours is left alone, and a folder that is none does not stop the start', () => {
  writeFileSync(join(dir, 'notes.txt'), 'mine')
  mkdirSync(join(dir, 'counts-7-0.journal'))
  const { notices, ledger } = start()
  assert.equal(notices.length, 1)
  assert.equal(look(ledger, 'a'), 0)
  assert.equal(readFileSync(join(dir, 'notes.txt'), 'utf8'), 'mine')
})

test('whatever bytes are in a file, the start goes on', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, hasHead) => {
      rmSync(dir, { recursive: true, force: true })
      add(start().ledger, 'a')
      const file = onlyFile()
      if (hasHead) appendFileSync(file, bytes)
      else writeFileSync(file, bytes)
      assert.equal(look(start().ledger, 'a'), hasHead ? 1 : 0)
    }),
    { numRuns: 100 },
  )
})

test('a memory of another size takes the same counts', () => {
  const { ledger } = start()
  for (let at = 0; at < 1000; at += 1) add(ledger, `${at}`, at + 1)
  for (const bytes of [60_000, 1_000_000]) {
    const again = start({ bytes })
    for (let at = 0; at < 1000; at += 1) assert.equal(look(again.ledger, `${at}`), at + 1)
  }
})

test('counts that are over by now do not come back', () => {
  add(start().ledger, 'a')
  const later = start({ nowMs: BASE_MS + 2 * HOUR_MS })
  assert.equal(later.ledger.state().cells, 0)
})

test('a snapshot takes the place of what came before it, forgotten counts stay so, and files do not pile up', async () => {
  const { shared, ledger } = start()
  add(ledger, 'a', 70_000)
  ledger.ask([{ ...ONE, by: 'd', add: 1, distinct: 'x' }])
  ledger.forget([ONE.of], 'd', [HOUR_MS])
  ledger.ask([{ ...ONE, by: 'd', add: 2, distinct: 'y' }])
  for (let round = 1; round <= 4; round += 1) {
    add(ledger, 'a')
    await compact(shared, { dir, threadIndex: 1 })
    add(ledger, 'a')
    assert.ok(readdirSync(dir).length <= 3, readdirSync(dir).join(' '))
    const again = openLedgerOf(dir)
    assert.equal(look(again, 'a'), 70_000 + 2 * round)
    assert.deepEqual(again.ask([{ ...ONE, by: 'd', add: 1, distinct: 'y' }]), [2])
    assert.deepEqual(again.ask([{ ...ONE, by: 'd', add: 1, distinct: 'x' }]), [3])
  }

  /** Read the folder as a start would, and write nothing. */
  function openLedgerOf(folder: string): MemoryLedger {
    const found = reserveLedger({ bytes: 100_000, secret: new Uint8Array(32), nowMs: BASE_MS })
    recoverLedger(found, { dir: folder, nowMs: () => BASE_MS })
    return openLedger(found, { threadIndex: 0, nowMs: () => BASE_MS })
  }
})

test('where the folder cannot be written, counting goes on and the first failure is told', () => {
  const { ledger, failures } = start()
  rmSync(dir, { recursive: true, force: true })
  writeFileSync(dir, 'a file where the folder was')
  add(ledger, 'a')
  add(ledger, 'a')
  assert.equal(look(ledger, 'a'), 2)
  assert.equal(failures.length, 1)
  rmSync(dir)
  add(ledger, 'a')
  assert.equal(look(start().ledger, 'a'), 3)
})
