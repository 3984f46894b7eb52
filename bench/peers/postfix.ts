/** Postfix from its Debian package, unpacked and not installed: own settings, queue and port; and the two load programs in it. */

import { spawn } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unpackPeer } from '../../tools/debian-packages.ts'
import { DAEMON, GAMES, NOBODY } from '../../tools/debian-users.ts'
import { formatMasterCf, makePostfixQueue } from '../../tools/postfix-files.ts'
import { emptyFolder, freePort, type Peer, startProgram } from './peer.ts'

let unpacked: string | undefined

/** Give the folder of the unpacked package; throws where it cannot be had. */
export function postfixFolder(): string {
  if (unpacked === undefined) {
    const found = unpackPeer('postfix', (line) => process.stderr.write(`${line}\n`))
    if ('problem' in found) throw new Error(found.problem)
    unpacked = found.dir
  }
  return unpacked
}

/** Give the environment that its programs find their libraries in. */
export function postfixEnvironment(): NodeJS.ProcessEnv {
  const root = postfixFolder()
  const libraries = [
    join(root, 'usr/lib/postfix'),
    ...globSync([`${root}/usr/lib/*-linux-gnu`, `${root}/lib/*-linux-gnu`]),
  ].join(':')
  return { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries, LC_ALL: 'C' }
}

/** Start Postfix: a local domain, one mailbox (Maildir), everything on disk before 250 as it always is. */
export function startPostfix(domain: string): Promise<Peer> {
  // The sender is a stranger, as it is to the others.
  return start(domain, 'mynetworks = 127.0.0.9/32')
}

/** Start Postfix as a relay: it trusts this machine, and all mail goes on to a server on this port. */
export function startPostfixRelay(domain: string, nextPort: number): Promise<Peer> {
  return start(domain, `mynetworks = 127.0.0.0/8\nrelayhost = [127.0.0.1]:${nextPort}`)
}

async function start(domain: string, further: string): Promise<Peer> {
  const root = postfixFolder()
  const env = postfixEnvironment()
  const dir = emptyFolder('postfix')
  const port = await freePort()
  makePostfixQueue(dir)
  const config = join(dir, 'config')
  mkdirSync(config)
  writeFileSync(join(config, 'main.cf'), `${mainCf(dir, root, String(env.LD_LIBRARY_PATH), domain)}${further}\n`)
  writeFileSync(join(config, 'master.cf'), formatMasterCf(`127.0.0.1:${port}`))
  const command = [join(root, 'usr/lib/postfix/sbin/master'), '-c', config, '-d']
  const { pid, stop } = await startProgram(command, port, { env: { ...env, MAIL_CONFIG: config } })
  const fresh = join(dir, 'mail/user1/new')
  const kept = async () => (existsSync(fresh) ? readdirSync(fresh).length : 0)
  return { name: 'Postfix', durable: true, queues: true, port, pid, kept, stop }
}

/** Start smtp-sink, which takes mail as fast as C can and throws it away; `flags` make it refuse instead (`-f RCPT`). */
export async function startSmtpSink(flags: readonly string[] = []): Promise<Peer> {
  const port = await freePort()
  const program = join(postfixFolder(), 'usr/sbin/smtp-sink')
  const command = [program, ...flags, '-u', DAEMON.name, `127.0.0.1:${port}`, '1000']
  const { pid, stop } = await startProgram(command, port, { env: postfixEnvironment() })
  return { name: 'smtp-sink', durable: false, port, pid, stop }
}

export interface Load {
  readonly port: number
  readonly messages: number
  /** Connections open at once. */
  readonly sessions: number
  /** Keep connections for many messages; otherwise one each. */
  readonly kept: boolean
  readonly sizeBytes: number
  readonly recipient: string
}

/** Send messages with smtp-source and give the seconds it took; rejects when any of them was not taken. */
export async function smtpSource(load: Load): Promise<number> {
  const args = [
    ...(load.kept ? ['-d'] : []),
    ...['-s', String(load.sessions), '-m', String(load.messages), '-l', String(load.sizeBytes)],
    ...['-f', 'sender@far.example', '-t', load.recipient, '-M', 'far.example'],
    `127.0.0.1:${load.port}`,
  ]
  const env = postfixEnvironment()
  const startedMs = performance.now()
  const child = spawn(join(postfixFolder(), 'usr/sbin/smtp-source'), args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-2000)
    })
  }
  const code = await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject))
  // It warns of a refusal and goes on: any word from it means that a message was not taken.
  if (code !== 0 || output !== '') throw new Error(`smtp-source ended with ${String(code)}: ${output.trim()}`)
  return (performance.now() - startedMs) / 1000
}

function mainCf(dir: string, root: string, libraries: string, domain: string): string {
  return `
compatibility_level = 3.6
command_directory = ${root}/usr/sbin
daemon_directory = ${root}/usr/lib/postfix/sbin
shlib_directory = ${root}/usr/lib/postfix
meta_directory = ${root}/etc/postfix
queue_directory = ${dir}/queue
data_directory = ${dir}/data
import_environment = MAIL_CONFIG=${dir}/config LD_LIBRARY_PATH=${libraries} LC_ALL=C
export_environment = LD_LIBRARY_PATH=${libraries}
mail_owner = ${DAEMON.name}
setgid_group = ${GAMES.name}
default_privs = nobody
maillog_file = ${dir}/log
maillog_file_prefixes = ${dir}
myhostname = mail.${domain}
mydestination =
local_recipient_maps =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
virtual_mailbox_domains = ${domain}
virtual_mailbox_base = ${dir}/mail
virtual_mailbox_maps = inline:{ {user1@${domain} = user1/} }
virtual_uid_maps = static:${NOBODY.uid}
virtual_gid_maps = static:${NOBODY.uid}
virtual_mailbox_limit = 0
virtual_transport = virtual
# One client is the whole load. All else is as it is by default, but that no DNS is asked for names, of which there is none here.
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
`
}
