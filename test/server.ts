/** A real Postern in a process of its own, for tests that speak to it as clients do. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MAIN = join(ROOT, 'src/main.ts')

const SERVICES = ['smtp', 'submission', 'submissions', 'pop3', 'pop3s', 'admin'] as const

export type Ports = Readonly<Record<(typeof SERVICES)[number], number>>

/** A provisioning file as data; the listening addresses are filled in. */
export interface Provision {
  readonly settings?: Readonly<Record<string, unknown>>
  readonly domains?: readonly string[]
  readonly users?: readonly {
    readonly address: string
    readonly password: string
    readonly localDomainsOnly?: boolean
  }[]
  readonly aliases?: readonly { readonly address: string; readonly to: readonly string[] }[]
}

export interface StartOptions {
  readonly provision?: Provision
  /** Further arguments of `postern serve`. */
  readonly args?: readonly string[]
  /** An existing data directory (a restart); without it a new one is made, and removed by `stop`. */
  readonly dataDir?: string
  /** The ports of the run before (a restart); without them free ones are taken. */
  readonly ports?: Ports
  /** A program and its arguments that runs the server instead of its own start (`prlimit`, `taskset`). */
  readonly under?: readonly string[]
  /** How long the server may take to say that it is ready. */
  readonly readyMs?: number
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningPostern {
  readonly pid: number
  readonly dataDir: string
  readonly ports: Ports
  /** What the server has printed, newest part (at most 256 KiB). */
  output(): string
  /** Run one command of the command line against this server. */
  postern(args: readonly string[], input?: string): Promise<Finished>
  /** Send a signal (SIGKILL unless told otherwise) and wait until the process is gone. The data stay. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** End the server as `systemctl stop` does; fails when it takes more than 15 s. Removes data that `startPostern` made. */
  stop(): Promise<void>
}

/** Find ports that nobody listens on, one for each service. */
export async function freePorts(): Promise<Ports> {
  // All are held at once, so that no two are the same.
  const servers = SERVICES.map(() => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return Object.fromEntries(SERVICES.map((name, index) => [name, ports[index]])) as Ports
}

/** Start Postern on a data directory and ports of its own, and wait until it says `ready`. */
export async function startPostern(options: StartOptions = {}): Promise<RunningPostern> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'postern-')))
  const ports = options.ports ?? (await freePorts())
  const provisionFile = join(dataDir, 'provision.yaml')
  await writeFile(provisionFile, provisionText(options.provision ?? {}, ports), { mode: 0o600 })

  const command = [
    ...(options.under ?? []),
    process.execPath,
    MAIN,
    'serve',
    '--data',
    dataDir,
    '--provision',
    provisionFile,
    ...(options.args ?? []),
  ]
  const child = spawn(command[0] as string, command.slice(1), {
    cwd: ROOT,
    // The server ends with the pipe, and so with this process, however that goes.
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, POSTERN_PARENT_PIPE: '3' },
  })
  const exited = once(child, 'exit')
  const output = keepOutput(child)
  try {
    await ready(child, output, options.readyMs ?? 60_000)
  } catch (error) {
    await end(child, 'SIGKILL', exited)
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
    throw error
  }

  return {
    pid: child.pid as number,
    dataDir,
    ports,
    output: output.text,
    postern: (args, input) => run(process.execPath, [MAIN, ...args, '--data', dataDir], { input }),
    kill: (signal = 'SIGKILL') => end(child, signal, exited),
    stop: async () => {
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await end(child, 'SIGTERM', exited)
      clearTimeout(late)
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
      if (child.signalCode === 'SIGKILL')
        throw new Error(`the server did not end within 15 s of SIGTERM:\n${output.text()}`)
    },
  }
}

export interface RunOptions {
  readonly input?: string | Uint8Array | undefined
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Run it as this user and group (needs root). */
  readonly uid?: number
  /** After this the program is killed, and its code is null. */
  readonly timeoutMs?: number
}

/** Run a program to its end with a text on its standard input; never rejects because of its exit code. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = spawn(program, args, {
    cwd: options.cwd ?? ROOT,
    env: options.env ?? process.env,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  // A program that ends without reading its input is not an error of ours.
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }
}

function provisionText(provision: Provision, ports: Ports): string {
  const { services, ...settings } = provision.settings ?? {}
  const given = (services ?? {}) as Readonly<Record<string, object>>
  const listening = SERVICES.map((name) => [name, { listen: [`127.0.0.1:${ports[name]}`], ...given[name] }])
  // JSON is YAML.
  return JSON.stringify({ ...provision, settings: { ...settings, services: Object.fromEntries(listening) } }, null, 2)
}

interface Output {
  text(): string
  onLine: ((line: string) => void) | undefined
}

function keepOutput(child: ChildProcess): Output {
  let kept = ''
  let unfinished = ''
  const output: Output = { text: () => kept, onLine: undefined }
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (chunk: string) => {
      kept = (kept + chunk).slice(-256 * 1024)
      if (output.onLine === undefined || stream !== child.stdout) return
      const lines = (unfinished + chunk).split('\n')
      unfinished = lines.pop() ?? ''
      for (const line of lines) output.onLine?.(line)
    })
  }
  return output
}

function ready(child: ChildProcess, output: Output, withinMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (what: string) => settle(() => reject(new Error(`the server ${what}:\n${output.text()}`)))
    const late = setTimeout(() => fail(`was not ready within ${withinMs} ms`), withinMs)
    const onExit = (code: number | null, signal: string | null) => fail(`ended (${signal ?? code}) before it was ready`)
    const onError = (error: Error) => fail(`could not be started (${error.message})`)
    const settle = (then: () => void) => {
      clearTimeout(late)
      child.off('exit', onExit)
      child.off('error', onError)
      output.onLine = undefined
      then()
    }
    child.once('exit', onExit)
    child.once('error', onError)
    output.onLine = (line) => {
      if (/(^|\s)ready$/.test(line.trimEnd())) settle(resolve)
    }
  })
}

async function end(child: ChildProcess, signal: NodeJS.Signals, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await exited
}
