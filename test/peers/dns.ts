/** A real DNS server (NSD) with zones of the test's own: unpacked, not installed, on loopback and a port of its own. */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { unpackedPeer } from '../../tools/debian-packages.ts'

const unpacked = unpackedPeer('nsd')

/** node:test's `skip` for tests that need it. */
export const dnsSkip: string | false =
  unpacked === undefined && 'needs the Debian package nsd, which npm test unpacks (as root, or with apt lists at hand)'

export interface RunningDns {
  readonly port: number
  /** `127.0.0.1:PORT`, as `dns.servers` takes it. */
  readonly server: string
  stop(): Promise<void>
}

/**
 * Start a DNS server with these zones: by the name of each, its records as a zone file has them (`@ MX 10 mx`, `mx A 192.0.2.1`),
 * without SOA and NS; `broken` is a zone it cannot load, and answers with SERVFAIL. All other names do not exist.
 */
export async function startDns(zones: Readonly<Record<string, string | 'broken'>>): Promise<RunningDns> {
  if (unpacked === undefined) throw new Error(`cannot start a DNS server: ${dnsSkip}`)
  const dir = mkdtempSync(join(tmpdir(), 'postern-dns-'))
  const port = await freePort()
  const names = Object.keys(zones)
  for (const name of names)
    if (zones[name] !== 'broken') writeFileSync(zoneFile(dir, name), zoneText(zones[name] ?? ''))
  // The root is served too, so that a name of no zone here does not exist, instead of being refused.
  writeFileSync(zoneFile(dir, '.'), zoneText(''))
  writeFileSync(join(dir, 'nsd.conf'), configuration(dir, port, ['.', ...names]))

  let log = ''
  const nsd = spawn(join(unpacked, 'usr/sbin/nsd'), ['-d', '-c', join(dir, 'nsd.conf')], {
    env: { LD_LIBRARY_PATH: libraryPath(unpacked), LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [nsd.stdout, nsd.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text))
  const server = {
    port,
    server: `127.0.0.1:${port}`,
    async stop() {
      const ended = nsd.exitCode === null && nsd.signalCode === null ? once(nsd, 'exit') : undefined
      nsd.kill('SIGTERM')
      await ended
      rmSync(dir, { recursive: true, force: true })
    },
  }
  try {
    for (let tries = 0; !(await answers(port)); tries += 1) {
      if (nsd.exitCode !== null || tries > 100) throw new Error(`nsd does not answer:\n${log}`)
      await wait(50)
    }
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

function zoneFile(dir: string, name: string): string {
  return join(dir, `${name === '.' ? 'root' : name}.zone`)
}

function zoneText(records: string): string {
  const soa = '@ SOA ns.invalid. admin.invalid. 1 3600 600 86400 30'
  return `$TTL 60\n${soa}\n@ NS ns.invalid.\n${records}\n`
}

function configuration(dir: string, port: number, zones: readonly string[]): string {
  const server = [
    'server:',
    `  ip-address: 127.0.0.1@${port}`,
    '  server-count: 1',
    '  username: ""',
    '  chroot: ""',
    '  database: ""',
    `  zonesdir: "${dir}"`,
    ...['pidfile: ""', `zonelistfile: "${dir}/zone.list"`, `xfrdfile: "${dir}/xfrd.state"`, `xfrdir: "${dir}"`].map(
      (line) => `  ${line}`,
    ),
    'remote-control:',
    '  control-enable: no',
  ]
  const served = zones.flatMap((name) => ['zone:', `  name: "${name}"`, `  zonefile: "${zoneFile(dir, name)}"`])
  return `${[...server, ...served].join('\n')}\n`
}

function libraryPath(root: string): string {
  return [...new Set(globSync('{usr/,}lib/*/*.so*', { cwd: root }).map((file) => join(root, dirname(file))))].join(':')
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((closed) => server.close(closed))
  return port
}

/** Ask for the SOA of the root, which it serves always. */
async function answers(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  const question = Buffer.from('000100000001000000000000' + '00' + '0006' + '0001', 'hex')
  try {
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(200) })
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
