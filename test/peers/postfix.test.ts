/** Postfix delivers to Postern over TLS, as an outside server would: unpacked, not installed, with a place of its own. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { unpackedPeer } from '../../tools/debian-packages.ts'
import type { RunningPostern } from '../server.ts'
import { awaitMail, belowTrace, putMail, sampleMessage, startForClients, USER } from './mail.ts'

const unpacked = unpackedPeer('postfix')
const skip =
  process.getuid?.() !== 0
    ? 'needs root, as Postfix does'
    : unpacked === undefined && 'needs the Debian package postfix, which npm test unpacks'

let server: RunningPostern
let postfix: { readonly port: number; readonly log: () => string; stop(): Promise<void> }
before(async () => {
  if (unpacked === undefined || skip !== false) return
  server = await startForClients()
  postfix = await startPostfix(unpacked, server.ports.smtp)
})
after(async () => {
  await postfix?.stop()
  await server?.stop()
})

test('Postfix delivers over TLS, 20 messages, none lost or changed', { skip }, async () => {
  const sent = Array.from({ length: 20 }, (_, index) => sampleMessage(`postfix ${index}`))
  const into = { ...server.ports, smtp: postfix.port }
  await Promise.all(sent.map((message) => putMail(into, message)))

  const received: Buffer[] = []
  for (let rounds = 0; received.length < sent.length && rounds < 30; rounds += 1)
    received.push(...(await awaitMail(server.ports, 2_000)))
  const bodies = received.map((message) => belowPostfix(belowTrace(message)).toString('latin1'))
  assert.deepEqual(bodies.sort(), sent.map((message) => message.toString('latin1')).sort(), postfix.log())
  for (const message of received) assert.match(message.toString('latin1'), /\bwith ESMTPS\b/, 'TLS was used')
})

test('Postfix bounces what this server refuses', { skip }, async () => {
  await putMail({ ...server.ports, smtp: postfix.port }, sampleMessage('to nobody'), 'nobody@example.test', USER)
  const bounce = (await awaitMail(server.ports, 30_000))[0]?.toString('latin1') ?? ''
  assert.match(bounce, /550 5\.1\.1 .*/, postfix.log())
  assert.match(bounce, /^Return-Path: <>\r$/m)
})

/** Take off the Received line that Postfix adds. */
function belowPostfix(message: Buffer): Buffer {
  const line = /^Received: [^\r\n]+\r\n(?:[ \t][^\r\n]+\r\n)*/.exec(message.toString('latin1'))
  return message.subarray(line?.[0].length ?? 0)
}

async function startPostfix(root: string, nextPort: number) {
  const dir = await mkdtemp(join(tmpdir(), 'postern-postfix-'))
  chmodSync(dir, 0o755)
  const port = await freePort()
  const log = join(dir, 'log')
  makeQueue(dir)
  writeFileSync(join(dir, 'main.cf'), mainCf(dir, root, nextPort, libraryPath(root), log))
  writeFileSync(join(dir, 'master.cf'), masterCf(port))
  const master = spawn(join(root, 'usr/lib/postfix/sbin/master'), ['-c', dir, '-d'], {
    env: { PATH: process.env.PATH, MAIL_CONFIG: dir, LD_LIBRARY_PATH: libraryPath(root), LC_ALL: 'C' },
    stdio: 'ignore',
  })
  const logText = () => (existsSync(log) ? readFileSync(log, 'utf8') : '')
  await listening(port, master, logText)
  return {
    port,
    log: logText,
    stop: async () => {
      const ended = master.exitCode === null ? once(master, 'exit') : undefined
      master.kill('SIGTERM')
      await ended
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Postfix looks for its parts in the places it was built for, unless told where they are. */
function mainCf(dir: string, root: string, nextPort: number, libraries: string, log: string): string {
  return `
compatibility_level = 3.6
command_directory = ${root}/usr/sbin
daemon_directory = ${root}/usr/lib/postfix/sbin
shlib_directory = ${root}/usr/lib/postfix
meta_directory = ${root}/etc/postfix
queue_directory = ${dir}/queue
data_directory = ${dir}/data
import_environment = MAIL_CONFIG=${dir} LD_LIBRARY_PATH=${libraries} LC_ALL=C
export_environment = LD_LIBRARY_PATH=${libraries}
# The package is not installed, so its users are not there.
mail_owner = daemon
setgid_group = games
default_privs = nobody
maillog_file = ${log}
maillog_file_prefixes = ${dir}
myhostname = outside.example
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_tls_security_level = encrypt
smtp_tls_loglevel = 1
relayhost = [127.0.0.1]:${nextPort}
relay_domains =
smtputf8_enable = yes
`
}

function masterCf(port: number): string {
  const service = (name: string, type: string, isPrivate: string, wakeup: string, limit: string, program: string) =>
    [name, type, isPrivate, '-', 'n', wakeup, limit, program].join(' ')
  return `${[
    service(`127.0.0.1:${port}`, 'inet', 'n', '-', '-', 'smtpd'),
    service('pickup', 'unix', 'n', '60', '1', 'pickup'),
    service('cleanup', 'unix', 'n', '-', '0', 'cleanup'),
    service('qmgr', 'unix', 'n', '300', '1', 'qmgr'),
    service('tlsmgr', 'unix', '-', '1000?', '1', 'tlsmgr'),
    service('rewrite', 'unix', '-', '-', '-', 'trivial-rewrite'),
    service('bounce', 'unix', '-', '-', '0', 'bounce'),
    service('defer', 'unix', '-', '-', '0', 'bounce'),
    service('trace', 'unix', '-', '-', '0', 'bounce'),
    service('smtp', 'unix', '-', '-', '-', 'smtp'),
    service('relay', 'unix', '-', '-', '-', 'smtp'),
    service('error', 'unix', '-', '-', '-', 'error'),
    service('retry', 'unix', '-', '-', '-', 'error'),
    service('proxymap', 'unix', '-', '-', '-', 'proxymap'),
    service('anvil', 'unix', '-', '-', '1', 'anvil'),
    service('scache', 'unix', '-', '-', '1', 'scache'),
    service('postlog', 'unix-dgram', 'n', '-', '1', 'postlogd'),
  ].join('\n')}\n`
}

function makeQueue(dir: string): void {
  const daemon = 1
  const games = 60
  const queue = join(dir, 'queue')
  mkdirSync(queue)
  for (const name of [
    'active',
    'bounce',
    'corrupt',
    'defer',
    'deferred',
    'flush',
    'hold',
    'incoming',
    'private',
    'saved',
    'trace',
  ]) {
    mkdirSync(join(queue, name), { mode: 0o700 })
    chownSync(join(queue, name), daemon, 0)
  }
  for (const [name, mode] of [
    ['maildrop', 0o1730],
    ['public', 0o710],
  ] as const) {
    mkdirSync(join(queue, name))
    chmodSync(join(queue, name), mode)
    chownSync(join(queue, name), daemon, games)
  }
  mkdirSync(join(queue, 'pid'), { mode: 0o755 })
  mkdirSync(join(dir, 'data'), { mode: 0o700 })
  chownSync(join(dir, 'data'), daemon, daemon)
}

function libraryPath(root: string): string {
  return [join(root, 'usr/lib/postfix'), ...globSync([`${root}/usr/lib/*-linux-gnu`, `${root}/lib/*-linux-gnu`])].join(
    ':',
  )
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  await once(probe.close(), 'close')
  return port
}

async function listening(port: number, master: ChildProcess, log: () => string): Promise<void> {
  const until = Date.now() + 20_000
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    // Not the connection alone: the greeting says that smtpd runs.
    const greeted = await Promise.race([
      once(socket, 'data').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (greeted) return
    if (master.exitCode !== null || Date.now() > until) throw new Error(`Postfix did not start:\n${log()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
