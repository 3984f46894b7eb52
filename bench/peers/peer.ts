/** What each server in a race is to the bench, and what starting one takes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Peer {
  readonly name: string
  /** Is a message on disk, fsynced, before 250? */
  readonly durable: boolean
  /** A message acknowledged stands in a queue first: its time runs until it is in the mailbox. */
  readonly queues?: boolean
  readonly port: number
  readonly pid: number
  /** Count the messages that stand in the mailbox by now; undefined for a peer that throws them away. */
  readonly kept?: () => Promise<number>
  readonly stop: () => Promise<void>
}

/** Make an empty folder for one peer, on the disk that the server's data would be on (never a memory file system). */
export function emptyFolder(name: string): string {
  const dir = join(ROOT, '.work/bench', name)
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  chmodSync(dir, 0o755)
  return dir
}

/** Find a port that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  await once(probe.close(), 'close')
  return port
}

export interface Started {
  readonly pid: number
  readonly stop: () => Promise<void>
}

/** Start a program, and wait until something greets on its port; throws with its output when it ends before that. */
export async function startProgram(
  command: readonly string[],
  port: number,
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<Started> {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    cwd: options.cwd ?? ROOT,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Postfix's master ends its children by their group.
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-8192)
    })
  }
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await once(child, 'exit')
    clearTimeout(late)
  }
  try {
    await greeted(port, child)
  } catch (error) {
    await stop()
    throw new Error(`Cannot start ${program}: ${(error as Error).message}\n${output}`)
  }
  return { pid: child.pid as number, stop }
}

async function greeted(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    const socket = connect(port, '127.0.0.1')
    const heard = await Promise.race([
      once(socket, 'data').then(() => true),
      once(socket, 'close').then(() => false),
      pause(5000, false),
    ]).catch(() => false)
    socket.destroy()
    if (heard) return
    await pause(100)
  }
  throw new Error('it did not greet within 20 s')
}

/** Add up the resident memory of a process and its descendants, in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const ownBytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children
    .split(' ')
    .filter((child) => child !== '')
    .reduce((sum, child) => sum + residentBytes(Number(child)), ownBytes)
}
