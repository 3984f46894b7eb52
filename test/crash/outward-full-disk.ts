/** A disk that fills up while mail goes out: what was acknowledged goes out once, whether or not that can be written down at once. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startPostern } from '../server.ts'
import { Gone } from '../wire.ts'
import { openSession, send } from './load.ts'
import { type Attempt, isAcknowledged } from './message.ts'
import { type OutwardAccount, settleOutward } from './outward-account.ts'
import { Books, drained, outwardProvision } from './outward-rounds.ts'
import { createRandom } from './random.ts'

const DISK = '48m'
const FILLER_BYTES = 24 * 1024 * 1024
/** Messages after which a disk of this size must be full. */
const MOST = 2000
/** Refusals to see before it is believed. */
const REFUSALS = 10
/** How long mail goes out while the disk is full. */
const FULL_MS = 3_000

export interface OutwardFullDisk extends OutwardAccount {
  readonly refused: number
  /** What had come when space was made. */
  readonly arrivedWhenFull: number
}

/** Fill the disk with mail that waits, let it go out, make space, and account for everything. */
export async function fillDiskOutward(seed: number): Promise<OutwardFullDisk> {
  await using books = await Books.open(createRandom(seed))
  const dataDir = mkdtempSync(join(tmpdir(), 'postern-full-'))
  run('mount', '-t', 'tmpfs', '-o', `size=${DISK},mode=0700`, 'tmpfs', dataDir)
  try {
    const filler = join(dataDir, 'filler')
    writeFileSync(filler, Buffer.alloc(FILLER_BYTES))
    const server = await startPostern({ provision: outwardProvision(books.port), dataDir })
    try {
      const attempts: Attempt[] = []
      // Until the disk is full, nothing that is sent is answered; then it is, and there is no room to write that down.
      const { promise, resolve: open } = Promise.withResolvers<void>()
      books.gate = promise
      await sendUntilFull(server.ports.smtp, books, attempts, seed)
      open()
      books.gate = undefined
      await pause(FULL_MS)
      const arrivedWhenFull = books.arrivals.length
      rmSync(filler)
      await drained(server)
      const account = settleOutward(attempts, books.arrivals, [], 0)
      return {
        ...account,
        findings: [...account.findings, ...books.findings],
        refused: attempts.filter((attempt) => !isAcknowledged(attempt)).length,
        arrivedWhenFull,
      }
    } finally {
      await server.kill('SIGKILL')
    }
  } finally {
    run('umount', dataDir)
    rmSync(dataDir, { recursive: true })
  }
}

async function sendUntilFull(port: number, books: Books, attempts: Attempt[], seed: number): Promise<void> {
  const random = createRandom(seed)
  let refused = 0
  let wire = await openSession(port)
  for (let number = 0; number < MOST && refused < REFUSALS; number++) {
    const attempt: Attempt = {
      id: `full-${number}`,
      seed: random.integer(0, 2 ** 31),
      sizeBytes: random.pick([2000, 60_000, 250_000]),
      recipients: [`someone@d${number % 5}.far.test`],
      by: 'DATA',
      reply: undefined,
    }
    attempts.push(attempt)
    books.attempts.set(attempt.id, attempt)
    try {
      await send(wire, attempt, random)
    } catch (error) {
      if (!(error instanceof Gone)) throw error
    }
    if (isAcknowledged(attempt)) continue
    refused += 1
    wire.close()
    wire = await openSession(port)
  }
  wire.close()
}

function run(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${stderr}`)
}
