/** Postfix from its Debian package, unpacked and not installed: own settings, queue, mail and port. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DAEMON, GAMES, NOBODY } from '../../../tools/debian-users.ts'
import { formatMasterCf, makePostfixQueue } from '../../../tools/postfix-files.ts'
import type { Certificate } from './certificates.ts'
import { readMaildir } from './maildir.ts'
import {
  freePort,
  greets,
  needsPeers,
  peerDir,
  peerEnvironment,
  peerFolder,
  type RunningProgram,
  startProgram,
} from './program.ts'

/** node:test's `skip` for tests that need it. */
export const postfixSkip: string | false = needsPeers('postfix')

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
  makePostfixQueue(dir)
  writeFileSync(join(dir, 'main.cf'), mainCf(dir, root, libraries, options))
  writeFileSync(join(dir, 'master.cf'), formatMasterCf(`${ip}:${port}`))
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
