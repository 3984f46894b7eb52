import assert from 'node:assert/strict'
import { it } from 'node:test'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#ledger/contract.ts'
import { readOnly } from '#ledger/read-only.ts'
import type { LedgerEngine } from './engine.ts'
import { withLedger } from './with-ledger.ts'

const ADDRESSES = 1_000_000
const CELLS_OF_ONE_THAT_NEVER_RESTS = 10

/** What every engine must do when more comes than there is room for. */
export function fullnessContract(engine: LedgerEngine): void {
  it('stays in its memory when a million addresses come once each, and says that it let counts go', () =>
    withLedger(
      engine,
      async ({ ledger }, clock) => {
        const { room, bytes } = ledger.state()
        assert.ok(room < ADDRESSES, 'the test must be able to fail')
        // What is over latest is let go last.
        await ledger.ask([{ of: 'account.messages', by: 'anna@here.example', withinMs: DAY_MS, add: 7 }])
        for (let at = 0; at < ADDRESSES; at += 1) {
          if (at % 1000 === 0) clock.advance(1000)
          const by = `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`
          const [count] = await ledger.ask([{ of: 'messages', by, withinMs: HOUR_MS, add: 1 }])
          assert.equal(count, 1)
        }
        const full = ledger.state()
        assert.equal(full.bytes, bytes)
        assert.equal(full.room, room)
        assert.ok(full.cells <= room && full.cells > room * 0.95, `${full.cells} cells in ${room}`)
        assert.ok(full.letGo >= ADDRESSES - room && full.letGo <= ADDRESSES, `${full.letGo} let go`)
        const [kept] = await ledger.ask([{ of: 'account.messages', by: 'anna@here.example', withinMs: DAY_MS }])
        assert.equal(kept, 7)
        // The last that came are there still.
        const by = `10.${(ADDRESSES - 1) >> 16}.${((ADDRESSES - 1) >> 8) & 255}.${(ADDRESSES - 1) & 255}`
        assert.deepEqual(await ledger.ask([{ of: 'messages', by, withinMs: HOUR_MS }]), [1])
      },
      1024 ** 2,
    ))

  it('lets nothing go of clients that never rest, at a third of its memory', () =>
    withLedger(
      engine,
      async ({ ledger }, clock) => {
        const clients = Math.floor(ledger.state().room / 3 / CELLS_OF_ONE_THAT_NEVER_RESTS)
        for (let minute = 0; minute < 60; minute += 1) {
          clock.advance(MINUTE_MS)
          for (let at = 0; at < clients; at += 1)
            await ledger.ask([{ of: 'messages', by: `${at}`, withinMs: HOUR_MS, add: 1 }])
        }
        for (let at = 0; at < clients; at += 1)
          assert.deepEqual(await ledger.ask([{ of: 'messages', by: `${at}`, withinMs: HOUR_MS }]), [60])
        assert.equal(ledger.state().letGo, 0)
      },
      1024 ** 2,
    ))

  it('takes the room of counts that are over, and lets none go for it', () =>
    withLedger(
      engine,
      async ({ ledger }, clock) => {
        for (let round = 0; round < 5; round += 1) {
          for (let at = 0; at < 10_000; at += 1)
            await ledger.ask([{ of: 'connections', by: `${round} ${at}`, withinMs: MINUTE_MS, add: 1 }])
          assert.equal(ledger.state().cells, 10_000)
          clock.advance(2 * MINUTE_MS)
        }
        assert.deepEqual({ ...ledger.state(), bytes: 0, room: 0 }, { bytes: 0, room: 0, cells: 0, letGo: 0 })
      },
      1024 ** 2,
    ))

  it('answers through readOnly as it would, and counts nothing', () =>
    withLedger(engine, async ({ ledger }) => {
      const question = { of: 'failedLogins', by: '192.0.2.1', withinMs: HOUR_MS, add: 1, distinct: 'a' }
      assert.deepEqual(await readOnly(ledger).ask([question]), [1])
      assert.equal(ledger.state().cells, 0)
      await ledger.ask([question])
      assert.deepEqual(await readOnly(ledger).ask([question]), [1])
      assert.deepEqual(await readOnly(ledger).ask([{ ...question, distinct: 'b' }]), [2])
      assert.deepEqual(await readOnly(ledger).ask([{ ...question, distinct: 'b', most: 1 }]), [2])
      assert.deepEqual(await ledger.ask([{ ...question, distinct: 'b' }]), [2])
      assert.deepEqual(readOnly(ledger).state(), ledger.state())
    }))
}
