/** Postfix from its Debian package, unpacked and not installed: own settings, queue, mail and port. */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificate } from './certificates.ts'
import { readMaildir } from './maildir.ts'
import {
  DAEMON,
  freePort,
  greets,
  NOBODY,
  needsPeers,
  peerDir,
  peerEnvironment,
  peerFolder,
  type RunningProgram,
  startProgram,
} from './program.ts'

/** node:test's `skip` for tests that need it. */
export const postfixSkip: string | false = needsPeers('postfix')

const GAMES = { name: 'games', gid: 60 }

export interface PostfixOptions {
  readonly hostname: string
  /** Its address and port; a free port of 127.0.0.1 otherwise. */
  readonly ip?: string
  readonly port?: number
  /** What runs it: `ip netns exec NAME`. */
  readonly under?: readonly string[]
  /** Addresses that it keeps mail for; their domains' other addresses are refused. */
  readonly mailboxes?: readonly string[]
  /** Offer STARTTLS with this. */
  readonly certificate?: Certificate
  /** The port of 127.0.0.1 that all other mail goes to. */
  readonly nextPort?: number
  /** Further lines of main.cf. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface RunningPostfix extends RunningProgram {
  readonly port: number
  /** Its mail log so far. */
  log(): string
  /** The messages in a mailbox, as they stand there (LF). */
  mail(address: string): readonly Buffer[]
}

/** Start Postfix. It trusts loopback. */
export async function startPostfix(options: PostfixOptions): Promise<RunningPostfix> {
  const root = peerFolder('postfix')
  const env = peerEnvironment(root)
  const libraries = `${join(root, 'usr/lib/postfix')}:${env.LD_LIBRARY_PATH}`
  const dir = peerDir('postfix')
  const ip = options.ip ?? '127.0.0.1'
  const port = options.port ?? (await freePort(ip))
  const logFile = join(dir, 'log')
  makeQueue(dir)
  writeFileSync(join(dir, 'main.cf'), mainCf(dir, root, libraries, options))
  writeFileSync(join(dir, 'master.cf'), masterCf(`${ip}:${port}`))
  const running = await startProgram([join(root, 'usr/lib/postfix/sbin/master'), '-c', dir, '-d'], {
    dir,
    env: { ...env, MAIL_CONFIG: dir, LD_LIBRARY_PATH: libraries },
    log: logFile,
    ...(options.under !== undefined && { under: options.under }),
    ready: () => greets(port, 'greets', ip),
  })
  return {
    ...running,
    port,
    log: () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''),
    mail: (address) => readMaildir(join(dir, 'mail', address)),
  }
}

/** Postfix looks for its parts in the places it was built for, unless told where they are. */
function mainCf(dir: string, root: string, libraries: string, options: PostfixOptions): string {
  const { hostname, mailboxes = [], certificate, nextPort } = options
  const domains = [...new Set(mailboxes.map((address) => address.split('@')[1]))]
  const settings: Readonly<Record<string, string>> = {
    compatibility_level: '3.6',
    command_directory: `${root}/usr/sbin`,
    daemon_directory: `${root}/usr/lib/postfix/sbin`,
    shlib_directory: `${root}/usr/lib/postfix`,
    meta_directory: `${root}/etc/postfix`,
    queue_directory: `${dir}/queue`,
    data_directory: `${dir}/data`,
    import_environment: `MAIL_CONFIG=${dir} LD_LIBRARY_PATH=${libraries} LC_ALL=C`,
    export_environment: `LD_LIBRARY_PATH=${libraries}`,
    // The package is not installed, so its users are not there.
    mail_owner: DAEMON.name,
    setgid_group: GAMES.name,
    default_privs: NOBODY.name,
    maillog_file: `${dir}/log`,
    maillog_file_prefixes: dir,
    myhostname: hostname,
    mydestination: '',
    local_recipient_maps: '',
    alias_maps: '',
    mynetworks: '127.0.0.0/8',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    smtpd_peername_lookup: 'no',
    smtpd_relay_restrictions: 'permit_mynetworks, reject_unauth_destination',
    virtual_mailbox_domains: domains.join(' '),
    virtual_mailbox_base: `${dir}/mail`,
    virtual_mailbox_maps: `inline:{ ${mailboxes.map((address) => `{${address} = ${address}/}`).join(', ')} }`,
    virtual_uid_maps: `static:${NOBODY.uid}`,
    virtual_gid_maps: `static:${NOBODY.gid}`,
    virtual_mailbox_limit: '0',
    relay_domains: '',
    relayhost: nextPort === undefined ? '' : `[127.0.0.1]:${nextPort}`,
    smtp_tls_security_level: 'may',
    smtp_tls_loglevel: '1',
    smtpd_tls_loglevel: '1',
    smtpd_tls_received_header: 'yes',
    smtputf8_enable: 'yes',
    ...(certificate !== undefined && {
      smtpd_tls_security_level: 'may',
      smtpd_tls_cert_file: certificate.certFile,
      smtpd_tls_key_file: certificate.keyFile,
    }),
    ...options.settings,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')
}

function masterCf(listen: string): string {
  const service = (name: string, type: string, isPrivate: string, wakeup: string, limit: string, program: string) =>
    // Only virtual needs root: it writes as the mailbox's user.
    [name, type, isPrivate, program === 'virtual' ? 'n' : '-', 'n', wakeup, limit, program].join(' ')
  return `${[
    service(listen, 'inet', 'n', '-', '-', 'smtpd'),
    service('pickup', 'unix', 'n', '60', '1', 'pickup'),
    service('cleanup', 'unix', 'n', '-', '0', 'cleanup'),
    service('qmgr', 'unix', 'n', '300', '1', 'qmgr'),
    service('tlsmgr', 'unix', '-', '1000?', '1', 'tlsmgr'),
    service('rewrite', 'unix', '-', '-', '-', 'trivial-rewrite'),
    service('bounce', 'unix', '-', '-', '0', 'bounce'),
    service('defer', 'unix', '-', '-', '0', 'bounce'),
    service('trace', 'unix', '-', '-', '0', 'bounce'),
    service('verify', 'unix', '-', '-', '1', 'verify'),
    service('smtp', 'unix', '-', '-', '-', 'smtp'),
    service('relay', 'unix', '-', '-', '-', 'smtp'),
    service('error', 'unix', '-', '-', '-', 'error'),
    service('retry', 'unix', '-', '-', '-', 'error'),
    service('discard', 'unix', '-', '-', '-', 'discard'),
    service('proxymap', 'unix', '-', '-', '-', 'proxymap'),
    service('virtual', 'unix', '-', '-', '-', 'virtual'),
    service('anvil', 'unix', '-', '-', '1', 'anvil'),
    service('scache', 'unix', '-', '-', '1', 'scache'),
    service('postlog', 'unix-dgram', 'n', '-', '1', 'postlogd'),
  ].join('\n')}\n`
}

function makeQueue(dir: string): void {
  const queue = join(dir, 'queue')
  mkdirSync(queue)
  const own = [
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
  ]
  for (const name of own) {
    mkdirSync(join(queue, name), { mode: 0o700 })
    chownSync(join(queue, name), DAEMON.uid, 0)
  }
  for (const [name, mode] of [
    ['maildrop', 0o1730],
    ['public', 0o710],
  ] as const) {
    mkdirSync(join(queue, name))
    chmodSync(join(queue, name), mode)
    chownSync(join(queue, name), DAEMON.uid, GAMES.gid)
  }
  mkdirSync(join(queue, 'pid'), { mode: 0o755 })
  mkdirSync(join(dir, 'data'), { mode: 0o700 })
  chownSync(join(dir, 'data'), DAEMON.uid, DAEMON.gid)
  mkdirSync(join(dir, 'mail'))
  chownSync(join(dir, 'mail'), NOBODY.uid, NOBODY.gid)
}
