import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ManualClock } from '#base/clock.ts'
import { openJournal } from '#ledger/memory/journal.ts'
import { openLedger } from '#ledger/memory/open.ts'
import { recoverLedger } from '#ledger/memory/recover.ts'
import { reserveLedger } from '#ledger/memory/table.ts'
import type { LedgerEngine, LedgerUnderTest } from './engine.ts'

const SECRET = new TextEncoder().encode('a secret of the tests')

/** The engine in the memory of one process, with its journal in a folder of its own. */
export const memoryEngine: LedgerEngine = {
  name: 'memory',
  create({ clock, bytes = 4 * 1024 ** 2 }) {
    return start(mkdtempSync(join(tmpdir(), 'postern-ledger-')), clock, bytes)
  },
}

function start(dir: string, clock: ManualClock, bytes: number): LedgerUnderTest {
  const nowMs = () => clock.nowMs()
  const shared = reserveLedger({ bytes, secret: SECRET, nowMs: clock.nowMs() })
  const { notices } = recoverLedger(shared, { dir, nowMs })
  if (notices.length > 0) throw new Error(notices.join('\n'))

  function open(threadIndex: number) {
    const journal = openJournal(shared, {
      dir,
      threadIndex,
      failed(error) {
        throw error
      },
    })
    return { journal, ledger: openLedger(shared, { threadIndex, journal, nowMs }) }
  }

  const [one, two] = [open(0), open(1)]
  function close(): void {
    for (const { journal } of [one, two]) journal.close()
  }
  return {
    ledger: one.ledger,
    another: () => two.ledger,
    restart() {
      close()
      return start(dir, clock, bytes)
    },
    shut() {
      close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
