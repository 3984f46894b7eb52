/** What starting a real server takes: a folder and a port of its own, its libraries, its output, and an end by its pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { unpackedPeer } from '../../../tools/debian-packages.ts'

const STARTS_WITHIN_MS = 20_000

/** Where a server listens. */
export interface Place {
  readonly ip: string
  readonly port: number
}

/** A server that runs: `await using` ends it and removes its folder. */
export interface RunningProgram extends AsyncDisposable {
  readonly pid: number
  readonly dir: string
  /** What it has printed, newest part. */
  output(): string
  stop(): Promise<void>
}

/** Give node:test's `skip` for tests that need these peers (and root): false when all are unpacked. */
export function needsPeers(...names: readonly string[]): string | false {
  if (process.getuid?.() !== 0) return `needs root, as ${names.join(' and ')} does`
  const missing = names.filter((name) => unpackedPeer(name) === undefined)
  return missing.length > 0 && `needs the Debian package ${missing.join(', ')}, which npm test unpacks`
}

/** Give the folder that a Debian package was unpacked into; throws where it was not. */
export function peerFolder(name: string): string {
  const folder = unpackedPeer(name)
  if (folder === undefined) throw new Error(`cannot start ${name}: npm test has not unpacked the Debian package`)
  return folder
}

/** Give the environment that the programs in an unpacked package find their libraries in. */
export function peerEnvironment(root: string): NodeJS.ProcessEnv {
  const folders = new Set(globSync('{usr/,}lib/**/*.so*', { cwd: root }).map((file) => join(root, dirname(file))))
  return { PATH: process.env.PATH, LC_ALL: 'C', LD_LIBRARY_PATH: [...folders].join(':') }
}

/** Make a folder for one server, which its own users may pass through. */
export function peerDir(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), `postern-${name}-`))
  chmodSync(dir, 0o755)
  return dir
}

/** Find a port that nobody listens on. */
export async function freePort(ip = '127.0.0.1'): Promise<number> {
  const probe = createServer().listen(0, ip)
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  await once(probe.close(), 'close')
  return port
}

/** Start a program and wait until `ready` says yes; throws with its output when it ends before that. Ending it removes `dir`. */
export async function startProgram(
  command: readonly string[],
  options: {
    readonly dir: string
    readonly ready: () => Promise<boolean>
    readonly env?: NodeJS.ProcessEnv
    /** What runs it: `ip netns exec NAME`. */
    readonly under?: readonly string[]
    /** Given on its standard input. */
    readonly input?: string
    /** Its log, for the error. */
    readonly log?: string
    readonly alsoStop?: () => Promise<void>
  },
): Promise<RunningProgram> {
  // It is told to end when this process does, however that goes.
  const [program = '', ...args] = [...(options.under ?? []), 'setpriv', '--pdeathsig', 'TERM', ...command]
  const child = spawn(program, args, {
    cwd: options.dir,
    env: options.env ?? process.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: several of these servers end their children by their group.
    detached: true,
  })
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  let printed = ''
  let problem: string | undefined
  child.on('error', (error) => {
    problem = error.message
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-64 * 1024)
    })
  }
  const stop = async () => {
    await end(child)
    await options.alsoStop?.()
    rmSync(options.dir, { recursive: true, force: true })
  }
  const output = () =>
    `${printed}${options.log !== undefined && existsSync(options.log) ? readFileSync(options.log, 'utf8') : ''}`
  try {
    const late = performance.now() + STARTS_WITHIN_MS
    while (!(await options.ready())) {
      if (problem !== undefined || child.exitCode !== null || performance.now() > late)
        throw new Error(`cannot start ${command[0]}: ${problem ?? child.exitCode ?? 'it is not ready'}\n${output()}`)
      await pause(50)
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { pid: child.pid as number, dir: options.dir, output, stop, [Symbol.asyncDispose]: stop }
}

/** Tell whether a server on this port greets, or (`silent`) takes connections at least. */
export async function greets(port: number, how: 'greets' | 'silent' = 'greets', ip = '127.0.0.1'): Promise<boolean> {
  const socket = connect(port, ip)
  try {
    await once(socket, how === 'silent' ? 'connect' : 'data', { signal: AbortSignal.timeout(5_000) })
    return true
  } catch {
    return false
  } finally {
    socket.on('error', () => {})
    socket.destroy()
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(late)
}
