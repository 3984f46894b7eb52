/** The process that `memory-kill.test.ts` kills: counts, and says each answer once it has it. Its argument is the folder. */
import { writeSync } from 'node:fs'
import { HOUR_MS } from '#ledger/contract.ts'
import { compact } from '#ledger/memory/compact.ts'
import { openJournal } from '#ledger/memory/journal.ts'
import { openLedger } from '#ledger/memory/open.ts'
import { recoverLedger } from '#ledger/memory/recover.ts'
import { reserveLedger } from '#ledger/memory/table.ts'

const [dir = ''] = process.argv.slice(2)
const shared = reserveLedger({ bytes: 1024 ** 2, secret: new Uint8Array(32) })
const { notices } = recoverLedger(shared, { dir })
function failed(error: unknown): void {
  throw error
}
const ledger = openLedger(shared, { threadIndex: 0, journal: openJournal(shared, { dir, threadIndex: 0, failed }) })
for (const notice of notices) failed(notice)

async function compactAgainAndAgain(): Promise<void> {
  for (;;) await compact(shared, { dir, threadIndex: 1 })
}
compactAgainAndAgain().catch(failed)

function count(): void {
  const [total] = ledger.ask([
    { of: 'messages', by: '192.0.2.1', withinMs: HOUR_MS, add: 1 },
    { of: 'messages', by: `${Math.random()}`, withinMs: HOUR_MS, add: 1 },
  ])
  // Straight into the pipe: what was said must have been counted.
  writeSync(1, `${total}\n`)
  setImmediate(count)
}
count()
