/** Real DNS with DNSSEC: Knot serves and signs the test's zones, Unbound validates before them; both on loopback ports of their own. */
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  freePort,
  needsPeers,
  peerDir,
  peerEnvironment,
  peerFolder,
  type RunningProgram,
  startProgram,
} from './program.ts'

/** node:test's `skip` for tests that need it. */
export const signedDnsSkip: string | false = needsPeers('knot', 'unbound')

export interface Zone {
  /** As a zone file has them (`@ MX 10 mx`, `mx A 127.0.0.1`), without SOA and NS. */
  readonly records: string
  /** `bogus`: signed, but by keys that the resolver does not trust, so that it answers SERVFAIL. */
  readonly is: 'plain' | 'signed' | 'bogus'
}

export interface SignedDns extends AsyncDisposable {
  /** `127.0.0.1:PORT` of the validating resolver, as `dns.servers` takes it. */
  readonly server: string
  stop(): Promise<void>
}

/** Start both servers with these zones by name; names of no zone do not exist. */
export async function startSignedDns(zones: Readonly<Record<string, Zone>>): Promise<SignedDns> {
  const dir = peerDir('knot')
  const port = await freePort()
  const config = join(dir, 'knot.conf')
  const all: Readonly<Record<string, Zone>> = { '.': { records: '', is: 'plain' }, ...zones }
  for (const [name, { records }] of Object.entries(all)) writeFileSync(zoneFile(dir, name), zoneText(records))
  writeFileSync(config, knotConfiguration(dir, port, all))
  const anchors = Object.entries(zones).flatMap(([name, { is }]) => {
    if (is === 'plain') return []
    const trusted = makeKey(config, name)
    return [is === 'signed' ? trusted : foreignAnchor(name)]
  })

  const root = peerFolder('knot')
  const knot = await startProgram([join(root, 'usr/sbin/knotd'), '-c', config], {
    dir,
    env: peerEnvironment(root),
    ready: () => answers(port),
  })
  let unbound: Awaited<ReturnType<typeof startUnbound>>
  try {
    unbound = await startUnbound(port, anchors)
  } catch (error) {
    await knot.stop()
    throw error
  }
  const stop = async () => {
    await unbound.stop()
    await knot.stop()
  }
  return { server: `127.0.0.1:${unbound.port}`, stop, [Symbol.asyncDispose]: stop }
}

async function startUnbound(knotPort: number, anchors: readonly string[]): Promise<RunningProgram & { port: number }> {
  const root = peerFolder('unbound')
  const dir = peerDir('unbound')
  const port = await freePort()
  const config = join(dir, 'unbound.conf')
  writeFileSync(config, unboundConfiguration(dir, port, knotPort, anchors))
  const unbound = await startProgram([join(root, 'usr/sbin/unbound'), '-d', '-c', config], {
    dir,
    env: peerEnvironment(root),
    ready: () => answers(port),
  })
  return { ...unbound, port }
}

function zoneFile(dir: string, name: string): string {
  return join(dir, `${name === '.' ? 'root' : name}.zone`)
}

function zoneText(records: string): string {
  return `$TTL 60\n@ SOA ns.invalid. admin.invalid. 1 3600 600 86400 30\n@ NS ns.invalid.\n${records}\n`
}

function knotConfiguration(dir: string, port: number, zones: Readonly<Record<string, Zone>>): string {
  const served = Object.entries(zones).flatMap(([name, { is }]) => [
    `  - domain: "${name}"`,
    `    file: "${zoneFile(dir, name)}"`,
    '    zonefile-sync: -1',
    '    zonefile-load: whole',
    '    journal-content: none',
    ...(is === 'plain' ? [] : ['    dnssec-signing: on', '    dnssec-policy: own']),
  ])
  return `${[
    'server:',
    `  rundir: "${dir}"`,
    `  listen: 127.0.0.1@${port}`,
    '  udp-workers: 1',
    '  tcp-workers: 1',
    '  background-workers: 1',
    'database:',
    `  storage: "${dir}"`,
    'log:',
    '  - target: stderr',
    '    any: warning',
    'policy:',
    '  - id: own',
    '    manual: on',
    '    single-type-signing: on',
    'zone:',
    ...served,
  ].join('\n')}\n`
}

/** Make the key that signs a zone, and give its DS record. */
function makeKey(config: string, zone: string): string {
  keymgr(config, zone, 'generate', 'algorithm=ECDSAP256SHA256', 'ksk=yes', 'zsk=yes')
  const records = keymgr(config, zone, 'ds').split('\n')
  // Digest type 2 is SHA-256 (RFC 4509 §2).
  const record = records.find((line) => / DS \d+ \d+ 2 /.test(line))
  if (record === undefined) throw new Error(`keymgr gave no DS record of ${zone}: ${records.join(' | ')}`)
  return record
}

/** A DS record that no key has. */
function foreignAnchor(zone: string): string {
  return `${zone}. DS 12345 13 2 ${'5a'.repeat(32)}`
}

function keymgr(config: string, ...args: readonly string[]): string {
  const root = peerFolder('knot')
  const { status, stdout, stderr } = spawnSync(join(root, 'usr/sbin/keymgr'), ['-c', config, ...args], {
    env: peerEnvironment(root),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`keymgr ${args.join(' ')} failed: ${stderr}${stdout}`)
  return stdout
}

function unboundConfiguration(dir: string, port: number, knotPort: number, anchors: readonly string[]): string {
  const server = [
    'server:',
    `  interface: 127.0.0.1@${port}`,
    '  do-daemonize: no',
    '  username: ""',
    '  chroot: ""',
    `  directory: "${dir}"`,
    '  pidfile: ""',
    '  use-syslog: no',
    '  num-threads: 1',
    '  module-config: "validator iterator"',
    // All its questions go to loopback, and many of the answers are loopback addresses.
    '  do-not-query-localhost: no',
    // It knows by itself that nothing is below these, unless told otherwise.
    ...['test.', 'invalid.', '127.in-addr.arpa.'].map((name) => `  local-zone: "${name}" nodefault`),
    '  cache-max-negative-ttl: 1',
    '  val-bogus-ttl: 1',
    // The signatures are seconds old.
    '  val-sig-skew-min: 3600',
    ...anchors.map((record) => `  trust-anchor: "${record}"`),
    'remote-control:',
    '  control-enable: no',
    'forward-zone:',
    '  name: "."',
    `  forward-addr: 127.0.0.1@${knotPort}`,
  ]
  return `${server.join('\n')}\n`
}

/** Ask for the SOA of the root, which it serves always. */
async function answers(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  const question = Buffer.from('000101000001000000000000' + '00' + '0006' + '0001', 'hex')
  try {
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(500) })
    socket.on('error', () => {})
    socket.send(question, port, '127.0.0.1')
    await answered
    return true
  } catch {
    return false
  } finally {
    socket.close()
  }
}
