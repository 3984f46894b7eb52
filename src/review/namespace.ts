/** A place on this machine from which a stranger's connection comes: a network namespace with an address that is nobody's. */
import { execFile, spawn } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { Duplex, type Readable, type Writable } from 'node:stream'
import { promisify } from 'node:util'
import { messageOf } from '#base/fault.ts'
import { formatIPv4, parseIPv4 } from '#base/ip.ts'
import { LOOPBACK } from '#base/network-set.ts'

export interface StrangersPlace {
  readonly is: 'open'
  /** The address its connections come from. */
  readonly from: string
  /** Connect to a place where this machine listens, `*` for all its addresses. Rejects where a stranger cannot come. */
  connect(host: string, port: number): Promise<Duplex>
  /** Cut its connections and take it away; never rejects. */
  close(): Promise<void>
}

export type OpenedPlace =
  | StrangersPlace
  /** It cannot be had here, and why: not root, no `ip`, not Linux. */
  | { readonly is: 'unavailable'; readonly why: string }

const run = promisify(execFile)
const PREFIX = 'postern-probe-'
/** Networks for documentation (RFC 5737): the Internet routes none of them. */
const NOBODYS = ['198.51.100.0', '203.0.113.0', '192.0.2.0'] as const
const MOST_MS = 5_000

/** Node's types know this form with web streams only. */
const joined = Duplex.from as unknown as (pair: { readonly readable: Readable; readonly writable: Writable }) => Duplex

/** What runs in the namespace: a connection, its octets passed on both ways. */
const PASS_ON = `
const [, host, port] = process.argv
const socket = require('node:net').connect({ host, port: Number(port), timeout: ${MOST_MS} })
socket.once('connect', () => { socket.setTimeout(0); process.stderr.write('connected') })
socket.once('timeout', () => socket.destroy(new Error('no answer in time')))
socket.once('error', (error) => { process.stderr.write(error.code ?? error.message); process.exit(1) })
process.stdin.pipe(socket).pipe(process.stdout)
`

/**
 * Open a stranger's place, with an address that `isTrusted` says no to. Needs root and iproute2; takes some tens of milliseconds,
 * and what an earlier process left behind is taken away.
 */
export async function openNamespace(isTrusted: (ip: string) => boolean): Promise<OpenedPlace> {
  const unavailable = (why: string): OpenedPlace => ({ is: 'unavailable', why })
  if (process.platform !== 'linux') return unavailable('network namespaces exist on Linux only')
  if (process.getuid?.() !== 0) return unavailable('only root may make a network namespace')
  const addresses = freeAddresses(isTrusted)
  if (addresses === undefined) return unavailable('every address set aside for documentation is trusted or in use here')
  const { ours, theirs } = addresses
  const name = `${PREFIX}${process.pid}`
  const [near, far] = [`pp${process.pid}a`, `pp${process.pid}b`]
  try {
    await removeStale()
    await ip('netns', 'add', name)
  } catch (error) {
    return unavailable(`no network namespace could be made: ${reasonOf(error)}`)
  }
  const children = new Set<ReturnType<typeof spawn>>()
  const close = async () => {
    for (const child of children) child.kill('SIGKILL')
    // The pair of interfaces goes with the namespace.
    await ip('netns', 'delete', name).catch(() => {})
  }
  try {
    await ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name)
    await ip('address', 'add', `${ours}/30`, 'dev', near)
    await ip('link', 'set', near, 'up')
    await ip('-n', name, 'address', 'add', `${theirs}/30`, 'dev', far)
    await ip('-n', name, 'link', 'set', far, 'up')
    await ip('-n', name, 'route', 'add', 'default', 'via', ours)
  } catch (error) {
    await close()
    return unavailable(`the network namespace could not be connected: ${reasonOf(error)}`)
  }

  async function connect(host: string, port: number): Promise<Duplex> {
    if (LOOPBACK.has(host)) throw new Error(`${host} port ${port} is reached from this machine only`)
    const target = ['*', '0.0.0.0', '::'].includes(host) ? ours : host
    const args = ['netns', 'exec', name, process.execPath, '-e', PASS_ON, '--', target, String(port)]
    const child = spawn('ip', args, { stdio: 'pipe' })
    children.add(child)
    child.once('close', () => children.delete(child))
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`Cannot connect to ${target} port ${port} from ${theirs}: ${why}`))
      child.once('error', (error) => fail(error.message))
      child.once('close', () => fail('the connection was closed'))
      child.stderr
        .setEncoding('utf8')
        .on('data', (text: string) => (text === 'connected' ? resolve() : fail(text.slice(0, 200))))
    })
    return joined({ readable: child.stdout, writable: child.stdin })
  }

  return { is: 'open', from: theirs, connect, close }
}

async function ip(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('ip', args, { timeout: MOST_MS })
  return stdout
}

function reasonOf(error: unknown): string {
  const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: unknown }
  if (code === 'ENOENT') return 'the command ip (iproute2) is not there'
  return typeof stderr === 'string' && stderr !== '' ? stderr.trim().slice(0, 200) : messageOf(error)
}

/** Remove the namespaces of processes that are no more. */
async function removeStale(): Promise<void> {
  const listed = await ip('netns', 'list')
  for (const [, name = '', pid] of listed.matchAll(new RegExp(`^(${PREFIX}(\\d+))\\b`, 'gm'))) {
    if (isAlive(Number(pid))) continue
    await ip('netns', 'delete', name).catch(() => {})
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Choose two addresses of one /30 that no interface here shares, the second one trusted by nobody. */
function freeAddresses(
  isTrusted: (ip: string) => boolean,
): { readonly ours: string; readonly theirs: string } | undefined {
  const taken = Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).filter(({ family }) => family === 'IPv4').map(({ address, netmask }) => spanOf(address, netmask)),
  )
  for (const network of NOBODYS) {
    for (let step = 0; step < 64; step++) {
      // Two servers on one machine begin at different places.
      const first = parseIPv4(network) + ((process.pid + step) % 64) * 4
      if (taken.some((span) => span.first <= first + 3 && first <= span.last)) continue
      const [ours, theirs] = [formatIPv4(first + 1), formatIPv4(first + 2)]
      if (!isTrusted(theirs)) return { ours, theirs }
    }
  }
  return undefined
}

function spanOf(address: string, netmask: string): { readonly first: number; readonly last: number } {
  const size = 2 ** 32 - parseIPv4(netmask)
  const first = Math.floor(parseIPv4(address) / size) * size
  return { first, last: first + size - 1 }
}
