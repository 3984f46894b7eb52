import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { HOUR_MS, type Question } from '#ledger/contract.ts'
import { openLedger } from '#ledger/memory/open.ts'
import { reserveLedger } from '#ledger/memory/table.ts'
import type { Hammering } from './hammering-thread.ts'

const THREADS = 4
const MESSAGES: Question = { of: 'messages', by: '192.0.2.1', withinMs: HOUR_MS }

/** Let threads ask at once; gives how often each was counted. */
async function hammer(question: Question, times: number) {
  const shared = reserveLedger({ bytes: 1024 ** 2, secret: new Uint8Array(32) })
  const counted = await Promise.all(
    Array.from({ length: THREADS }, async (_, threadIndex) => {
      const workerData: Hammering = { shared, threadIndex, question, times }
      const worker = new Worker(new URL('./hammering-thread.ts', import.meta.url), { workerData })
      const [[count]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
      return count as number
    }),
  )
  const total = counted.reduce((sum, each) => sum + each, 0)
  return { total, ledger: openLedger(shared, { threadIndex: THREADS }) }
}

describe('ledger in memory, by threads', () => {
  it('loses no count of four threads that count the same', async () => {
    const { ledger, total } = await hammer({ ...MESSAGES, add: 1 }, 10_000)
    assert.equal(total, THREADS * 10_000)
    assert.deepEqual(ledger.ask([MESSAGES]), [THREADS * 10_000])
  })

  it('never lets four threads pass the most together', async () => {
    const { ledger, total } = await hammer({ ...MESSAGES, add: 1, most: 12_345 }, 10_000)
    assert.equal(total, 12_345)
    assert.deepEqual(ledger.ask([MESSAGES]), [12_345])
  })

  it('counts a text once, whichever thread brings it', async () => {
    const { ledger } = await hammer({ ...MESSAGES, add: 1, distinct: 'a' }, 5_000)
    assert.deepEqual(ledger.ask([MESSAGES]), [1])
  })
})
