/** A disk that fills up under load: the answer is 452, nothing acknowledged is lost, and with space comes service. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostern } from '../server.ts'
import { Gone } from '../wire.ts'
import type { Account } from './account.ts'
import { openSession, send } from './load.ts'
import type { Attempt } from './message.ts'
import { createRandom } from './random.ts'
import { PROVISION, takeStock, USERS } from './rounds.ts'

const DISK = '48m'
const FILLER_BYTES = 24 * 1024 * 1024
/** Messages after which a disk of this size must be full. */
const MOST = 2000
/** Refusals to see before it is believed. */
const REFUSALS = 20

export interface FullDisk extends Account {
  /** The answers while the disk was full. */
  readonly refusals: readonly string[]
  /** The answer once there was space again. */
  readonly afterwards: string
}

/** Say why a small file system cannot be had here; undefined when it can. */
export function smallDiskMissing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'needs root on Linux, to mount a small file system'
  const probe = mkdtempSync(join(tmpdir(), 'postern-mount-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe])
  if (mounted.status === 0) spawnSync('umount', [probe])
  rmSync(probe, { recursive: true })
  return mounted.status === 0 ? undefined : 'needs the right to mount a small file system'
}

/** Fill the disk below a running server, free it, kill the server, and account for everything. */
export async function fillDisk(seed: number): Promise<FullDisk> {
  const dataDir = mkdtempSync(join(tmpdir(), 'postern-full-'))
  run('mount', '-t', 'tmpfs', '-o', `size=${DISK},mode=0700`, 'tmpfs', dataDir)
  try {
    const filler = join(dataDir, 'filler')
    writeFileSync(filler, Buffer.alloc(FILLER_BYTES))
    let server = await startPostern({ provision: PROVISION, dataDir })
    const { ports } = server
    try {
      const attempts: Attempt[] = []
      const refusals = await sendUntilFull(ports.smtp, attempts, seed)
      rmSync(filler)
      const afterwards = await sendOne(ports.smtp, attempts, seed + 1)
      await server.kill('SIGKILL')
      server = await startPostern({ provision: PROVISION, dataDir, ports })
      return { refusals, afterwards, ...(await takeStock(server, ports, attempts)) }
    } finally {
      await server.kill('SIGKILL')
    }
  } finally {
    run('umount', dataDir)
    rmSync(dataDir, { recursive: true })
  }
}

async function sendUntilFull(port: number, attempts: Attempt[], seed: number): Promise<readonly string[]> {
  const refusals: string[] = []
  const random = createRandom(seed)
  let wire = await openSession(port)
  for (let number = 0; number < MOST && refusals.length < REFUSALS; number++) {
    const attempt: Attempt = {
      id: `full-${number}`,
      seed: random.integer(0, 2 ** 31),
      // Beyond 128 KiB as well, which comes to the store in pieces.
      sizeBytes: random.pick([2000, 60_000, 250_000]),
      recipients: [random.pick(USERS)],
      by: random.pick(['DATA', 'BDAT'] as const),
      reply: undefined,
    }
    attempts.push(attempt)
    try {
      await send(wire, attempt, random)
    } catch (error) {
      if (!(error instanceof Gone)) throw error
      refusals.push(`no answer: ${error.message}`)
      wire = await openSession(port)
    }
    if (attempt.reply !== undefined && !attempt.reply.startsWith('250')) {
      refusals.push(attempt.reply)
      // A refused BDAT leaves the rest of its chunks unsent: begin anew.
      wire.close()
      wire = await openSession(port)
    }
  }
  wire.close()
  return refusals
}

async function sendOne(port: number, attempts: Attempt[], seed: number): Promise<string> {
  const attempt: Attempt = {
    id: 'full-afterwards',
    seed,
    sizeBytes: 20_000,
    recipients: USERS,
    by: 'DATA',
    reply: undefined,
  }
  attempts.push(attempt)
  const wire = await openSession(port)
  await send(wire, attempt, createRandom(seed))
  wire.close()
  return attempt.reply ?? 'nothing'
}

function run(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${stderr}`)
}
