/** A thread of `memory-threads.test.ts`: asks the same question again and again, and says how often it was counted. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Question } from '#ledger/contract.ts'
import { openLedger } from '#ledger/memory/open.ts'
import type { SharedLedger } from '#ledger/memory/table.ts'

export interface Hammering {
  readonly shared: SharedLedger
  readonly threadIndex: number
  readonly question: Question
  readonly times: number
}

const { shared, threadIndex, question, times } = workerData as Hammering
const ledger = openLedger(shared, { threadIndex })
let counted = 0
for (let at = 0; at < times; at += 1) {
  const [answer = 0] = ledger.ask([question])
  if (answer <= (question.most ?? Number.POSITIVE_INFINITY)) counted += 1
}
parentPort?.postMessage(counted)
