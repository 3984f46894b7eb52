/** Networks of the tests' own, in namespaces: clients behind a device that hides their addresses behind its own (NAT). */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { programPath } from '../peers/needs.ts'
import { run } from '../server.ts'
import type { Spoken } from './speak.ts'

const PREFIX = 'postern-test-'
let made = 0
const SPEAK = fileURLToPath(new URL('speak.ts', import.meta.url))

/** node:test's `skip`: networks can be made by root alone, with Debian's ip and nft. */
export const natSkip: string | false = reasonNot()

function reasonNot(): string | false {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only'
  if (process.getuid?.() !== 0) return 'only root may make network namespaces'
  if (programPath('ip') === undefined) return 'needs the Debian package iproute2'
  if (programPath('nft') === undefined) return 'needs the Debian package nftables'
  return false
}

export interface Nat {
  /** Where a server on this machine is to listen, so that they reach it. */
  readonly serverIp: string
  /** The address that the server sees of all of them. */
  readonly natIp: string
  /** Hold sessions from behind the NAT, from any of these addresses: 10.44.0.2 to .41, and the public 203.0.113.2 to .81. */
  speak(sessions: readonly Omit<Spoken, 'host'>[]): Promise<readonly (readonly string[])[]>
  close(): void
}

/** Make the networks: this machine - the NAT device - its clients. What an earlier process left behind is taken away first. */
export function openNat(): Nat {
  removeStale()
  const device = `${PREFIX}nat-${process.pid}`
  const inside = `${PREFIX}in-${process.pid}`
  const part = process.pid % 250
  const serverIp = `10.199.${part}.1`
  const natIp = `10.199.${part}.2`
  // An interface outlives its namespace by a moment: the next one needs another name.
  made += 1
  const outer = `pt${process.pid}-${made}`
  const close = () => {
    for (const name of [device, inside]) spawnSync('ip', ['netns', 'delete', name])
  }
  try {
    ip('netns', 'add', device)
    ip('netns', 'add', inside)
    ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', 'outer', 'netns', device)
    ip('address', 'add', `${serverIp}/30`, 'dev', outer)
    ip('link', 'set', outer, 'up')
    ip('-n', device, 'address', 'add', `${natIp}/30`, 'dev', 'outer')
    ip('-n', device, 'link', 'set', 'outer', 'up')
    ip('-n', device, 'link', 'add', 'inner', 'type', 'veth', 'peer', 'name', 'client', 'netns', inside)
    ip('-n', device, 'address', 'add', '10.44.0.1/24', 'dev', 'inner')
    ip('-n', device, 'address', 'add', '203.0.113.1/24', 'dev', 'inner')
    ip('-n', device, 'link', 'set', 'inner', 'up')
    for (let host = 2; host <= 41; host++) ip('-n', inside, 'address', 'add', `10.44.0.${host}/24`, 'dev', 'client')
    for (let host = 2; host <= 81; host++) ip('-n', inside, 'address', 'add', `203.0.113.${host}/24`, 'dev', 'client')
    ip('-n', inside, 'link', 'set', 'client', 'up')
    ip('-n', inside, 'route', 'add', 'default', 'via', '10.44.0.1')
    execute('ip', ['netns', 'exec', device, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'])
    execute('ip', ['netns', 'exec', device, 'nft', '-f', '-'], MASQUERADE)
  } catch (error) {
    close()
    throw error
  }
  return {
    serverIp,
    natIp,
    async speak(sessions) {
      const input = JSON.stringify(sessions.map((session) => ({ ...session, host: serverIp })))
      const { code, stdout, stderr } = await run('ip', ['netns', 'exec', inside, process.execPath, SPEAK], { input })
      if (code !== 0) throw new Error(`speaking from ${inside} ended with ${code}: ${stderr}`)
      return JSON.parse(stdout) as readonly (readonly string[])[]
    },
    close,
  }
}

const MASQUERADE = `table ip nat {
  chain postrouting {
    type nat hook postrouting priority 100
    oifname "outer" masquerade
  }
}
`

function ip(...args: readonly string[]): void {
  execute('ip', args)
}

function execute(program: string, args: readonly string[], input = ''): void {
  const { status, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8', timeout: 10_000 })
  if (status !== 0) throw new Error(`Cannot run ${program} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}

/** Take away the namespaces of processes that are no more; their interfaces go with them. */
function removeStale(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const [, name = '', pid] of stdout.matchAll(new RegExp(`^(${PREFIX}\\w+-(\\d+))\\b`, 'gm'))) {
    if (!isAlive(Number(pid))) spawnSync('ip', ['netns', 'delete', name])
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
